/* refs: the references that leave an object, each with a name that a Python programmer reads.
 *
 * One function for every use: referrers, paths, sizes, tests. References are those that the object's
 * tp_traverse visits, and those that it owns and does not tell the collector (an instance's own storage, the
 * keys of a dict of strings). Weak references are not among them: a weakref object gives its callback only.
 */
#ifndef ASYNCINSPECT_PYTHON_REFS_H
#define ASYNCINSPECT_PYTHON_REFS_H

#include "inspector/base/strbuf.h"
#include "inspector/python/frame.h"
#include "inspector/python/python.h"
#include "inspector/python/type.h"

enum edge_kind {
	EDGE_NAME,	/* a member of a C struct: text is the edge as it is printed */
	EDGE_SLOT,	/* __slots__ or a declared member: text is the attribute's name */
	EDGE_ATTRIBUTE, /* inline value of an instance: object is the str that names it */
	EDGE_VALUE,	/* dict value: object is the key */
	EDGE_KEY,	/* dict key: object is the key itself */
	EDGE_MEMBER,	/* of a set: object is the member */
	EDGE_INDEX,	/* item number of a list, tuple or deque */
	EDGE_LOCAL,	/* variable number of a frame: code names it */
	EDGE_STACK,	/* number on the value stack of a frame */
	EDGE_VARIABLE,	/* value of a context variable: object is the ContextVar */
	EDGE_SCAN,	/* found at offset number of a C type that is not known: not sure */
};

struct ref {
	uint64_t target; /* the object referred to; never 0 */
	enum edge_kind kind;
	const char *text;	   /* NAME, SLOT */
	uint64_t object;	   /* ATTRIBUTE, VALUE, KEY, MEMBER, VARIABLE */
	uint64_t number;	   /* INDEX, LOCAL, STACK, SCAN */
	const struct pycode *code; /* LOCAL */
	bool is_borrowed;	   /* a slot of a frame that does not count as a reference (3.14 on) */
};

static inline bool ref_is_exact(const struct ref *ref)
{
	return ref->kind != EDGE_SCAN;
}

/* Called for each reference; false ends the walk. */
typedef bool (*ref_visit_fn)(void *context, const struct ref *ref);

/* Answers whether there is an object at an address: what a scan of unknown memory believes in. */
typedef bool (*object_known_fn)(void *context, uint64_t address);

struct ref_walk {
	struct python *py;
	ref_visit_fn visit;
	object_known_fn is_known; /* for EDGE_SCAN; NULL: no scans */
	void *context;		  /* of both */
	bool with_string_keys;	  /* also the keys of dicts that have none but strings, which no tp_traverse
				     visits */
	bool is_stopped;	  /* set when visit returned false */
	bool is_partial;	  /* set when a part of the object could not be read */
};

/* Visits every reference that leaves object. False when the object's type cannot be read; parts that cannot
 * be read are left out (is_partial). */
bool refs_of_object(struct ref_walk *walk, uint64_t object, struct error *err);

/* Visits what a frame holds: function, code, locals, value stack. */
void refs_of_frame(struct ref_walk *walk, const struct pyframe *frame);

/* Appends the edge as the JSON contract has it: ".attr", "[3]", "['user:42']", "{...}", "<local x>". */
void ref_append_edge(struct python *py, const struct ref *ref, struct strbuf *out);

/* The helper for refs_*.c: gives one reference to the visitor. 0 is skipped. Returns false when stopped. */
bool ref_give(struct ref_walk *walk, const struct ref *ref);

#endif
