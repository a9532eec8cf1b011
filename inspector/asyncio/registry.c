#include "inspector/asyncio/registry.h"

#include "inspector/python/dict.h"
#include "inspector/python/instance.h"
#include "inspector/python/memory.h"
#include "inspector/python/sequence.h"

/* Lib/_weakrefset.py: a WeakSet keeps a set of weak references in data. */
static bool add_weakset(struct python *py, uint64_t weakset, struct addrmap *set)
{
	struct sequence_iter iter;
	uint64_t data, item, object;

	if (!instance_get(py, weakset, "data", &data, NULL) ||
		!sequence_open(py, data, KIND_SET, &iter, NULL))
		return false;
	while (sequence_next(&iter, &item)) {
		const struct pytype *type = pytype_of(py, item, NULL);

		if (type && type->kind == KIND_WEAKREF &&
			read_pointer(py, item, FIELD_weakref_object, &object, NULL) && object &&
			object != py->none)
			addrmap_put(set, object, 0);
	}
	return true;
}

static bool add_set(struct python *py, uint64_t container, struct addrmap *set)
{
	struct sequence_iter iter;
	uint64_t item;

	if (!sequence_open(py, container, KIND_SET, &iter, NULL))
		return false;
	while (sequence_next(&iter, &item))
		addrmap_put(set, item, 0);
	return true;
}

/* Include/internal/pycore_llist.h: a ring of nodes, the head among them; a node lies inside of its task. */
static void add_ring(struct python *py, uint64_t head, struct addrmap *set)
{
	uint64_t at, offset = python_field(py, FIELD_task_node)->offset;

	if (!read_pointer(py, head, FIELD_llist_next, &at, NULL))
		return;
	while (at && at != head) {
		if (!addrmap_put(set, at - offset, 0))
			return; /* met before: the ring is broken */
		if (!read_pointer(py, at, FIELD_llist_next, &at, NULL))
			return;
	}
}

static void add_rings(struct python *py, const struct pythreads *threads, size_t interp, struct addrmap *set)
{
	if (!python_has(py, FIELD_task_node) || !python_has(py, FIELD_llist_next))
		return;
	if (python_has(py, FIELD_interp_tasks_head))
		add_ring(py,
			threads->interps[interp].address + python_field(py, FIELD_interp_tasks_head)->offset,
			set);
	for (size_t i = 0; python_has(py, FIELD_thread_tasks_head) && i < threads->count; i++)
		if (threads->threads[i].interp == interp)
			add_ring(py,
				threads->threads[i].address +
					python_field(py, FIELD_thread_tasks_head)->offset,
				set);
}

/* Tasks of other classes than the C one, that registered themselves. */
static void add_others(struct python *py, const struct pyinterp *interp, struct addrmap *set)
{
	uint64_t module, state, container;

	if (!python_has(py, FIELD_state_other_tasks) || !pyinterp_module(py, interp, "_asyncio", &module) ||
		!read_pointer(py, module, FIELD_module_state, &state, NULL) || !state)
		return;
	if (read_pointer(py, state, FIELD_state_other_tasks, &container, NULL) && container)
		add_weakset(py, container, set);
	if (python_has(py, FIELD_state_other_eager_tasks) &&
		read_pointer(py, state, FIELD_state_other_eager_tasks, &container, NULL) && container)
		add_set(py, container, set);
}

void registry_listed_tasks(
	struct python *py, const struct pythreads *threads, size_t interp, struct addrmap *set)
{
	add_rings(py, threads, interp, set);
	add_others(py, &threads->interps[interp], set);
}

bool registry_tasks(struct python *py, const struct asyncio_names *names, struct addrmap *set)
{
	uint64_t container;
	bool found = false;

	if (!names->tasks_module)
		return false;
	if (pymodule_get(py, names->tasks_module, "_all_tasks", &container, NULL))
		found |= add_weakset(py, container, set);
	if (pymodule_get(py, names->tasks_module, "_scheduled_tasks", &container, NULL))
		found |= add_weakset(py, container, set);
	if (pymodule_get(py, names->tasks_module, "_eager_tasks", &container, NULL))
		found |= add_set(py, container, set);
	return found;
}

size_t registry_strong_sets(
	struct python *py, const struct pyinterp *interp, const struct asyncio_names *names, uint64_t *sets)
{
	uint64_t module, state;
	size_t count = 0;

	if (names->tasks_module && pymodule_get(py, names->tasks_module, "_eager_tasks", &sets[count], NULL))
		count++;
	if (python_has(py, FIELD_state_other_eager_tasks) &&
		pyinterp_module(py, interp, "_asyncio", &module) &&
		read_pointer(py, module, FIELD_module_state, &state, NULL) && state &&
		read_pointer(py, state, FIELD_state_other_eager_tasks, &sets[count], NULL) && sets[count])
		count++;
	return count;
}

uint64_t registry_running_task(struct python *py, const struct pythread *thread)
{
	uint64_t task;

	if (!python_has(py, FIELD_thread_running_task) ||
		!read_pointer(py, thread->address, FIELD_thread_running_task, &task, NULL))
		return 0;
	return task;
}

void registry_current_tasks(struct python *py, const struct asyncio_names *names, struct addrmap *current)
{
	struct dict_entry entry;
	struct dict_iter iter;
	uint64_t dict;

	if (!names->tasks_module || !pymodule_get(py, names->tasks_module, "_current_tasks", &dict, NULL) ||
		!dict_open(py, dict, &iter, NULL))
		return;
	while (dict_next(&iter, &entry))
		addrmap_put(current, entry.key, entry.value);
}

static uint64_t loop_in_dict(struct python *py, uint64_t dict)
{
	const struct pytype *type;
	uint64_t value;

	if (!dict || !pydict_get(py, dict, "__asyncio_running_event_loop__", &value, NULL))
		return 0;
	type = pytype_of(py, value, NULL);
	if (type && type->kind == KIND_LOOPHOLDER &&
		!read_pointer(py, value, FIELD_loopholder_loop, &value, NULL))
		return 0;
	return value == py->none ? 0 : value;
}

uint64_t registry_running_loop(
	struct python *py, struct asyncio_classes *classes, const struct pythread *thread)
{
	uint64_t loop = 0, dict;

	if (python_has(py, FIELD_thread_running_loop))
		read_pointer(py, thread->address, FIELD_thread_running_loop, &loop, NULL);
	else if (read_pointer(py, thread->address, FIELD_thread_dict, &dict, NULL))
		loop = loop_in_dict(py, dict);
	return loop && loop != py->none && pytype_of(py, loop, NULL) ? loop : 0;
}
