/* Futures, tasks, what they wait for, and asyncio's own registries. */
#include "inspector/asyncio/asyncio.h"
#include "inspector/asyncio/registry.h"
#include "tests/unit/fake_python.h"

#include <string.h>

Suite *suite_asyncio(void);

static struct fake *f;
static struct asyncio_classes classes;

static void setup(void)
{
	classes = (struct asyncio_classes){0};
}

static void teardown(void)
{
	asyncio_classes_deinit(&classes);
	fake_destroy(f);
	f = NULL;
}

static struct future read_future(uint64_t object)
{
	struct error err = ERROR_INIT;
	struct future future;

	ck_assert_msg(future_read(f->py, &classes, object, &future, &err), "%s", err.text);
	return future;
}

static struct task_parts read_parts(uint64_t object)
{
	struct future future = read_future(object);
	struct error err = ERROR_INIT;
	struct task_parts parts;

	ck_assert_msg(future_task_parts(f->py, &future, &parts, &err), "%s", err.text);
	return parts;
}

START_TEST(future_state_is_told)
{
	uint64_t loop, exception, object;
	struct future future;

	f = fake_create(_i);
	loop = fake_object(f, fake_type(f, "object"), 16);
	exception = fake_exception(f, "ValueError", fake_tuple_of(f, NULL, 0));
	for (int state = 0; state < 3; state++) {
		future = read_future(fake_future(f, &(struct fake_future){.state = state, .loop = loop}));
		ck_assert_int_eq(future.state, state);
		ck_assert_int_eq(future.role, ROLE_FUTURE);
		ck_assert_uint_eq(future.loop, loop);
		ck_assert_uint_eq(future.exception, 0);
	}
	object = fake_future(
		f, &(struct fake_future){.state = 2, .exception = exception, .log_traceback = true});
	future = read_future(object);
	ck_assert_uint_eq(future.exception, exception);
	ck_assert(future.exception_unretrieved);
	fake_set(f, object, FIELD_future_log_traceback, 0);
	ck_assert(!read_future(object).exception_unretrieved);
}
END_TEST

START_TEST(future_of_an_impossible_state_is_refused)
{
	static const int64_t states[] = {-1, 3, INT32_MAX, INT32_MIN};
	struct error err = ERROR_INIT;
	struct future future;
	uint64_t object;

	f = fake_create(_i);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		object = fake_future(f, &(struct fake_future){.state = states[i]});
		ck_assert(!future_read(f->py, &classes, object, &future, &err));
		fake_assert_error(err, ERROR_CORRUPT, object);
	}
}
END_TEST

START_TEST(future_that_is_none_is_refused)
{
	struct error err = ERROR_INIT;
	struct future future;
	uint64_t object;

	f = fake_create(_i);
	ck_assert(!future_read(f->py, &classes, 0, &future, &err));
	fake_assert_error(err, ERROR_UNMAPPED, 8);
	ck_assert(!future_read(f->py, &classes, FAKE_LOST, &future, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
	object = fake_list_of(f, NULL, 0);
	ck_assert(!future_read(f->py, &classes, object, &future, &err));
	fake_assert_error(err, ERROR_CORRUPT, object);
	object = FAKE_UNMAPPED - 48; /* its state is cut */
	fake_set(f, object, FIELD_object_type, fake_type(f, "_asyncio.Future"));
	ck_assert(!future_read(f->py, &classes, object, &future, &err));
	ck_assert_int_eq(err.kind, ERROR_UNMAPPED);
}
END_TEST

START_TEST(future_needs_the_layout_of_its_extension)
{
	struct error err = ERROR_INIT;
	struct future future;
	uint64_t object;

	f = fake_create(_i);
	object = fake_future(f, &(struct fake_future){0});
	f->py->layout.fields[FIELD_future_state].offset = NO_OFFSET;
	ck_assert(!future_read(f->py, &classes, object, &future, &err));
	ck_assert_int_eq(err.kind, ERROR_NO_FIELD);
}
END_TEST

START_TEST(future_of_a_subclass_is_a_future)
{
	uint64_t class;

	f = fake_create(_i);
	class = fake_class(f, &(struct fake_class){.name = "Mine", .base = fake_type(f, "_asyncio.Task")});
	ck_assert_int_eq(
		read_future(fake_future(f, &(struct fake_future){.of_class = class, .state = 2})).role,
		ROLE_TASK);
	/* A class of that name is none. */
	class = fake_class(f, &(struct fake_class){.name = "_asyncio.Task"});
	ck_assert_int_eq(asyncio_role_of(f->py, &classes, fake_object(f, class, 200)), ROLE_NONE);
}
END_TEST

START_TEST(future_callbacks_are_counted_and_stored_in_order)
{
	uint64_t a, b, c, list, object, found[3];
	struct future future;

	f = fake_create(_i);
	a = fake_cfunction(f, "a", 0);
	b = fake_cfunction(f, "b", 0);
	c = fake_cfunction(f, "c", 0);
	list = fake_list(f, fake_tuple(f, b, a), fake_tuple(f, c, a), f->py->none);
	object = fake_future(f, &(struct fake_future){.callback0 = a, .callbacks = list});
	future = read_future(object);
	ck_assert_uint_eq(future_callbacks(f->py, &future, found, 3), 3);
	ck_assert(found[0] == a && found[1] == b && found[2] == c);
	found[1] = 7;
	ck_assert_uint_eq(future_callbacks(f->py, &future, found, 1), 3);
	ck_assert_uint_eq(found[1], 7);
	ck_assert_uint_eq(future_callbacks(f->py, &future, NULL, 0), 3);
	fake_set(f, object, FIELD_future_callbacks, FAKE_LOST);
	ck_assert_uint_eq(future_callbacks(f->py, &future, found, 3), 1);
	fake_set(f, object, FIELD_future_callback0, 0);
	fake_set(f, object, FIELD_future_callbacks, f->py->none);
	ck_assert_uint_eq(future_callbacks(f->py, &future, found, 3), 0);
}
END_TEST

START_TEST(task_parts_are_read)
{
	uint64_t coro, waiter, object;
	struct task_parts parts;

	f = fake_create(_i);
	coro = fake_cell(f, 0);
	waiter = fake_future(f, &(struct fake_future){0});
	object = fake_future(f, &(struct fake_future){.coroutine = coro,
					.waiter = waiter,
					.name = fake_str(f, "worker"),
					.must_cancel = true,
					.cancel_requests = 2});
	parts = read_parts(object);
	ck_assert_uint_eq(parts.coroutine, coro);
	ck_assert_uint_eq(parts.waiter, waiter);
	ck_assert_str_eq(parts.name, "worker");
	ck_assert(parts.must_cancel);
	ck_assert_int_eq(parts.cancel_requests, 2);
	ck_assert_int_eq(read_future(object).state, FUTURE_PENDING); /* flags share its byte in 3.13 */
}
END_TEST

START_TEST(task_name_may_be_a_number_or_unreadable)
{
	uint64_t coro;

	f = fake_create(_i);
	coro = fake_cell(f, 0);
	ck_assert_str_eq(
		read_parts(fake_future(f, &(struct fake_future){.coroutine = coro, .name = fake_int(f, 12)}))
			.name,
		"Task-12");
	ck_assert_str_eq(
		read_parts(fake_future(f, &(struct fake_future){.coroutine = coro, .name = fake_int(f, -1)}))
			.name,
		"?");
	ck_assert_str_eq(
		read_parts(fake_future(f, &(struct fake_future){.coroutine = coro, .name = FAKE_LOST})).name,
		"?");
	ck_assert_str_eq(read_parts(fake_future(f, &(struct fake_future){.coroutine = coro})).name, "?");
}
END_TEST

START_TEST(py_task_has_the_defaults_of_its_class)
{
	struct fake_world world;
	struct pythreads threads;
	struct task_parts parts;
	struct future future;
	uint64_t class, object;

	f = fake_create(_i);
	fake_world(f, &world);
	ck_assert(pythreads_read(f->py, &threads, NULL));
	ck_assert(asyncio_classes_find(f->py, &threads, &classes));
	future = read_future(world.py_task);
	ck_assert_int_eq(future.role, ROLE_PY_TASK);
	ck_assert_int_eq(future.state, FUTURE_PENDING); /* no _state of its own */
	ck_assert_uint_eq(future.loop, world.loop);
	parts = read_parts(world.py_task);
	ck_assert_str_eq(parts.name, "plain-task");
	ck_assert_uint_eq(parts.waiter, 0);
	class = fake_get(f, world.py_task, FIELD_object_type);
	object = fake_instance_with_dict(f, class,
		fake_dict(f, fake_str(f, "_state"), fake_str(f, "CANCELLED"), fake_str(f, "_name"),
			f->py->none, fake_str(f, "_must_cancel"), f->py->true_object));
	ck_assert_int_eq(read_future(object).state, FUTURE_CANCELLED);
	ck_assert_str_eq(read_parts(object).name, "?");
	ck_assert(read_parts(object).must_cancel);
	object =
		fake_instance_with_dict(f, class, fake_dict(f, fake_str(f, "_state"), fake_str(f, "BROKEN")));
	ck_assert(!future_read(f->py, &classes, object, &future, NULL));
}
END_TEST

/* Registries ------------------------------------------------------------------------------------------- */

static uint64_t weakset_of(const uint64_t *refs, size_t count)
{
	uint64_t class = fake_class(
		f, &(struct fake_class){.name = "WeakSet", .has_dict = true, .attributes = {"data"}});

	return fake_instance(f, class, fake_set_of(f, "set", refs, count));
}

START_TEST(registry_skips_dead_references)
{
	struct addrmap set = ADDRMAP_INIT;
	struct asyncio_names names = {0};
	uint64_t task, other;

	f = fake_create(_i);
	task = fake_future(f, &(struct fake_future){.coroutine = f->py->none});
	other = fake_weakref(f, 0, 0);
	fake_set(f, other, FIELD_weakref_object, 0);
	names.tasks_module =
		fake_module(f, fake_dict(f, fake_str(f, _i == FAKE_311 ? "_all_tasks" : "_scheduled_tasks"),
				       weakset_of(FAKE_LIST(fake_weakref(f, 0, 0), fake_weakref(f, task, 0),
					       FAKE_DELETED, other, f->py->none, FAKE_LOST))));
	ck_assert(registry_tasks(f->py, &names, &set));
	ck_assert_uint_eq(set.used, 1);
	ck_assert(addrmap_get(&set, task, NULL));
	addrmap_deinit(&set);
}
END_TEST

START_TEST(registry_joins_eager_and_scheduled_tasks)
{
	struct addrmap set = ADDRMAP_INIT;
	struct asyncio_names names = {0};
	uint64_t a, b;

	f = fake_create(_i);
	a = fake_future(f, &(struct fake_future){.coroutine = f->py->none});
	b = fake_future(f, &(struct fake_future){.coroutine = f->py->none});
	names.tasks_module = fake_module(
		f, fake_dict(f, fake_str(f, "_scheduled_tasks"), weakset_of(FAKE_LIST(fake_weakref(f, a, 0))),
			   fake_str(f, "_eager_tasks"), fake_set_object(f, a, b)));
	ck_assert(registry_tasks(f->py, &names, &set));
	ck_assert_uint_eq(set.used, 2);
	addrmap_deinit(&set);
}
END_TEST

START_TEST(registry_that_cannot_be_read_is_none)
{
	static const uint64_t wrong[] = {0, FAKE_LOST, FAKE_NOWHERE};
	struct addrmap set = ADDRMAP_INIT;
	struct asyncio_names names = {0};

	f = fake_create(_i);
	ck_assert(!registry_tasks(f->py, &names, &set));
	registry_current_tasks(f->py, &names, &set);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		names.tasks_module = fake_module(f, fake_dict(f, fake_str(f, "_all_tasks"), wrong[i],
							    fake_str(f, "_current_tasks"), wrong[i]));
		ck_assert(!registry_tasks(f->py, &names, &set));
		registry_current_tasks(f->py, &names, &set);
		names.tasks_module = fake_module(f, wrong[i]);
		ck_assert(!registry_tasks(f->py, &names, &set));
	}
	ck_assert_uint_eq(set.used, 0);
	addrmap_deinit(&set);
}
END_TEST

START_TEST(running_loop_is_found_where_its_version_keeps_it)
{
	struct pythread thread = {0};
	uint64_t loop;

	f = fake_create(_i);
	fake_start(f);
	thread.address = f->thread;
	ck_assert_uint_eq(registry_running_loop(f->py, &classes, &thread), 0);
	loop = fake_object(f, fake_type(f, "object"), 16);
	fake_set_running_loop(f, loop);
	ck_assert_uint_eq(registry_running_loop(f->py, &classes, &thread), loop);
	fake_set_running_loop(f, f->py->none);
	ck_assert_uint_eq(registry_running_loop(f->py, &classes, &thread), 0);
	fake_set_running_loop(f, FAKE_LOST);
	ck_assert_uint_eq(registry_running_loop(f->py, &classes, &thread), 0);
	thread.address = FAKE_LOST;
	ck_assert_uint_eq(registry_running_loop(f->py, &classes, &thread), 0);
}
END_TEST

/* All of it -------------------------------------------------------------------------------------------- */

static const struct task *task_named(const struct asyncio *a, const char *name)
{
	for (size_t i = 0; i < a->task_count; i++)
		if (strcmp(a->tasks[i].name, name) == 0)
			return &a->tasks[i];
	ck_abort_msg("no task %s", name);
}

START_TEST(asyncio_of_a_whole_program)
{
	const struct asyncio_options options = {.needs_heap = true};
	const struct task *worker, *waiting, *current;
	struct error err = ERROR_INIT;
	struct fake_world world;
	struct asyncio *a;

	f = fake_create(_i);
	fake_world(f, &world);
	a = asyncio_collect(f->py, &options, &err);
	ck_assert_msg(a != NULL, "%s", err.text);
	ck_assert_uint_eq(f->py->unreadable, 0);
	ck_assert(a->is_imported && a->heap_is_complete);
	ck_assert_uint_eq(a->task_count, 4);
	ck_assert_uint_eq(a->loop_count, 1);
	ck_assert_uint_eq(a->unregistered, _i == FAKE_311); /* the main task, which 3.11's set has not */
	worker = task_named(a, "worker-1");
	ck_assert(worker->is_registered && !worker->is_current);
	ck_assert_uint_eq(worker->chain.count, 2);
	ck_assert_uint_eq(worker->chain.future, world.future);
	ck_assert_uint_eq(worker->awaited_by_count, 1);
	ck_assert_uint_eq(worker->awaited_by[0], world.waiting_task);
	waiting = task_named(a, "Task-7");
	ck_assert_int_eq(waiting->wait.kind, WAIT_TASK);
	ck_assert_uint_eq(waiting->wait.tasks[0], world.task);
	ck_assert_str_eq(waiting->wait.text, "task 'worker-1'");
	current = task_named(a, "main");
	ck_assert(current->is_current && current->chain.is_running);
	ck_assert_str_eq(current->chain.links[current->chain.count - 1].qualname, "select");
	ck_assert_int_eq(a->loops[0].doing, LOOP_POLLING);
	ck_assert_int_eq(a->loops[0].ready, 2);
	ck_assert_int_eq(a->loops[0].is_debug, TRUTH_TRUE);
	asyncio_destroy(a);
}
END_TEST

START_TEST(asyncio_orphans_are_those_that_nobody_drives)
{
	const struct asyncio_options options = {.needs_heap = true};
	struct fake_world world;
	struct asyncio *a;
	size_t orphans = 0;

	f = fake_create(_i);
	fake_world(f, &world);
	a = asyncio_collect(f->py, &options, NULL);
	ck_assert_ptr_nonnull(a);
	for (size_t i = 0; i < a->coroutine_count; i++)
		orphans += asyncio_is_orphan(a, &a->coroutines[i]);
	ck_assert(asyncio_is_orphan(a, &a->coroutines[asyncio_find_coroutine(a, world.orphan)]));
	ck_assert(asyncio_is_orphan(a, &a->coroutines[asyncio_find_coroutine(a, world.saver)]));
	ck_assert(!asyncio_is_orphan(a, &a->coroutines[asyncio_find_coroutine(a, world.inner)]));
	ck_assert(!asyncio_is_orphan(a, &a->coroutines[asyncio_find_coroutine(a, world.running)]));
	ck_assert_uint_eq(orphans, 3); /* and the async generator */
	asyncio_destroy(a);
}
END_TEST

START_TEST(asyncio_without_a_heap_has_the_registered_tasks)
{
	struct asyncio_options options = {.needs_heap = false};
	struct fake_world world;
	struct asyncio *a;

	f = fake_create(_i);
	fake_world(f, &world);
	a = asyncio_collect(f->py, &options, NULL);
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->task_count, _i == FAKE_311 ? 3 : 4);
	/* Those that the tasks drive, and no others. */
	ck_assert_uint_gt(a->coroutine_count, 0);
	for (size_t i = 0; i < a->coroutine_count; i++)
		ck_assert_uint_ne(a->coroutines[i].task, NO_INDEX);
	ck_assert_uint_eq(a->loop_count, 1);
	asyncio_destroy(a);
	options.tasks_most = 2;
	a = asyncio_collect(f->py, &options, NULL);
	ck_assert(a->is_cut && a->task_count == 0);
	asyncio_destroy(a);
	fake_set(f, f->py->runtime, FIELD_runtime_interpreters_head, FAKE_LOST);
	ck_assert_ptr_null(asyncio_collect(f->py, &options, NULL));
}
END_TEST

START_TEST(asyncio_that_is_not_imported_has_no_tasks)
{
	const struct asyncio_options options = {.needs_heap = true};
	struct asyncio *a;

	f = fake_create(_i);
	fake_start(f);
	a = asyncio_collect(f->py, &options, NULL);
	ck_assert_ptr_nonnull(a);
	ck_assert(!a->is_imported);
	ck_assert_uint_eq(a->task_count + a->loop_count + a->coroutine_count, 0);
	asyncio_destroy(a);
}
END_TEST

Suite *suite_asyncio(void)
{
	Suite *suite = suite_create("asyncio");
	TCase *tc = tcase_create("asyncio");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, future_state_is_told, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, future_of_an_impossible_state_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, future_that_is_none_is_refused, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, future_needs_the_layout_of_its_extension, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, future_of_a_subclass_is_a_future, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, future_callbacks_are_counted_and_stored_in_order, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, task_parts_are_read, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, task_name_may_be_a_number_or_unreadable, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, py_task_has_the_defaults_of_its_class, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, registry_skips_dead_references, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, registry_joins_eager_and_scheduled_tasks, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, registry_that_cannot_be_read_is_none, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, running_loop_is_found_where_its_version_keeps_it, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, asyncio_of_a_whole_program, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, asyncio_orphans_are_those_that_nobody_drives, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, asyncio_without_a_heap_has_the_registered_tasks, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, asyncio_that_is_not_imported_has_no_tasks, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
