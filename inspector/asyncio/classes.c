#include "inspector/asyncio/classes.h"

#include <string.h>

static uint64_t module_member(
	struct python *py, const struct pyinterp *interp, const char *module_name, const char *name)
{
	uint64_t module, value;

	if (!pyinterp_module(py, interp, module_name, &module) ||
		!pymodule_get(py, module, name, &value, NULL))
		return 0;
	return value;
}

bool asyncio_classes_find(struct python *py, const struct pythreads *threads, struct asyncio_classes *classes)
{
	bool found = false;

	*classes = (struct asyncio_classes){.count = threads->interp_count};
	classes->names = arena_alloc(py->arena, threads->interp_count * sizeof(*classes->names));
	for (size_t i = 0; i < threads->interp_count; i++) {
		const struct pyinterp *interp = &threads->interps[i];
		struct asyncio_names *names = &classes->names[i];

		if (!pyinterp_module(py, interp, "asyncio.tasks", &names->tasks_module))
			continue;
		names->py_task = module_member(py, interp, "asyncio.tasks", "_PyTask");
		names->py_future = module_member(py, interp, "asyncio.futures", "_PyFuture");
		names->base_loop = module_member(py, interp, "asyncio.events", "AbstractEventLoop");
		found = true;
	}
	return found;
}

void asyncio_classes_deinit(struct asyncio_classes *classes)
{
	addrmap_deinit(&classes->roles);
}

static enum asyncio_role find_role(
	struct python *py, const struct asyncio_classes *classes, const struct pytype *type)
{
	if (type->kind == KIND_TASK)
		return ROLE_TASK;
	if (type->kind == KIND_FUTURE)
		return ROLE_FUTURE;
	for (size_t i = 0; i < classes->count; i++) {
		const struct asyncio_names *names = &classes->names[i];

		if (pytype_is_subtype(py, type, names->py_task))
			return ROLE_PY_TASK;
		if (pytype_is_subtype(py, type, names->py_future))
			return ROLE_PY_FUTURE;
		if (pytype_is_subtype(py, type, names->base_loop))
			return ROLE_LOOP;
	}
	if (type->is_python && strncmp(type->full_name, "concurrent.futures.", 19) == 0 &&
		strcmp(type->name, "_WorkItem") == 0)
		return ROLE_WORK_ITEM;
	return ROLE_NONE;
}

enum asyncio_role asyncio_role_of_type(
	struct python *py, struct asyncio_classes *classes, const struct pytype *type)
{
	uint64_t role;

	if (!type)
		return ROLE_NONE;
	if (addrmap_get(&classes->roles, type->address, &role))
		return (enum asyncio_role)role;
	role = find_role(py, classes, type);
	addrmap_put(&classes->roles, type->address, role);
	return (enum asyncio_role)role;
}

enum asyncio_role asyncio_role_of(struct python *py, struct asyncio_classes *classes, uint64_t object)
{
	return asyncio_role_of_type(py, classes, pytype_of(py, object, NULL));
}
