#include "inspector/asyncio/callable.h"

#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#include <string.h>

#define NAME_LIMIT 300
/* partial(partial(...)): the constructor flattens them, a subclass's need not be. */
#define PARTIALS_MAX 16

static const char *qualname(struct python *py, uint64_t function)
{
	uint64_t name;

	return read_pointer(py, function, FIELD_function_qualname, &name, NULL)
		       ? pystr_arena(py, name, NAME_LIMIT, NULL)
		       : NULL;
}

/* Modules/_asynciomodule.c: what Lib/asyncio/tasks.py has as methods are objects of types of their own there;
 * from 3.9 on the second is a C function. They are named as in Python. */
#define TASK_STEP   "Task.__step"
#define TASK_WAKEUP "Task.__wakeup"

static void read_task_method(struct python *py, enum field_id task, const char *name, struct callable *c)
{
	c->name = name;
	if (python_has(py, task))
		read_pointer(py, c->function, task, &c->self, NULL);
}

static void read_cfunction(struct python *py, struct callable *c)
{
	uint64_t def, name;
	const char *text;

	if (read_pointer(py, c->function, FIELD_cfunction_def, &def, NULL) &&
		read_pointer(py, def, FIELD_methoddef_name, &name, NULL) &&
		(text = read_cstring(py, name, NAME_LIMIT, NULL)))
		c->name = strcmp(text, "task_wakeup") == 0 || strcmp(text, "TaskWakeupMethWrapper") == 0
				  ? TASK_WAKEUP
				  : text;
	read_pointer(py, c->function, FIELD_cfunction_self, &c->self, NULL);
}

/* What a bound method's function is: a method of a C type wrapped once more has no qualname of a function. */
static void read_method(struct python *py, struct callable *c)
{
	const struct pytype *type;
	const char *name;
	uint64_t function;

	read_pointer(py, c->function, FIELD_method_self, &c->self, NULL);
	if (!read_pointer(py, c->function, FIELD_method_function, &function, NULL) ||
		!(type = pytype_of(py, function, NULL)))
		return;
	name = type->kind == KIND_FUNCTION ? qualname(py, function) : type->full_name;
	if (name)
		c->name = name;
}

/* asyncio.to_thread: partial(context.run, function, ...) */
static uint64_t run_in_context(struct python *py, uint64_t partial, uint64_t inner)
{
	const struct pytype *type = pytype_of(py, inner, NULL);
	uint64_t self, args, function;

	if (!type || type->kind != KIND_CFUNCTION ||
		!read_pointer(py, inner, FIELD_cfunction_self, &self, NULL) || !self ||
		!(type = pytype_of(py, self, NULL)) || type->kind != KIND_CONTEXT ||
		!python_has(py, FIELD_ref_partial_args) ||
		!read_pointer(py, partial, FIELD_ref_partial_args, &args, NULL) ||
		!sequence_item(py, args, 0, &function, NULL))
		return inner;
	return function;
}

static bool look_through(struct python *py, struct callable *c)
{
	const struct pytype *type = pytype_of(py, c->function, NULL);
	uint64_t inner;

	if (!type || type->kind != KIND_PARTIAL || !python_has(py, FIELD_ref_partial_fn) ||
		!read_pointer(py, c->function, FIELD_ref_partial_fn, &inner, NULL) || !inner)
		return false;
	c->function = run_in_context(py, c->function, inner);
	return true;
}

void callable_read(struct python *py, uint64_t object, struct callable *callable)
{
	const struct pytype *type;

	*callable = (struct callable){.function = object, .name = "?"};
	if (!object)
		return;
	for (int i = 0; i < PARTIALS_MAX && look_through(py, callable); i++)
		;
	type = pytype_of(py, callable->function, NULL);
	if (!type)
		return;
	callable->kind = type->kind;
	callable->name = type->full_name;
	if (type->kind == KIND_FUNCTION) {
		const char *name = qualname(py, callable->function);

		if (name)
			callable->name = name;
	} else if (type->kind == KIND_METHOD) {
		read_method(py, callable);
	} else if (type->kind == KIND_CFUNCTION || type->kind == KIND_CMETHOD) {
		read_cfunction(py, callable);
	} else if (type->kind == KIND_TASKSTEP) {
		read_task_method(py, FIELD_ref_taskstep_task, TASK_STEP, callable);
	} else if (type->kind == KIND_TASKWAKEUP) {
		read_task_method(py, FIELD_ref_taskwakeup_task, TASK_WAKEUP, callable);
	}
}
