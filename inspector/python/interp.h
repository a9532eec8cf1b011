/* interp: interpreters, their threads and the Python stacks of these. */
#ifndef ASYNCINSPECT_PYTHON_INTERP_H
#define ASYNCINSPECT_PYTHON_INTERP_H

#include "inspector/python/frame.h"
#include "inspector/python/gil.h"
#include "inspector/python/python.h"

struct pyinterp {
	uint64_t address;
	int64_t id;
	uint64_t modules, sysdict, builtins; /* objects */
};

struct pythread {
	uint64_t address;   /* PyThreadState */
	size_t interp;	    /* index of its interpreter */
	uint64_t native_id; /* the kernel's TID; 0 unknown */
	uint64_t ident;	    /* pthread_t, what threading.get_ident() gives */
	const char *name;   /* threading.Thread.name; of any interpreter; NULL when none knows the thread */
	size_t frame_count;
	struct pyframe *frames; /* innermost first; complete Python frames only; in the arena */
	bool is_cut;		/* the stack could not be followed to its end */
	/* What it waits for in the kernel. Known by native_id: not of a process in a container, whose threads
	 * have other numbers there, unless it is the only one. */
	struct system_call call;
	bool is_running;   /* it waits in no system call; false when that is not known */
	enum gil_role gil; /* of the lock of its interpreter */
};

struct pythreads {
	size_t interp_count;
	struct pyinterp *interps; /* in the arena of py, like all below */
	size_t count;
	struct pythread *threads; /* oldest first */
};

/* Reads all interpreters and threads. What cannot be read is left out and noted in py. False only when the
 * list of interpreters itself cannot be read. */
bool pythreads_read(struct python *py, struct pythreads *threads, struct error *err);

/* The module object of a name in sys.modules of an interpreter; false when it is not imported. */
bool pyinterp_module(struct python *py, const struct pyinterp *interp, const char *name, uint64_t *module);

/* An attribute of a module, by its dictionary. */
bool pymodule_get(struct python *py, uint64_t module, const char *name, uint64_t *value, struct error *err);

#endif
