#include "inspector/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_va(struct error *err, enum error_kind kind, uint64_t address, int errnum, const char *format,
	va_list args)
{
	err->kind = kind;
	err->errnum = errnum;
	err->address = address;
	err->advice[0] = '\0';
	vsnprintf(err->text, sizeof(err->text), format, args);
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list args;

	if (!err)
		return false;
	va_start(args, format);
	set_va(err, kind, 0, 0, format, args);
	va_end(args);
	return false;
}

bool error_at(struct error *err, enum error_kind kind, uint64_t address, const char *format, ...)
{
	va_list args;

	if (!err)
		return false;
	va_start(args, format);
	set_va(err, kind, address, 0, format, args);
	va_end(args);
	return false;
}

static enum error_kind kind_of_errno(int errnum)
{
	switch (errnum) {
	case EPERM:
	case EACCES:
		return ERROR_DENIED;
	case ESRCH:
		return ERROR_GONE;
	default:
		return ERROR_SYSTEM;
	}
}

bool error_errno(struct error *err, int errnum, const char *format, ...)
{
	va_list args;
	size_t used;

	if (!err)
		return false;
	va_start(args, format);
	set_va(err, kind_of_errno(errnum), 0, errnum, format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(errnum));
	return false;
}

bool error_advise(struct error *err, const char *format, ...)
{
	va_list args;

	if (!err)
		return false;
	va_start(args, format);
	vsnprintf(err->advice, sizeof(err->advice), format, args);
	va_end(args);
	return false;
}

const char *error_kind_name(enum error_kind kind)
{
	static const char *const names[] = {
		[ERROR_NONE] = "no error",
		[ERROR_SYSTEM] = "system error",
		[ERROR_DENIED] = "permission denied",
		[ERROR_GONE] = "gone",
		[ERROR_UNMAPPED] = "unmapped",
		[ERROR_NOT_SAVED] = "not saved",
		[ERROR_CORRUPT] = "corrupt",
		[ERROR_NO_FIELD] = "no such field",
		[ERROR_NO_SYMBOL] = "no such symbol",
		[ERROR_MISMATCH] = "mismatch",
		[ERROR_NOT_FOUND] = "not found",
		[ERROR_UNSUPPORTED] = "unsupported",
		[ERROR_LIMIT] = "limit reached",
		[ERROR_INTERRUPTED] = "interrupted",
		[ERROR_USAGE] = "usage",
	};

	if ((size_t)kind >= sizeof(names) / sizeof(names[0]))
		return "unknown error";
	return names[kind];
}
