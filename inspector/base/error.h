/* error: what went wrong, filled once where the cause is known, printed in one place.
 *
 * Every function that can fail takes a struct error as its last parameter and returns false, NULL or a short
 * count. The storage is the caller's, nothing is allocated, and an error may be ignored: passing NULL is
 * allowed everywhere. A function that succeeds leaves the error as it was. */
#ifndef ASYNCINSPECT_BASE_ERROR_H
#define ASYNCINSPECT_BASE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

/* Kinds that lead to different advice are different kinds. */
enum error_kind {
	ERROR_NONE,
	ERROR_SYSTEM,	   /* a system call failed: see errnum */
	ERROR_DENIED,	   /* the kernel or a file mode forbids it: see errnum */
	ERROR_GONE,	   /* the process or thread has ended */
	ERROR_UNMAPPED,	   /* the address is in no mapping: the pointer is wrong */
	ERROR_NOT_SAVED,   /* the address was mapped, but the dump or the snapshot left it out */
	ERROR_CORRUPT,	   /* read, but impossible */
	ERROR_NO_FIELD,	   /* the layout of the target lacks a struct or a member */
	ERROR_NO_SYMBOL,   /* a symbol that must be there is not */
	ERROR_MISMATCH,	   /* two things that must belong together do not (build-ids) */
	ERROR_NOT_FOUND,   /* what the user named does not exist */
	ERROR_UNSUPPORTED, /* understood, but not handled by this version of the program */
	ERROR_LIMIT,	   /* a bound of ours was reached */
	ERROR_INTERRUPTED, /* the user did not want to wait */
	ERROR_USAGE,	   /* the command line asks for something that makes no sense */
};

struct error {
	enum error_kind kind;
	int errnum;	  /* ERROR_SYSTEM, ERROR_DENIED: errno; 0 otherwise */
	uint64_t address; /* UNMAPPED, NOT_SAVED, CORRUPT: the first byte that failed; 0 otherwise */
	char text[320];	  /* the cause: a clause without a newline, may hold target bytes (printer escapes) */
	char advice[320]; /* the cure: whole sentences or a command, empty when there is none */
};

#define ERROR_INIT                                                                                           \
	{                                                                                                    \
		.kind = ERROR_NONE                                                                           \
	}

/* The same for where one is made for each object that is read: the texts are not cleared byte for byte. */
static inline void error_init(struct error *err)
{
	err->kind = ERROR_NONE;
	err->errnum = 0;
	err->address = 0;
	err->text[0] = err->advice[0] = '\0';
}

/* Each sets *err (when err is not NULL) and returns false, so that `return error_set(err, ...)` reads well.
 * The text is cut to fit. advice is cleared. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool error_at(struct error *err, enum error_kind kind, uint64_t address, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* From an errno: EPERM and EACCES become ERROR_DENIED, ESRCH becomes ERROR_GONE, others ERROR_SYSTEM; the
 * text gets ": " and strerror(errnum) appended. */
bool error_errno(struct error *err, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds the cure to an error that was just set. Returns false. */
bool error_advise(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Short lower-case name of a kind, for output and logs: "unmapped", "not saved". Static storage. */
const char *error_kind_name(enum error_kind kind);

#endif
