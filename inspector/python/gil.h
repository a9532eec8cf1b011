/* gil: which threads hold the global interpreter lock, and which wait for it.
 *
 * Python/ceval_gil.c (ceval_gil.h up to 3.11): `locked` and `last_holder` tell who holds it; who wants it
 * sleeps on a condition variable that lies in the same struct, so that the futex that it waits for does as
 * well (glibc's pthread_cond_t has its futexes inside). */
#ifndef ASYNCINSPECT_PYTHON_GIL_H
#define ASYNCINSPECT_PYTHON_GIL_H

enum gil_role {
	GIL_UNKNOWN, /* the layout lacks it, what is there is impossible, or the build is free-threaded */
	GIL_HOLDS,   /* it executes Python, or C code that did not let go of the lock */
	GIL_WAITS,
	GIL_WITHOUT, /* it waits for something else, or executes C code that needs no Python */
};

struct python;
struct pythreads;

/* Sets the role of every thread. Needs their system calls. */
void gil_find(struct python *py, struct pythreads *threads);

/* "holds", "waits", "without"; NULL for GIL_UNKNOWN. Static. */
const char *gil_role_name(enum gil_role role);

#endif
