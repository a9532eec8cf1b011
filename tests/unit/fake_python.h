/* fake_python: a CPython of one of three versions in memory that a test fills by hand.
 *
 * The layout is that of real builds (fake_layout.def), so a test writes objects through the same fields as
 * the readers read them, and runs once for each version: tcase_add_loop_test(tc, test, 0, FAKE_VERSIONS) and
 * fake_create(_i). A test may spoil any byte of an object that was placed.
 *
 * Memory is one large region and two pages that end early: behind one nothing is mapped, behind the other
 * lies memory that was not saved. Every block leaves room before it for the collector's head and for the two
 * words of a managed dictionary. Objects live until fake_destroy. */
#ifndef ASYNCINSPECT_TESTS_FAKE_PYTHON_H
#define ASYNCINSPECT_TESTS_FAKE_PYTHON_H

#include "inspector/python/generator.h"
#include "inspector/python/python.h"
#include "inspector/python/type.h"

#include <check.h>

#define FAKE_VERSIONS 3 /* 3.11.7, 3.12.1, 3.13.0 */

#define FAKE_BASE     UINT64_C(0x7f0000000000) /* where the large region starts */
#define FAKE_UNMAPPED UINT64_C(0x7f1000001000) /* a page ends here; nothing follows */
#define FAKE_LOST     UINT64_C(0x7f2000001000) /* a page ends here; pages that were not saved follow */
#define FAKE_NOWHERE  UINT64_C(0x123456000)    /* in no mapping */
#define FAKE_PAGE     4096

/* The error has this kind and names this address. */
#define fake_assert_error(err, expected_kind, expected_address)                                              \
	do {                                                                                                 \
		ck_assert_str_eq(error_kind_name((err).kind), error_kind_name(expected_kind));               \
		ck_assert_uint_eq((err).address, expected_address);                                          \
	} while (0)

/* Versions by number, for what is not the same in all. */
enum { FAKE_311, FAKE_312, FAKE_313 };

struct fake {
	struct python *py; /* the caches of the readers; see fake_forget */
	struct target *target;
	int version;
	uint8_t *memory, *before_unmapped, *before_lost; /* owned */
	size_t size, used;				 /* of memory */
	uint64_t limit;	 /* where the next block ends (FAKE_UNMAPPED, FAKE_LOST); 0: anywhere */
	size_t cut;	 /* bytes of it that are behind the limit */
	uint64_t interp; /* 0 until fake_start */
	uint64_t thread; /* its only thread state; 0 until fake_start */
	size_t type_count;
	struct {
		const char *name; /* borrowed */
		uint64_t address;
	} types[128]; /* made by fake_type */
};

/* Never NULL. version is 0 to FAKE_VERSIONS - 1. */
struct fake *fake_create(int version);
struct fake *fake_create_large(int version, size_t size); /* bytes of the large region */
void fake_destroy(struct fake *f);			  /* NULL is allowed */

/* Makes the readers forget all types and code objects: for memory that changed after they were read. */
void fake_forget(struct fake *f);

/* The next block ends at limit (FAKE_UNMAPPED or FAKE_LOST), or cut bytes behind it: these are not there. */
void fake_next_ends(struct fake *f, uint64_t limit, size_t cut);

/* size zeroed bytes. Returns their address, a multiple of 16 except at a limit. */
uint64_t fake_place(struct fake *f, size_t size);

/* Bytes outside of the regions are dropped. */
void fake_write(struct fake *f, uint64_t address, const void *bytes, size_t size);
void fake_word(struct fake *f, uint64_t address, uint64_t value);
void fake_set(struct fake *f, uint64_t address, enum field_id id, uint64_t value);
uint64_t fake_read(struct fake *f, uint64_t address);		       /* a word that is there */
uint64_t fake_get(struct fake *f, uint64_t address, enum field_id id); /* of 8 bytes */
uint64_t fake_cstring(struct fake *f, const char *text);

/* An object of size bytes with a type and a reference count of 1. */
uint64_t fake_object(struct fake *f, uint64_t type, size_t size);

/* Types (fake_types.c) --------------------------------------------------------------------------------- */

/* The C type of that tp_name, made when it is asked for the first time: any of kinds.def, and others, which
 * are then unknown C types of 48 bytes. */
uint64_t fake_type(struct fake *f, const char *tp_name);

/* A class statement. */
struct fake_class {
	const char *name, *qualname, *module; /* qualname, module: NULL: like name, none */
	uint64_t base;			      /* 0: object */
	uint64_t metatype;		      /* 0: type */
	size_t basicsize;		      /* 0: that of its base (object: 16) */
	int64_t dictoffset;
	uint64_t flags;		   /* besides HEAPTYPE, HAVE_GC and those of the base */
	bool has_dict;		   /* a managed dictionary; inline values in 3.13 */
	const char *attributes[8]; /* names of the inline values */
	const char *slots[8];	   /* __slots__: words from the end of the base on */
};

uint64_t fake_class(struct fake *f, const struct fake_class *class);

/* A heap type as PyType_FromSpec makes it: tp_name is what the spec says. */
uint64_t fake_spec_type(struct fake *f, const char *tp_name, uint64_t base, size_t basicsize);

/* An instance of a class with has_dict: its inline values in the order of class->attributes; 0: not set. */
uint64_t fake_instance_of(struct fake *f, uint64_t class, const uint64_t *values, size_t count);
#define fake_instance(f, class, ...) fake_instance_of(f, class, FAKE_LIST(__VA_ARGS__))

/* An instance of a class with has_dict whose attributes are in a dictionary of its own. */
uint64_t fake_instance_with_dict(struct fake *f, uint64_t class, uint64_t dict);

/* Plain objects (fake_objects.c) ----------------------------------------------------------------------- */

/* Addresses as an array and its length. */
#define FAKE_LIST(...) (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / 8

uint64_t fake_none(struct fake *f);
uint64_t fake_bool(struct fake *f, bool value);
uint64_t fake_str(struct fake *f, const char *ascii);
uint64_t fake_str_wide(struct fake *f, unsigned width, const uint32_t *characters, size_t count);
uint64_t fake_str_loose(struct fake *f, const char *ascii); /* not compact: a subclass's */
uint64_t fake_int(struct fake *f, int64_t value);
uint64_t fake_int_digits(struct fake *f, bool is_negative, const uint32_t *digits, size_t count);
uint64_t fake_float(struct fake *f, double value);
uint64_t fake_complex(struct fake *f, double real, double imag);
uint64_t fake_bytes(struct fake *f, const void *bytes, size_t size);
uint64_t fake_bytearray(struct fake *f, const void *bytes, size_t size);
uint64_t fake_tuple_of(struct fake *f, const uint64_t *items, size_t count);
uint64_t fake_list_of(struct fake *f, const uint64_t *items, size_t count);
#define fake_tuple(f, ...) fake_tuple_of(f, FAKE_LIST(__VA_ARGS__))
#define fake_list(f, ...)  fake_list_of(f, FAKE_LIST(__VA_ARGS__))

enum { FAKE_GENERAL, FAKE_UNICODE, FAKE_SPLIT }; /* dk_kind */

/* pairs: key, value, key, value, ...; count is that of words. A pair (0, 0) is a deleted entry; for a split
 * table the values are left out of the table. */
uint64_t fake_keys(struct fake *f, int kind, const uint64_t *pairs, size_t count);
uint64_t fake_dict_of(struct fake *f, int kind, const uint64_t *pairs, size_t count);
uint64_t fake_split_dict(struct fake *f, uint64_t keys, const uint64_t *values, size_t count);
#define fake_dict(f, ...) fake_dict_of(f, FAKE_UNICODE, FAKE_LIST(__VA_ARGS__))

#define FAKE_DELETED 1 /* an item of a set: a deleted entry */
uint64_t fake_set_of(struct fake *f, const char *tp_name, const uint64_t *items, size_t count);
#define fake_set_object(f, ...) fake_set_of(f, "set", FAKE_LIST(__VA_ARGS__))

/* A deque whose first item is at left of its first block (64 to a block). */
uint64_t fake_deque_of(struct fake *f, size_t left, const uint64_t *items, size_t count);
uint64_t fake_deque_block(struct fake *f, uint64_t deque); /* its first block */

uint64_t fake_cell(struct fake *f, uint64_t contents);
uint64_t fake_method(struct fake *f, uint64_t function, uint64_t self);
uint64_t fake_cfunction(struct fake *f, const char *name, uint64_t self);
uint64_t fake_function(struct fake *f, const char *qualname, uint64_t code, uint64_t closure);
uint64_t fake_module(struct fake *f, uint64_t dict);
uint64_t fake_weakref(struct fake *f, uint64_t object, uint64_t callback); /* 0: dead; none */
uint64_t fake_exception(struct fake *f, const char *name, uint64_t args);

/* An object of a C type with one pointer at a field: asend, cells of other kinds. */
uint64_t fake_holder(struct fake *f, const char *tp_name, enum field_id id, uint64_t object);

/* What is executed (fake_execution.c) ------------------------------------------------------------------ */

struct fake_code {
	const char *name, *qualname, *file; /* qualname, file: NULL: like name, "/app/main.py" */
	const char *locals[8];
	const uint8_t *kinds;	  /* one for each local; NULL: plain locals */
	const uint8_t *linetable; /* NULL: line 10 for all */
	size_t linetable_size;
	unsigned firstlineno; /* 0: 10 */
	unsigned firsttraceable;
};

/* Its bytecode is 16 units; it can be suspended in an await (unit 4) and in a yield (unit 8). stacksize is 8.
 */
uint64_t fake_code(struct fake *f, const struct fake_code *code);

#define FAKE_UNITS 16

struct fake_frame {
	uint64_t code, previous, function, frame_object, locals_dict;
	int lasti; /* byte offset */
	int owner; /* FRAME_OWNED_BY_x of that version: 0 thread, 1 generator, 2 frame object, 3 C */
	const uint64_t *slots;
	int slot_count, stacktop; /* stacktop: as stored */
};

void fake_fill_frame(struct fake *f, uint64_t address, const struct fake_frame *frame);
uint64_t fake_frame(struct fake *f, const struct fake_frame *frame);

struct fake_generator {
	const char *type; /* NULL: "coroutine" */
	enum gen_state state;
	uint64_t code;
	uint64_t origin, previous;
	uint64_t awaits; /* suspended: what lies on its stack; 0: it stands in a yield */
	uint64_t locals[8];
	int local_count; /* those of code */
};

/* Its frame is inside. Its qualified name is that of its code. */
uint64_t fake_generator(struct fake *f, const struct fake_generator *generator);

struct fake_future {
	const char *type;  /* NULL: "_asyncio.Future", or "_asyncio.Task" when there is a coroutine */
	uint64_t of_class; /* instead of type */
	int64_t state;
	uint64_t loop, callback0, callbacks, exception, result;
	bool log_traceback;
	uint64_t coroutine, waiter, name, context; /* of a task */
	bool must_cancel;
	int64_t cancel_requests;
};

uint64_t fake_future(struct fake *f, const struct fake_future *future);

/* An interpreter and a thread (fake_world.c) ------------------------------------------------------------ */

/* Makes a runtime with an interpreter, its collector with empty lists, and a thread without frames. */
void fake_start(struct fake *f);

enum { FAKE_PERMANENT = 3 };

/* The head of a list of the collector: a generation, or FAKE_PERMANENT. */
uint64_t fake_list_head(struct fake *f, int generation);

/* Puts an object at the end of a list of the collector. Returns the object. */
uint64_t fake_track(struct fake *f, int generation, uint64_t object);

void fake_set_modules(struct fake *f, uint64_t dict);	   /* sys.modules */
void fake_set_top_frame(struct fake *f, uint64_t frame);   /* of the thread */
void fake_set_running_loop(struct fake *f, uint64_t loop); /* of the thread, as that version keeps it */

/* A small program that uses asyncio, complete: modules, classes, a loop, tasks, coroutines and their frames,
 * registries, every shape of container. All that has a collector's head is tracked. */
struct fake_world {
	uint64_t loop, main_module, app_module, container;
	uint64_t task, waiting_task, py_task;  /* worker-1: parked on a future; Task-7: awaits worker-1 */
	uint64_t future;		       /* what worker-1 waits for */
	uint64_t worker, inner, orphan, saver; /* coroutines; saver is held by app.container._pending */
	uint64_t asyncgen;
	uint64_t running; /* the coroutine whose frame is on the thread's stack */
};

void fake_world(struct fake *f, struct fake_world *world);

#endif
