#include "inspector/python/exception.h"

#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#include <string.h>

/* Exceptions that one came of. A circle, which Python avoids to make, ends here too. */
#define ORIGINS_MAX 32
#define BASES_MAX   64

const char *pyexception_text(struct python *py, uint64_t exception, size_t limit)
{
	uint64_t args, length, item;

	if (!read_pointer(py, exception, FIELD_exception_args, &args, NULL) ||
		!sequence_length(py, args, KIND_TUPLE, &length, NULL) || length != 1 ||
		!sequence_item(py, args, 0, &item, NULL))
		return NULL;
	return pystr_arena(py, item, limit, NULL);
}

static uint64_t member(struct python *py, uint64_t exception, enum field_id field)
{
	uint64_t value;

	if (!python_has(py, field) || !read_pointer(py, exception, field, &value, NULL))
		return 0;
	return value;
}

uint64_t pyexception_origin(struct python *py, uint64_t exception)
{
	uint64_t cause = member(py, exception, FIELD_ref_exception_cause);

	return cause ? cause : member(py, exception, FIELD_ref_exception_context);
}

static bool is_of_class(const struct pytype *type, const char *class_name)
{
	for (int i = 0; type && i < BASES_MAX; i++, type = type->base)
		if (strcmp(type->full_name, class_name) == 0)
			return true;
	return false;
}

bool pyexception_has(struct python *py, uint64_t exception, const char *class_name)
{
	for (int i = 0; exception && exception != py->none && i < ORIGINS_MAX; i++) {
		const struct pytype *type = pytype_of(py, exception, NULL);

		if (!type || !pytype_is_exception(type))
			return false;
		if (is_of_class(type, class_name))
			return true;
		exception = pyexception_origin(py, exception);
	}
	return false;
}
