#include "inspector/asyncio/kept_loops.h"

#include "inspector/python/instance.h"
#include "inspector/python/memory.h"

/* Of threading.local, all versions; _Local adds no slots. */
#define MOST_LOCAL_SIZE 256

/* Of globals, and of threads that the policy knows. Each is an object somewhere, and a page that is fetched.
 */
#define MOST_ENTRIES 4096

struct search {
	struct python *py;
	struct asyncio_classes *classes;
	struct addresses *loops;
};

static void add(const struct search *s, uint64_t object)
{
	if (object && asyncio_role_of(s->py, s->classes, object) == ROLE_LOOP)
		addresses_add(s->loops, object);
}

static bool open_if_dict(const struct search *s, uint64_t object, struct dict_iter *iter)
{
	const struct pytype *type = object && object % 8 == 0 ? pytype_of(s->py, object, NULL) : NULL;

	return type && type->kind == KIND_DICT && dict_open(s->py, object, iter, NULL);
}

/* Modules/_threadmodule.c: a threading.local has a dictionary whose values are the dictionaries of the
 * threads, in another member and under other keys by version. The struct is private: each of its words is
 * looked at, and what is no such dictionary gives no loop. */
static void add_of_threads(const struct search *s, uint64_t local)
{
	const struct pytype *type = pytype_of(s->py, local, NULL);
	size_t size = type && type->basicsize < MOST_LOCAL_SIZE ? type->basicsize : 0;
	struct dict_iter iter, of_thread;
	struct dict_entry entry;
	uint64_t word, loop;

	for (size_t at = 0; at + 8 <= size; at += 8) {
		if (!read_word(s->py, local + at, &word, NULL) || !open_if_dict(s, word, &iter))
			continue;
		for (size_t i = 0; i < MOST_ENTRIES && dict_next(&iter, &entry); i++)
			if (open_if_dict(s, entry.value, &of_thread) &&
				pydict_get(s->py, entry.value, "_loop", &loop, NULL))
				add(s, loop);
	}
}

/* Lib/asyncio/events.py, BaseDefaultEventLoopPolicy: uvloop's policy is a subclass of it. */
static void add_of_policy(const struct search *s, const struct pyinterp *interp)
{
	uint64_t module, policy, local;

	if (pyinterp_module(s->py, interp, "asyncio.events", &module) &&
		pymodule_get(s->py, module, "_event_loop_policy", &policy, NULL) &&
		instance_get(s->py, policy, "_local", &local, NULL))
		add_of_threads(s, local);
}

static void add_of_globals(const struct search *s, const struct pyinterp *interp)
{
	struct dict_iter iter;
	struct dict_entry entry;
	uint64_t module, dict;

	if (!pyinterp_module(s->py, interp, "__main__", &module) ||
		!read_pointer(s->py, module, FIELD_module_dict, &dict, NULL) || !open_if_dict(s, dict, &iter))
		return;
	for (size_t i = 0; i < MOST_ENTRIES && dict_next(&iter, &entry); i++)
		add(s, entry.value);
}

static void add_of_frame(const struct search *s, const struct pyframe *frame)
{
	struct variable_iter iter;
	uint64_t value;

	variable_open(s->py, frame, &iter);
	while (variable_next(&iter, &value))
		add(s, value);
}

void kept_loops_add(struct python *py, struct asyncio_classes *classes, const struct pythreads *threads,
	struct addresses *loops)
{
	const struct search s = {py, classes, loops};

	for (size_t i = 0; i < threads->interp_count; i++) {
		add_of_policy(&s, &threads->interps[i]);
		add_of_globals(&s, &threads->interps[i]);
	}
	for (size_t t = 0; t < threads->count; t++)
		for (size_t f = 0; f < threads->threads[t].frame_count; f++)
			add_of_frame(&s, &threads->threads[t].frames[f]);
}
