/* type: type objects of the target, read once each and kept.
 *
 * A type was made by C code (static, or from a PyType_Spec) or by a class statement. The kind of a type is
 * that of the nearest C type among its bases that this program knows (kinds.def): it says how the C part of
 * an instance is read. What Python classes add are __slots__ and an instance dictionary. */
#ifndef ASYNCINSPECT_PYTHON_TYPE_H
#define ASYNCINSPECT_PYTHON_TYPE_H

#include "inspector/python/python.h"

enum type_kind {
	KIND_UNKNOWN, /* a C type with a body that we cannot read exactly */
	KIND_OBJECT,
	KIND_TYPE,
	KIND_NONE,
	KIND_ELLIPSIS,
	KIND_NOTIMPLEMENTED,
	KIND_INT,
	KIND_BOOL,
	KIND_FLOAT,
	KIND_COMPLEX,
	KIND_STR,
	KIND_BYTES,
	KIND_BYTEARRAY,
	KIND_LIST,
	KIND_TUPLE,
	KIND_DICT,
	KIND_ODICT,
	KIND_DEFAULTDICT,
	KIND_SET,
	KIND_FROZENSET,
	KIND_DEQUE,
	KIND_CELL,
	KIND_FUNCTION,
	KIND_METHOD,
	KIND_CFUNCTION,
	KIND_CMETHOD,
	KIND_MODULE,
	KIND_WEAKREF,
	KIND_MAPPINGPROXY,
	KIND_PARTIAL,
	KIND_LRUCACHE,
	KIND_LRULINK, /* what it holds is given with its cache */
	KIND_PROPERTY,
	KIND_STATICMETHOD,
	KIND_CLASSMETHOD,
	KIND_SLICE,
	KIND_SUPER,
	KIND_METHODWRAPPER,
	KIND_DESCRIPTOR,
	KIND_NAMESPACE,
	KIND_LISTITERATOR,
	KIND_LISTREVERSEITERATOR,
	KIND_TUPLEITERATOR,
	KIND_SEQITERATOR,
	KIND_CALLITERATOR,
	KIND_DICTITERATOR,
	KIND_SETITERATOR,
	KIND_DICTVIEW,
	KIND_DEQUEITERATOR,
	KIND_ENUMERATE,
	KIND_REVERSED,
	KIND_MAP,
	KIND_FILTER,
	KIND_ZIP,
	KIND_CHAIN,
	KIND_GENERICALIAS,
	KIND_UNION,
	KIND_EXCEPTION,
	KIND_TRACEBACK,
	KIND_FRAME,
	KIND_CODE,
	KIND_GENERATOR,
	KIND_COROUTINE,
	KIND_ASYNCGEN,
	KIND_COROWRAPPER,
	KIND_ASEND,
	KIND_ATHROW,
	KIND_WRAPPEDVALUE,
	KIND_ANEXT,
	KIND_CONTEXT,
	KIND_CONTEXTVAR,
	KIND_CONTEXTTOKEN,
	KIND_HAMT,
	KIND_HAMTBITMAP,
	KIND_HAMTARRAY,
	KIND_HAMTCOLLISION,
	KIND_FUTURE,
	KIND_TASK,
	KIND_FUTUREITER,
	KIND_TASKSTEP,
	KIND_TASKWAKEUP,
	KIND_LOOPHOLDER,
	KIND_COUNT
};

/* A member that holds a reference: a slot of a Python class, or what a C type declares in tp_members. */
struct type_member {
	const char *name; /* mangled as in the class */
	uint32_t offset;  /* in the instance */
};

struct pytype {
	uint64_t address;
	const char *name;	   /* last part of tp_name: "Queue" */
	const char *full_name;	   /* "asyncio.queues.Queue", "_asyncio.Task"; bare for builtins: "list" */
	const struct pytype *base; /* tp_base; NULL for object, or when it cannot be read */
	uint64_t basicsize, itemsize;
	int64_t dictoffset; /* tp_dictoffset; 0 for a managed dictionary */
	uint64_t flags;
	uint64_t cached_keys; /* ht_cached_keys: names of inline values; 0 none */
	uint64_t mro;	      /* tuple; 0 unknown */
	enum type_kind kind;
	bool is_exact;	/* the type is the C type of its kind itself, not a subclass */
	bool is_heap;	/* allocated: an instance refers to it */
	bool is_python; /* made by a class statement */
	bool has_gc;	/* instances are known to the collector */
	bool has_managed_dict;
	bool has_inline_values;
	/* Rows of layout_refs.def for its kind. */
	uint16_t refs_first, refs_end;
	/* Bytes of an instance that belong to a C type we do not know: scanned. */
	uint32_t scan_from, scan_to;
	size_t member_count;
	const struct type_member *members; /* of the type and its bases, by offset */
};

/* The type of an object; the type at an address. NULL when it cannot be read or is no type: a type's own type
 * must be a subclass of type, its name a string, its sizes plausible. Owned by py. */
const struct pytype *pytype_of(struct python *py, uint64_t object, struct error *err);
const struct pytype *pytype_at(struct python *py, uint64_t type, struct error *err);

/* Takes over what another python for the same target knows of a type, and of its bases, which is faster than
 * to read it again; nothing of the other's is kept. What py knows already stays. */
const struct pytype *pytype_adopt(struct python *py, const struct pytype *other);

/* Whether type is the type at ancestor or derived from it (by its MRO). */
bool pytype_is_subtype(struct python *py, const struct pytype *type, uint64_t ancestor);

/* The same by name, as full_name has it: "asyncio.locks.Lock". Only for classes whose home is known: anybody
 * may give a class of their own the same module and name. */
bool pytype_has_base(struct python *py, const struct pytype *type, const char *full_name);

/* By the flags that CPython sets for subclasses of the basic types (Include/object.h). */
bool pytype_is_str(const struct pytype *type);
bool pytype_is_tuple(const struct pytype *type);
bool pytype_is_list(const struct pytype *type);
bool pytype_is_dict(const struct pytype *type);
bool pytype_is_int(const struct pytype *type);
bool pytype_is_exception(const struct pytype *type);
bool pytype_is_type(const struct pytype *type);

#endif
