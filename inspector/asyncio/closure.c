#include "inspector/asyncio/closure.h"

#include "inspector/python/code.h"
#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#include <string.h>

uint64_t closure_variable(struct python *py, uint64_t function, const char *qualname, const char *variable)
{
	const struct pytype *type = pytype_of(py, function, NULL);
	const struct pycode *code;
	uint64_t name, address, closure, cell, value;

	if (!type || type->kind != KIND_FUNCTION ||
		!read_pointer(py, function, FIELD_function_qualname, &name, NULL) ||
		!pystr_equals(py, name, qualname) ||
		!read_pointer(py, function, FIELD_function_code, &address, NULL) ||
		!(code = pycode_at(py, address, NULL)) ||
		!read_pointer(py, function, FIELD_function_closure, &closure, NULL) || !closure)
		return 0;
	for (uint32_t i = 0;; i++) {
		const char *free_name = pycode_free_name(py, code, i);

		if (!free_name)
			return 0;
		if (strcmp(free_name, variable) == 0)
			return sequence_item(py, closure, i, &cell, NULL) &&
					       read_pointer(py, cell, FIELD_cell_contents, &value, NULL)
				       ? value
				       : 0;
	}
}
