/* python: a CPython found in a target. Which module it is, its version and layout, and the tables that the
 * readers of objects share.
 *
 * Everything that is learned about one target lives here and dies with it. Not for use by several threads. */
#ifndef ASYNCINSPECT_PYTHON_PYTHON_H
#define ASYNCINSPECT_PYTHON_PYTHON_H

#include "inspector/base/addrmap.h"
#include "inspector/base/alloc.h"
#include "inspector/base/error.h"
#include "inspector/python/layout.h"
#include "inspector/symbols/module.h"
#include "inspector/target/target.h"

struct era;
struct source;

struct python {
	struct target *target;			  /* borrowed */
	struct progress *progress;		  /* borrowed; NULL: nobody waits. Set by whom opens it */
	struct module_list *modules;		  /* owned */
	struct module *module;			  /* defines _PyRuntime; borrowed from modules */
	struct module *asyncio;			  /* the _asyncio extension; NULL: not loaded, or built in */
	const struct era *era;			  /* static */
	struct arena *arena;			  /* owned: whatever the readers keep */
	uint32_t hexversion;			  /* PY_VERSION_HEX: 0x030c01f0 is 3.12.1 */
	char version[24];			  /* "3.12.1", "3.13.0rc2" */
	bool version_is_partial;		  /* only major and minor are known so far */
	uint64_t runtime;			  /* address of _PyRuntime */
	uint64_t none, true_object, false_object; /* the singletons; 0 when the file has no such symbol */
	uint64_t code_type;			  /* type of code objects; 0 likewise */
	unsigned frame_tries;			  /* stops at which a thread had no top frame that holds */
	struct layout layout;
	struct addrmap types;	      /* type object -> struct pytype * */
	struct addrmap codes;	      /* code object -> struct pycode * */
	struct addrmap strings;	      /* str object -> text in the arena */
	const struct source *sources; /* files that source.h has read */
	unsigned types_open;	      /* types that are being read, each for the sake of the one before it */
	size_t unreadable;	      /* things that could not be read so far */
	struct error first_unreadable;
};

struct python_options {
	struct module_options modules;
	unsigned layout_sources; /* as in struct layout_request; 0: all */
	bool use_cache;
};

/* Finds CPython in the target and resolves its layout. Does not stop a live process and reads nothing of its
 * writable memory. Fails with ERROR_NOT_FOUND when no mapped file defines _PyRuntime, ERROR_UNSUPPORTED for a
 * version that this program does not know. target is borrowed until python_close. */
struct python *python_open(struct target *target, const struct python_options *options, struct error *err);
void python_close(struct python *py); /* NULL is allowed */

/* Another one for the same target, for one more thread: it shares what does not change any more, the layout
 * above all, and keeps to itself what its readers learn. py must not be closed before it, and its layout not
 * be resolved meanwhile. python_join frees it; what both then know of types, py alone knows again. */
struct python *python_fork(const struct python *py);
void python_join(struct python *py, struct python *fork);
void python_take_over(struct python *py, const struct python *fork); /* the same, and the fork stays */
void python_discard(struct python *fork);			     /* without what it knows of types */

/* What layout_resolve and layout_export need to know of it; all sources, no cache. */
struct layout_request python_layout_request(const struct python *py);

/* "3.12.1", "3.13.0rc2": hex is a PY_VERSION_HEX. */
void python_format_version(uint32_t hex, char *text, size_t size);

/* A target_settled_fn for target_capture; context is the struct python. False while a collection runs in any
 * interpreter: the lists are in pieces then (Modules/gcmodule.c, Python/gc.c: gcstate->collecting). The first
 * few times also while a thread of a process is between two frames. Unreadable memory counts as settled. */
bool python_settled(struct target *target, void *context);

/* Completes a version of which only the minor is known, by sys.hexversion. Needs the captured memory. */
void python_confirm_version(struct python *py, uint64_t sysdict);

/* The collector's state of an interpreter: a member of it from 3.9 on, one for all interpreters before. */
uint64_t python_gc_state(const struct python *py, uint64_t interp);

/* Counts a thing that could not be read; the first error is kept. */
void python_note_unreadable(struct python *py, const struct error *err);

static inline const struct field *python_field(const struct python *py, enum field_id id)
{
	return &py->layout.fields[id];
}

static inline bool python_has(const struct python *py, enum field_id id)
{
	return layout_has(&py->layout, id);
}

/* Built with --disable-gil: counts of references are in two parts, objects have no head of the collector and
 * are on no lists. */
static inline bool python_is_free_threaded(const struct python *py)
{
	return python_has(py, FIELD_object_gc_bits);
}

static inline size_t python_sizeof(const struct python *py, enum field_id id)
{
	return py->layout.fields[id].size;
}

/* Bytes of the collector's head before an object that it may track. */
static inline size_t python_gc_head_size(const struct python *py)
{
	return python_is_free_threaded(py) ? 0 : python_sizeof(py, FIELD_sizeof_gc_head);
}

#endif
