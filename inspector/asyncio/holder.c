#include "inspector/asyncio/holder.h"

#include "inspector/asyncio/asyncio.h"
#include "inspector/python/instance.h"
#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#include <stdlib.h>
#include <string.h>

#define NAME_LIMIT 1024
/* AsyncExitStacks in one another, and callbacks of one: more is damage. */
#define STACKS_MAX    16
#define CALLBACKS_MAX (1 << 20)
/* How often an async generator is used by another one. */
#define USERS_MAX 64

/* Async generators that frames have in hand, one for the other. */
#define GENERATORS_MAX 64

#define IN_EXIT_STACK "in an AsyncExitStack"

struct search {
	const struct asyncio *a;
	struct python *py;
	struct lock_holders *holders;
	size_t capacity;
	struct addrmap seen;	    /* generators whose frame was looked at */
	struct addrmap stacks_seen; /* AsyncExitStacks that were looked into */
	/* The frame that is looked at, its place in a chain, and who drives it. */
	const struct link *link;
	const struct chain *chain;
	size_t at, task;
	/* AsyncExitStacks of that frame, still to be looked into. */
	uint64_t stacks[STACKS_MAX];
	size_t stack_count;
	/* Async generators that it has in hand, to be looked at as well. */
	uint64_t generators[GENERATORS_MAX];
	size_t generator_count;
	bool has_variable; /* some frame has an AsyncExitStack in a variable */
	/* What the variables of the frame before had, which was none: many frames have the same in one. */
	uint64_t passed[VARIABLES_AT_ONCE];
};

static void note_generator(struct search *s, uint64_t object)
{
	const struct pytype *type = object ? pytype_of(s->py, object, NULL) : NULL;

	if (type && type->kind == KIND_ASYNCGEN && s->generator_count < GENERATORS_MAX)
		s->generators[s->generator_count++] = object;
}

/* The function is called __aexit__, by the end of its __qualname__. */
static bool is_exit_function(struct python *py, uint64_t function)
{
	const struct pytype *type = pytype_of(py, function, NULL);
	const char *qualname, *dot;
	uint64_t name;

	if (!type || type->kind != KIND_FUNCTION ||
		!read_pointer(py, function, FIELD_function_qualname, &name, NULL) ||
		!(qualname = pystr_arena(py, name, NAME_LIMIT, NULL)))
		return false;
	dot = strrchr(qualname, '.');
	return strcmp(dot ? dot + 1 : qualname, "__aexit__") == 0;
}

/* The object whose bound method __aexit__ this is; 0. */
static uint64_t self_of_exit(struct python *py, uint64_t method)
{
	const struct pytype *type = pytype_of(py, method, NULL);
	uint64_t function, self;

	if (!type || type->kind != KIND_METHOD ||
		!read_pointer(py, method, FIELD_method_function, &function, NULL) ||
		!is_exit_function(py, function) || !read_pointer(py, method, FIELD_method_self, &self, NULL))
		return 0;
	return self;
}

/* A frame of the function, with this self. */
static bool is_method_frame(struct python *py, const struct link *link, const char *name, uint64_t self)
{
	return link->has_frame && strcmp(link->frame.code->name, name) == 0 &&
	       pyframe_variable(py, &link->frame, 0) == self;
}

/* The coroutine of self.__aenter__() that the frame awaits. */
static bool is_entering(struct search *s, uint64_t awaited, uint64_t self)
{
	const struct pytype *type = pytype_of(s->py, awaited, NULL);
	struct pyframe frame;
	struct pygen gen;

	return type && type->kind == KIND_COROUTINE && pygen_read(s->py, awaited, &gen, NULL) &&
	       gen.state != GEN_CLOSED && pygen_frame(s->py, &gen, &frame, NULL) && frame.code &&
	       strcmp(frame.code->name, "__aenter__") == 0 && pyframe_variable(s->py, &frame, 0) == self;
}

/* asyncio.wait_for(condition.wait(), ...) up to 3.11 has a task of its own wait, on behalf of who holds the
 * lock (Lib/asyncio/tasks.py). */
static bool has_other_task_wait(struct search *s, uint64_t condition)
{
	const struct wait *wait = s->task == NO_INDEX ? NULL : &s->a->tasks[s->task].wait;

	for (size_t i = 0; wait && i < wait->task_count; i++) {
		size_t other = asyncio_find_task(s->a, wait->tasks[i]);
		const struct chain *chain = other == NO_INDEX ? NULL : &s->a->tasks[other].chain;

		if (chain && chain->count &&
			(is_method_frame(s->py, &chain->links[0], "wait", condition) ||
				is_method_frame(s->py, &chain->links[0], "wait_for", condition)))
			return true;
	}
	return false;
}

/* Lib/asyncio/locks.py: wait() lets the lock go, and has it again when it returns. */
static bool waits_in_condition(struct search *s, uint64_t condition)
{
	if (has_other_task_wait(s, condition))
		return true;
	for (size_t i = s->at + 1; i < s->chain->count; i++)
		if (is_method_frame(s->py, &s->chain->links[i], "wait", condition))
			return true;
	return false;
}

/* What the owner of an __aexit__ holds: itself, or the lock of a Condition; 0 nothing. */
static uint64_t held_by_exit(struct search *s, uint64_t self, const struct pytype *type)
{
	uint64_t lock = self, locked;

	if (pytype_has_base(s->py, type, "asyncio.locks.Condition")) {
		if (waits_in_condition(s, self) || !instance_get(s->py, self, "_lock", &lock, NULL))
			return 0;
	}
	if (instance_get(s->py, lock, "_locked", &locked, NULL) && locked == s->py->false_object)
		return 0;
	return lock;
}

static void add_holder(struct search *s, uint64_t self, const char *where)
{
	const struct pytype *type = pytype_of(s->py, self, NULL);
	uint64_t held, callbacks, generator;
	struct lock_holder *h;

	if (!type)
		return;
	if (instance_get(s->py, self, "_exit_callbacks", &callbacks, NULL)) {
		if (s->stack_count < STACKS_MAX && addrmap_put(&s->stacks_seen, self, 0))
			s->stacks[s->stack_count++] = self;
		return;
	}
	/* contextlib.asynccontextmanager: what is entered is entered by the generator. */
	if (instance_get(s->py, self, "gen", &generator, NULL))
		note_generator(s, generator);
	held = held_by_exit(s, self, type);
	if (!held)
		return;
	s->holders->items = grow_array(
		s->holders->items, &s->capacity, s->holders->count + 1, sizeof(*s->holders->items));
	h = &s->holders->items[s->holders->count++];
	*h = (struct lock_holder){.primitive = held,
		.coroutine = s->link->address,
		.task = s->task,
		.qualname = s->link->qualname,
		.file = s->link->file,
		.line = s->link->line};
	h->grounds = arena_printf(s->py->arena, "__aexit__ of the %s at 0x%llx is %s of %s", type->name,
		(unsigned long long)self, where, s->link->qualname);
}

/* Lib/contextlib.py: pairs (is_sync, callback); of a context manager the callback is its bound method. */
static void look_into_exit_stack(struct search *s, uint64_t stack)
{
	struct sequence_iter iter;
	const struct pytype *type;
	uint64_t callbacks, pair, callback, self;

	if (!instance_get(s->py, stack, "_exit_callbacks", &callbacks, NULL) ||
		!(type = pytype_of(s->py, callbacks, NULL)) || type->kind != KIND_DEQUE ||
		!sequence_open(s->py, callbacks, KIND_DEQUE, &iter, NULL))
		return;
	for (size_t i = 0; i < CALLBACKS_MAX && sequence_next(&iter, &pair); i++)
		if (sequence_item(s->py, pair, 1, &callback, NULL) &&
			(self = self_of_exit(s->py, callback)) != 0 && self != stack)
			add_holder(s, self, IN_EXIT_STACK);
}

static void look_into_exit_stacks(struct search *s)
{
	for (size_t i = 0; i < s->stack_count; i++)
		look_into_exit_stack(s, s->stacks[i]);
	s->stack_count = 0;
}

/* The coroutine that the frame awaits, as its chain says: the object that is on nearly every value stack. */
static bool is_next(const struct search *s, uint64_t object)
{
	const struct link *next = s->at + 1 < s->chain->count ? &s->chain->links[s->at + 1] : NULL;

	return next && next->kind == LINK_COROUTINE && next->address == object;
}

static bool is_exit_stack(const struct pytype *type)
{
	return type && type->name[0] == 'A' && strcmp(type->name, "AsyncExitStack") == 0;
}

static bool has_exit_stack(struct search *s, const struct pyframe *frame)
{
	struct variable_iter iter;
	uint64_t value;

	variable_open(s->py, frame, &iter);
	while (variable_next(&iter, &value)) {
		uint64_t *passed = &s->passed[iter.slot % VARIABLES_AT_ONCE];

		if (value == s->py->none || value == *passed)
			continue;
		if (is_exit_stack(pytype_of(s->py, value, NULL)))
			return true;
		*passed = value;
	}
	return false;
}

/* The value stack, from the bottom: a bound __aexit__, or the function and its self above it. While it is
 * being entered, the awaited __aenter__ is the next above. */
static void look_at_value_stack(struct search *s, const struct pyframe *frame)
{
	for (uint32_t i = frame->code->nlocalsplus; i < frame->slots; i++) {
		uint64_t object = pyframe_slot(s->py, frame, i), self = 0;
		const struct pytype *type =
			object && !is_next(s, object) ? pytype_of(s->py, object, NULL) : NULL;
		uint32_t above = i + 1;

		if (!type)
			continue;
		if (type->kind == KIND_ASYNCGEN)
			note_generator(s, object);
		else if (type->kind == KIND_METHOD)
			self = self_of_exit(s->py, object);
		else if (type->kind == KIND_FUNCTION && is_exit_function(s->py, object))
			self = pyframe_slot(s->py, frame, above++);
		if (self && !is_entering(s, pyframe_slot(s->py, frame, above), self))
			add_holder(s, self, "on the value stack");
	}
	/* An AsyncExitStack that is being left is on no value stack any more, but self of its __aexit__. */
	if (strcmp(frame->code->name, "__aexit__") == 0) {
		uint64_t self = pyframe_variable(s->py, frame, 0), callbacks;

		if (self && instance_get(s->py, self, "_exit_callbacks", &callbacks, NULL))
			add_holder(s, self, IN_EXIT_STACK);
	}
	look_into_exit_stacks(s);
	s->has_variable = s->has_variable || has_exit_stack(s, frame);
}

/* An AsyncExitStack that no `async with` entered, for its aclose() to be called: whoever has it in a variable
 * stands for it, when it is on no value stack. */
static void look_at_variables(struct search *s, const struct pyframe *frame)
{
	for (uint32_t i = 0; i < frame->code->nlocalsplus; i++) {
		uint64_t object = pyframe_variable(s->py, frame, i);

		if (object && is_exit_stack(pytype_of(s->py, object, NULL)))
			add_holder(s, object, IN_EXIT_STACK);
	}
	look_into_exit_stacks(s);
}

typedef void (*look_fn)(struct search *s, const struct pyframe *frame);

static void look_at_link(struct search *s, const struct chain *chain, size_t at, size_t task, look_fn look)
{
	const struct link *link = &chain->links[at];

	if (!link->has_frame || (link->kind != LINK_COROUTINE && link->kind != LINK_ASYNC_GENERATOR) ||
		!addrmap_put(&s->seen, link->address, 0))
		return;
	s->link = link;
	s->chain = chain;
	s->at = at;
	s->task = task;
	look(s, &link->frame);
}

/* Those that the frames have in hand do what they do on behalf of the same task. */
static void look_at_generators(struct search *s, size_t task, look_fn look)
{
	for (size_t i = 0; i < s->generator_count; i++) {
		struct pygen gen;
		struct chain own;

		if (!pygen_read(s->py, s->generators[i], &gen, NULL) || gen.state != GEN_SUSPENDED)
			continue;
		chain_own_frame(s->py, &gen, &own);
		look_at_link(s, &own, 0, task, look);
	}
	s->generator_count = 0;
}

static void look_at_chain(struct search *s, const struct chain *chain, size_t task, look_fn look)
{
	for (size_t i = 0; i < chain->count; i++) {
		look_at_link(s, chain, i, task, look);
		look_at_generators(s, task, look);
	}
}

/* An async generator holds what it entered on behalf of the task whose frame iterates it. */
static size_t task_of_coroutine(const struct asyncio *a, size_t i)
{
	for (unsigned hops = 0; hops < USERS_MAX && i != NO_INDEX; hops++) {
		if (a->coroutines[i].task != NO_INDEX)
			return a->coroutines[i].task;
		i = a->coroutines[i].used_by;
	}
	return NO_INDEX;
}

static int by_primitive(const void *a, const void *b)
{
	const struct lock_holder *x = a, *y = b;

	if (x->primitive != y->primitive)
		return x->primitive < y->primitive ? -1 : 1;
	return x->coroutine < y->coroutine ? -1 : x->coroutine > y->coroutine;
}

static void look_at_all(struct search *s, look_fn look)
{
	const struct asyncio *a = s->a;

	addrmap_reserve(&s->seen, a->coroutine_count);
	for (size_t i = 0; i < a->task_count; i++)
		look_at_chain(s, &a->tasks[i].chain, i, look);
	/* Chains that start outside of tasks, from their outermost coroutine: the others are a link each. */
	for (unsigned pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < a->coroutine_count; i++)
			if (a->coroutines[i].task == NO_INDEX && a->coroutines[i].is_awaited == (pass == 1))
				look_at_chain(s, &a->coroutines[i].chain, task_of_coroutine(a, i), look);
	addrmap_deinit(&s->seen);
	s->seen = (struct addrmap)ADDRMAP_INIT;
}

void holders_find(const struct asyncio *a, struct lock_holders *holders)
{
	struct search s = {.a = a, .py = a->py, .holders = holders};

	*holders = (struct lock_holders){0};
	look_at_all(&s, look_at_value_stack);
	/* All frames were looked at: there is seldom one. */
	if (s.has_variable)
		look_at_all(&s, look_at_variables);
	addrmap_deinit(&s.stacks_seen);
	if (holders->count)
		qsort(holders->items, holders->count, sizeof(*holders->items), by_primitive);
}

void holders_deinit(struct lock_holders *holders)
{
	free(holders->items);
	*holders = (struct lock_holders){0};
}

size_t holders_of(const struct lock_holders *holders, uint64_t primitive, const struct lock_holder **first)
{
	size_t low = 0, high = holders->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (holders->items[middle].primitive < primitive)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < holders->count && holders->items[end].primitive == primitive; end++)
		;
	*first = end > low ? &holders->items[low] : NULL;
	return end - low;
}
