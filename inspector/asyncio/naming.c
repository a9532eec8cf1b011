#include "inspector/asyncio/naming.h"

#include "inspector/python/instance.h"
#include "inspector/python/memory.h"
#include "inspector/python/repr.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#include <stdio.h>

#define NAME_LIMIT 100
#define KEY_LIMIT  40
/* Frames that are asked for a name. */
#define FRAMES_MAX 16
/* References of one object that are looked at. */
#define CHILDREN_MAX 4096
#define BUDGET	     (8 << 20)
#define BUDGET_ONE   (1 << 16)
/* Of the passes below: the first two ask variables, and what they hold. */
#define NEAR_PASSES 2

/* One search. The name is put together on the way back. */
struct search {
	struct naming *naming;
	struct python *py;
	uint64_t object;
	size_t budget;	  /* references that this search may look at */
	bool is_free;	  /* they do not count now */
	const char *name; /* found */
};

void naming_init(struct python *py, struct naming *naming)
{
	*naming = (struct naming){.py = py, .budget = BUDGET};
}

void naming_deinit(struct naming *naming)
{
	addrmap_deinit(&naming->known);
}

/* A frame's own variables are always looked at: they are few. */
static bool spend(struct search *s)
{
	if (s->is_free)
		return true;
	if (!s->naming->budget || !s->budget)
		return false;
	s->naming->budget--;
	s->budget--;
	return true;
}

static bool look_into(struct search *s, uint64_t holder, unsigned depth);

/* Something that is held by what was looked into before. The name is put together on the way back: there are
 * many that are not needed. */
static bool look_at(struct search *s, uint64_t value, unsigned depth)
{
	if (!spend(s))
		return false;
	if (value == s->object) {
		s->name = "";
		return true;
	}
	return depth && look_into(s, value, depth - 1);
}

static bool add_name(struct search *s, const char *before, const char *name, const char *after)
{
	if (name)
		s->name = arena_printf(s->py->arena, "%s%s%s%s", before, name, after, s->name);
	return name != NULL;
}

static bool look_into_dict(struct search *s, uint64_t dict, unsigned depth)
{
	struct dict_iter iter;
	struct dict_entry entry;

	if (!dict_open(s->py, dict, &iter, NULL))
		return false;
	for (size_t i = 0; i < CHILDREN_MAX && dict_next(&iter, &entry); i++)
		if (look_at(s, entry.value, depth))
			return add_name(s, "[", pyrepr(s->py, entry.key, KEY_LIMIT), "]");
	return false;
}

static bool look_into_sequence(struct search *s, uint64_t object, enum type_kind kind, unsigned depth)
{
	struct sequence_iter iter;
	char index[32];
	uint64_t item;

	if (!sequence_open(s->py, object, kind, &iter, NULL))
		return false;
	for (size_t i = 0; i < CHILDREN_MAX && sequence_next(&iter, &item); i++)
		if (look_at(s, item, depth)) {
			snprintf(index, sizeof(index), "%llu", (unsigned long long)iter.index);
			return add_name(s, "[", index, "]");
		}
	return false;
}

static bool look_into_instance(struct search *s, uint64_t object, const struct pytype *type, unsigned depth)
{
	struct dict_iter iter;
	struct dict_entry entry;
	uint64_t value;

	for (size_t i = 0; i < type->member_count && i < CHILDREN_MAX; i++)
		if (read_word(s->py, object + type->members[i].offset, &value, NULL) && value &&
			look_at(s, value, depth))
			return add_name(s, ".", type->members[i].name, "");
	if (!instance_open(s->py, object, type, &iter, NULL))
		return false;
	for (size_t i = 0; i < CHILDREN_MAX && dict_next(&iter, &entry); i++)
		if (look_at(s, entry.value, depth))
			return add_name(s, ".", pystr_arena(s->py, entry.key, NAME_LIMIT, NULL), "");
	return false;
}

/* Plain instances and containers only: what a module, a class or a function reaches is no name for it. */
static bool look_into(struct search *s, uint64_t holder, unsigned depth)
{
	const struct pytype *type = pytype_of(s->py, holder, NULL);

	switch (type ? type->kind : KIND_UNKNOWN) {
	case KIND_OBJECT:
		return look_into_instance(s, holder, type, depth);
	case KIND_LIST:
	case KIND_TUPLE:
		return look_into_sequence(s, holder, type->kind, depth);
	case KIND_DICT:
	case KIND_DEFAULTDICT:
	case KIND_ODICT:
		return look_into_dict(s, holder, depth);
	default:
		return false;
	}
}

static bool look_at_locals(struct search *s, const struct pyframe *frame, unsigned depth)
{
	struct variable_iter iter;
	uint64_t value;

	variable_open(s->py, frame, &iter);
	while (variable_next(&iter, &value))
		if (!pycode_is_hidden(frame->code, iter.slot) && look_at(s, value, depth))
			return add_name(s, "", pycode_local_name(s->py, frame->code, iter.slot), "");
	return false;
}

/* Up to 3.10 a frame does not know its function. */
static bool find_globals(struct python *py, const struct pyframe *frame, uint64_t *globals)
{
	if (frame->function)
		return read_pointer(py, frame->function, FIELD_function_globals, globals, NULL);
	return python_has(py, FIELD_frameobject_globals) && frame->frame_object &&
	       read_pointer(py, frame->frame_object, FIELD_frameobject_globals, globals, NULL);
}

static bool look_at_globals(struct search *s, const struct pyframe *frame, unsigned depth)
{
	struct dict_iter iter;
	struct dict_entry entry;
	uint64_t globals;

	if (!find_globals(s->py, frame, &globals) || !dict_open(s->py, globals, &iter, NULL))
		return false;
	for (size_t i = 0; i < CHILDREN_MAX && dict_next(&iter, &entry); i++)
		if (look_at(s, entry.value, depth))
			return add_name(s, "", pystr_arena(s->py, entry.key, NAME_LIMIT, NULL), "");
	return false;
}

typedef bool (*look_fn)(struct search *s, const struct pyframe *frame, unsigned depth);

static const char *search(struct search *s, const struct chain *chain, size_t end, size_t pass_count)
{
	/* What is told first is nearest to how the program itself would say it. */
	static const struct {
		look_fn look;
		unsigned depth;
	} passes[] = {{look_at_locals, 0}, {look_at_locals, 1}, {look_at_globals, 0}, {look_at_globals, 1},
		{look_at_locals, 2}};

	for (size_t pass = 0; pass < pass_count && pass < sizeof(passes) / sizeof(passes[0]); pass++) {
		size_t asked = 0;

		s->is_free = pass == 0;
		for (size_t i = end < chain->count ? end : chain->count; i-- > 0 && asked < FRAMES_MAX;) {
			if (!chain->links[i].has_frame)
				continue;
			asked++;
			if (passes[pass].look(s, &chain->links[i].frame, passes[pass].depth))
				return s->name;
		}
	}
	return NULL;
}

const char *naming_find_near(struct naming *naming, const struct chain *chain, size_t end, uint64_t object)
{
	struct search s = {.naming = naming, .py = naming->py, .object = object, .budget = BUDGET_ONE};

	return object ? search(&s, chain, end, NEAR_PASSES) : NULL;
}

const char *naming_find(struct naming *naming, const struct chain *chain, size_t end, uint64_t object)
{
	struct search s = {.naming = naming, .py = naming->py, .object = object, .budget = BUDGET_ONE};
	uint64_t known;

	if (!object)
		return NULL;
	if (!addrmap_get(&naming->known, object, &known)) {
		known = (uint64_t)(uintptr_t)search(&s, chain, end, SIZE_MAX);
		addrmap_put(&naming->known, object, known);
	}
	return (const char *)(uintptr_t)known;
}
