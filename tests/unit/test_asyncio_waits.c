/* What tasks wait for: who holds a lock, what things are called, where asyncio itself waits, which timers end
 * a wait. */
#include "inspector/asyncio/asyncio.h"
#include "inspector/asyncio/naming.h"
#include "inspector/asyncio/parking.h"
#include "inspector/asyncio/timers.h"
#include "tests/unit/fake_python.h"

#include <string.h>

Suite *suite_asyncio_waits(void);

static struct fake *f;
static struct asyncio a;
static struct task task;
static struct stack_index stacks;
static struct pythreads no_threads;
static struct naming naming;

static void start(int version)
{
	f = fake_create(version);
	a = (struct asyncio){.py = f->py, .tasks = &task, .task_count = 1};
	task = (struct task){.name = "t"};
	stacks = (struct stack_index){.threads = &no_threads};
	naming_init(f->py, &naming);
}

static void teardown(void)
{
	holders_deinit(&a.holders);
	asyncio_classes_deinit(&a.classes);
	addrmap_deinit(&stacks.by_generator);
	addrmap_deinit(&stacks.task_coroutines);
	naming_deinit(&naming);
	fake_destroy(f);
	f = NULL;
}

/* Holders ---------------------------------------------------------------------------------------------- */

static uint64_t function_named(const char *qualname)
{
	return fake_function(f, qualname, fake_code(f, &(struct fake_code){.name = "f"}), 0);
}

static uint64_t exit_of(uint64_t object)
{
	return fake_method(f, function_named("_ContextManagerMixin.__aexit__"), object);
}

static uint64_t lock_with(uint64_t locked)
{
	uint64_t class = fake_class(f, &(struct fake_class){.name = "Lock",
					       .module = "asyncio.locks",
					       .has_dict = true,
					       .attributes = {"_locked"}});

	return fake_instance(f, class, locked);
}

static uint64_t locked_lock(void)
{
	return lock_with(f->py->true_object);
}

/* A coroutine with one local variable, these on its value stack, and an awaited object above. */
static uint64_t coroutine_with(uint64_t first, uint64_t second, uint64_t awaits)
{
	return fake_generator(
		f, &(struct fake_generator){.state = GEN_SUSPENDED,
			   .code = fake_code(f, &(struct fake_code){.name = "work", .locals = {"x"}}),
			   .locals = {f->py->none, first, second},
			   .local_count = second ? 3 : 2,
			   .awaits = awaits});
}

static uint64_t method_frame(const char *name, uint64_t self, uint64_t awaits)
{
	return fake_generator(
		f, &(struct fake_generator){.state = GEN_SUSPENDED,
			   .code = fake_code(f, &(struct fake_code){.name = name, .locals = {"self"}}),
			   .locals = {self},
			   .local_count = 1,
			   .awaits = awaits});
}

static size_t holders_when(uint64_t coroutine, uint64_t primitive, const struct lock_holder **first)
{
	chain_follow(f->py, &a.classes, &stacks, coroutine, &task.chain);
	holders_find(&a, &a.holders);
	return holders_of(&a.holders, primitive, first);
}

START_TEST(aexit_on_the_value_stack_holds)
{
	const struct lock_holder *holder;
	uint64_t lock, coroutine;

	start(_i);
	lock = locked_lock();
	coroutine = coroutine_with(exit_of(lock), 0, fake_future(f, &(struct fake_future){0}));
	ck_assert_uint_eq(holders_when(coroutine, lock, &holder), 1);
	ck_assert_uint_eq(holder->coroutine, coroutine);
	ck_assert_uint_eq(holder->task, 0);
	ck_assert_uint_eq(holder->line, 10);
	ck_assert_str_eq(holder->qualname, "work");
	ck_assert(strstr(holder->grounds, "__aexit__ of the Lock") != NULL);
	ck_assert_uint_eq(holders_of(&a.holders, lock + 16, &holder), 0);
	ck_assert_ptr_null(holder);
}
END_TEST

START_TEST(aexit_and_its_self_in_two_slots_hold)
{
	const struct lock_holder *holder;
	uint64_t lock;

	start(_i);
	lock = locked_lock();
	ck_assert_uint_eq(holders_when(coroutine_with(function_named("Lock.__aexit__"), lock,
					       fake_future(f, &(struct fake_future){0})),
				  lock, &holder),
		1);
}
END_TEST

START_TEST(another_method_on_the_value_stack_holds_nothing)
{
	const struct lock_holder *holder;
	uint64_t lock, method;

	start(_i);
	lock = locked_lock();
	method = fake_method(f, function_named("Lock.__aexit__er"), lock);
	ck_assert_uint_eq(holders_when(coroutine_with(method, 0, fake_future(f, &(struct fake_future){0})),
				  lock, &holder),
		0);
}
END_TEST

START_TEST(who_still_enters_holds_nothing)
{
	const struct lock_holder *holder;
	uint64_t lock, other, enter;

	start(_i);
	lock = locked_lock();
	other = locked_lock();
	enter = method_frame("__aenter__", lock, fake_future(f, &(struct fake_future){0}));
	ck_assert_uint_eq(holders_when(coroutine_with(exit_of(lock), 0, enter), lock, &holder), 0);
	/* To enter another one in the body is to hold the first. */
	holders_deinit(&a.holders);
	enter = method_frame("__aenter__", other, fake_future(f, &(struct fake_future){0}));
	ck_assert_uint_eq(holders_when(coroutine_with(exit_of(lock), 0, enter), lock, &holder), 1);
}
END_TEST

START_TEST(a_lock_that_is_not_locked_has_no_holder)
{
	const struct lock_holder *holder;
	uint64_t lock;

	start(_i);
	lock = lock_with(f->py->false_object);
	ck_assert_uint_eq(
		holders_when(coroutine_with(exit_of(lock), 0, fake_future(f, &(struct fake_future){0})), lock,
			&holder),
		0);
}
END_TEST

START_TEST(a_condition_stands_for_its_lock_but_not_while_it_waits)
{
	const struct lock_holder *holder;
	uint64_t lock, class, condition, wait;

	start(_i);
	lock = locked_lock();
	class = fake_class(f, &(struct fake_class){.name = "Condition",
				      .module = "asyncio.locks",
				      .has_dict = true,
				      .attributes = {"_lock"}});
	condition = fake_instance(f, class, lock);
	ck_assert_uint_eq(
		holders_when(coroutine_with(exit_of(condition), 0, fake_future(f, &(struct fake_future){0})),
			lock, &holder),
		1);
	holders_deinit(&a.holders);
	wait = method_frame("wait", condition, fake_future(f, &(struct fake_future){0}));
	ck_assert_uint_eq(holders_when(coroutine_with(exit_of(condition), 0, wait), lock, &holder), 0);
}
END_TEST

static uint64_t exit_stack(uint64_t callbacks)
{
	uint64_t class = fake_class(
		f, &(struct fake_class){
			   .name = "AsyncExitStack", .has_dict = true, .attributes = {"_exit_callbacks"}});

	return fake_instance(f, class, callbacks);
}

START_TEST(what_an_exit_stack_entered_is_held_through_others_and_once)
{
	const struct lock_holder *holder;
	uint64_t lock, inner, outer, pair;

	start(_i);
	lock = locked_lock();
	pair = fake_tuple(f, f->py->false_object, exit_of(lock));
	inner = exit_stack(fake_deque_of(f, 3, FAKE_LIST(pair, f->py->none, FAKE_LOST)));
	pair = fake_tuple(f, f->py->false_object, exit_of(inner));
	outer = exit_stack(fake_deque_of(f, 3, FAKE_LIST(pair)));
	ck_assert_uint_eq(holders_when(coroutine_with(exit_of(outer), exit_of(inner),
					       fake_future(f, &(struct fake_future){0})),
				  lock, &holder),
		1);
	ck_assert(strstr(holder->grounds, "AsyncExitStack") != NULL);
}
END_TEST

START_TEST(exit_stacks_in_a_circle_end)
{
	const struct lock_holder *holder;
	uint64_t deque, stack;

	start(_i);
	deque = fake_deque_of(f, 3, FAKE_LIST(f->py->none, f->py->none));
	stack = exit_stack(deque);
	fake_word(f, fake_deque_block(f, deque) + 8 + 3 * 8, fake_tuple(f, f->py->none, exit_of(stack)));
	fake_word(f, fake_deque_block(f, deque) + 8 + 4 * 8, fake_tuple(f, f->py->none, exit_of(stack)));
	ck_assert_uint_eq(
		holders_when(coroutine_with(exit_of(stack), 0, fake_future(f, &(struct fake_future){0})),
			stack, &holder),
		0);
}
END_TEST

START_TEST(damage_holds_nothing)
{
	const uint64_t damage[] = {FAKE_LOST, FAKE_UNMAPPED, FAKE_NOWHERE, 8};
	const struct lock_holder *holder;

	start(_i);
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		holders_deinit(&a.holders);
		ck_assert_uint_eq(holders_when(coroutine_with(exit_of(damage[i]), damage[i],
						       fake_future(f, &(struct fake_future){0})),
					  damage[i], &holder),
			0);
	}
}
END_TEST

/* Names ------------------------------------------------------------------------------------------------ */

static const char *name_in(uint64_t value, uint64_t object)
{
	uint64_t coroutine = fake_generator(
		f, &(struct fake_generator){.state = GEN_SUSPENDED,
			   .code = fake_code(
				   f, &(struct fake_code){.name = "work", .locals = {"unset", "jobs"}}),
			   .locals = {0, value},
			   .local_count = 2,
			   .awaits = fake_future(f, &(struct fake_future){0})});

	chain_follow(f->py, &a.classes, &stacks, coroutine, &task.chain);
	return naming_find(&naming, &task.chain, task.chain.count, object);
}

START_TEST(a_thing_is_called_as_its_frame_reaches_it)
{
	uint64_t things[5], class, list, holder;

	start(_i);
	for (size_t i = 0; i < 5; i++)
		things[i] = fake_str(f, "thing");
	ck_assert_str_eq(name_in(things[0], things[0]), "jobs");
	class = fake_class(
		f, &(struct fake_class){.name = "Pool", .has_dict = true, .attributes = {"lock", "queues"}});
	ck_assert_str_eq(name_in(fake_instance(f, class, things[1], 0), things[1]), "jobs.lock");
	list = fake_list(f, f->py->none, things[2]);
	ck_assert_str_eq(name_in(fake_instance(f, class, 0, list), things[2]), "jobs.queues[1]");
	ck_assert_str_eq(name_in(fake_dict(f, fake_str(f, "it's"), things[3]), things[3]), "jobs[\"it's\"]");
	/* Too far. */
	holder = fake_tuple(f, fake_tuple(f, fake_tuple(f, things[4])));
	ck_assert_ptr_null(name_in(holder, things[4]));
}
END_TEST

START_TEST(a_name_is_looked_for_once_and_damage_has_none)
{
	const uint64_t damage[] = {FAKE_LOST, FAKE_UNMAPPED, FAKE_NOWHERE};
	uint64_t thing, list;

	start(_i);
	thing = fake_str(f, "thing");
	ck_assert_str_eq(name_in(thing, thing), "jobs");
	ck_assert_str_eq(naming_find(&naming, &(struct chain){0}, 0, thing), "jobs");
	ck_assert_ptr_null(naming_find(&naming, &task.chain, 1, 0));
	for (size_t i = 0; i < 3; i++)
		ck_assert_ptr_null(name_in(damage[i], fake_str(f, "other")));
	/* A list that is its own item. */
	list = fake_list(f, f->py->none);
	fake_word(f, fake_get(f, list, FIELD_list_items), list);
	ck_assert_ptr_null(name_in(list, fake_str(f, "other")));
}
END_TEST

/* Where asyncio waits ----------------------------------------------------------------------------------- */

struct place {
	const char *file, *qualname;
};

/* The chain of these frames, outermost first; each has a variable self. */
static struct parking park(const struct place *places, size_t count, uint64_t self)
{
	uint64_t at = fake_future(f, &(struct fake_future){0});
	struct parking parking;

	for (size_t i = count; i-- > 0;)
		at = fake_generator(f, &(struct fake_generator){.state = GEN_SUSPENDED,
					       .code = fake_code(f, &(struct fake_code){.name = "f",
									    .qualname = places[i].qualname,
									    .file = places[i].file,
									    .locals = {"self"}}),
					       .locals = {self},
					       .local_count = 1,
					       .awaits = at});
	chain_follow(f->py, &a.classes, &stacks, at, &task.chain);
	parking_find(f->py, &task.chain, &parking);
	return parking;
}

START_TEST(the_call_of_the_program_is_named_and_what_waits_tells_the_kind)
{
	const struct place join[] = {{"/app/main.py", "main"}, {"/usr/lib/asyncio/queues.py", "Queue.join"},
		{"/usr/lib/asyncio/locks.py", "Event.wait"}};
	const struct place line[] = {{"/app/main.py", "main"},
		{"/usr/lib/asyncio/streams.py", "StreamReader.readline"},
		{"/usr/lib/asyncio/streams.py", "StreamReader.readuntil"},
		{"/usr/lib/asyncio/streams.py", "StreamReader._wait_for_data"}};
	struct parking parking;
	uint64_t self;

	start(_i);
	self = fake_str(f, "primitive");
	parking = park(join, 3, self);
	ck_assert_int_eq(parking.kind, WAIT_QUEUE_JOIN);
	ck_assert_str_eq(parking.operation, "Queue.join");
	ck_assert_uint_eq(parking.first, 1);
	ck_assert_uint_eq(parking.on, self);
	parking = park(line, 4, self);
	ck_assert_int_eq(parking.kind, WAIT_SOCKET);
	ck_assert_str_eq(parking.operation, "StreamReader.readline");
	ck_assert_uint_eq(parking.first, 1);
}
END_TEST

START_TEST(wait_for_counts_only_when_it_waits_itself)
{
	const struct place own[] = {{"/usr/lib/asyncio/tasks.py", "wait_for"}};
	const struct place through[] = {
		{"/usr/lib/asyncio/tasks.py", "wait_for"}, {"/usr/lib/asyncio/queues.py", "Queue.get"}};
	struct parking parking;

	start(_i);
	parking = park(own, 1, f->py->none);
	ck_assert_int_eq(parking.kind, WAIT_WAIT);
	parking = park(through, 2, f->py->none);
	ck_assert_int_eq(parking.kind, WAIT_QUEUE_GET);
	ck_assert_str_eq(parking.operation, "Queue.get");
	ck_assert_uint_eq(parking.on, 0); /* None */
}
END_TEST

START_TEST(only_asyncios_own_files_count)
{
	const struct place own[] = {{"/app/queues.py", "Queue.get"}};
	const struct place myasyncio[] = {{"/app/myasyncio/queues.py", "Queue.get"}};
	const struct place called[] = {{"/usr/lib/asyncio/queues.py", "Queue.get"}, {"/app/main.py", "mine"}};
	const struct place relative[] = {{"queues.py", "Queue.get"}};
	struct parking parking;

	start(_i);
	ck_assert_int_eq(park(own, 1, 0).kind, WAIT_FUTURE);
	ck_assert_int_eq(park(myasyncio, 1, 0).kind, WAIT_FUTURE);
	ck_assert_int_eq(park(relative, 1, 0).kind, WAIT_FUTURE);
	parking = park(called, 2, 0);
	ck_assert_int_eq(parking.kind, WAIT_FUTURE);
	ck_assert_ptr_null(parking.operation);
	ck_assert_uint_eq(parking.first, task.chain.count);
}
END_TEST

/* Timers ----------------------------------------------------------------------------------------------- */

START_TEST(a_timer_is_found_by_what_it_acts_on_and_a_timeout_is_known)
{
	struct handle handles[5];
	struct loop loop = {.address = 0x1000, .timers = {.count = 5, .items = handles}};
	struct timers timers = {0};
	uint64_t future, waiter, some_task;

	start(_i);
	future = fake_future(f, &(struct fake_future){0});
	waiter = fake_future(f, &(struct fake_future){0});
	some_task = fake_future(f, &(struct fake_future){.coroutine = f->py->none});
	for (size_t i = 0; i < 5; i++)
		handles[i] = (struct handle){.callback = f->py->none,
			.is_timer = true,
			.when = 50 - (double)i,
			.callable = {.name = "f"}};
	handles[0].future = future;
	handles[1].future = waiter;
	handles[1].callable.name = "_release_waiter";
	handles[2].task = some_task;
	handles[3].task = some_task; /* earlier */
	handles[4].future = future;
	handles[4].is_cancelled = true;
	timers_add_loop(f->py, &a.classes, &loop, &timers);
	timers_sort(&timers);
	ck_assert_uint_eq(timers.count, 4);
	ck_assert(timers_find(&timers, future)->when == 50 && !timers_find(&timers, future)->is_timeout);
	ck_assert(timers_find(&timers, waiter)->is_timeout);
	ck_assert(timers_find(&timers, some_task)->when == 47);
	ck_assert(timers_find(&timers, some_task)->is_timeout);
	ck_assert_ptr_null(timers_find(&timers, 0x2000));
	timers_deinit(&timers);
}
END_TEST

Suite *suite_asyncio_waits(void)
{
	const TTest *const tests[] = {aexit_on_the_value_stack_holds, aexit_and_its_self_in_two_slots_hold,
		another_method_on_the_value_stack_holds_nothing, who_still_enters_holds_nothing,
		a_lock_that_is_not_locked_has_no_holder,
		a_condition_stands_for_its_lock_but_not_while_it_waits,
		what_an_exit_stack_entered_is_held_through_others_and_once, exit_stacks_in_a_circle_end,
		damage_holds_nothing, a_thing_is_called_as_its_frame_reaches_it,
		a_name_is_looked_for_once_and_damage_has_none,
		the_call_of_the_program_is_named_and_what_waits_tells_the_kind,
		wait_for_counts_only_when_it_waits_itself, only_asyncios_own_files_count,
		a_timer_is_found_by_what_it_acts_on_and_a_timeout_is_known};
	Suite *suite = suite_create("asyncio_waits");
	TCase *tc = tcase_create("waits");

	tcase_add_checked_fixture(tc, NULL, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tc, tests[i], 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
