/* Chains: from a coroutine across every await to what it finally waits for. */
#include "inspector/asyncio/follow.h"
#include "tests/unit/fake_python.h"

#include <stdlib.h>
#include <string.h>

Suite *suite_asyncio_chain(void);

static struct fake *f;
static struct asyncio_classes classes;
static struct stack_index stacks;
static struct pythreads no_threads;

static void setup(void)
{
	classes = (struct asyncio_classes){0};
	stacks = (struct stack_index){.threads = &no_threads};
}

static void teardown(void)
{
	asyncio_classes_deinit(&classes);
	addrmap_deinit(&stacks.by_generator);
	addrmap_deinit(&stacks.task_coroutines);
	fake_destroy(f);
	f = NULL;
}

static uint64_t suspended(const char *type, const char *name, uint64_t awaits)
{
	return fake_generator(f, &(struct fake_generator){.type = type,
					 .state = GEN_SUSPENDED,
					 .code = fake_code(f, &(struct fake_code){.name = name}),
					 .awaits = awaits});
}

static struct chain follow(uint64_t start)
{
	struct chain chain;

	chain_follow(f->py, &classes, &stacks, start, &chain);
	return chain;
}

START_TEST(chain_goes_through_every_wrapper_to_the_future)
{
	static const struct {
		const char *type;
		enum field_id field;
	} wrappers[] = {{"coroutine_wrapper", FIELD_wrapper_coroutine},
		{"async_generator_asend", FIELD_asend_generator},
		{"async_generator_athrow", FIELD_athrow_generator}, {"anext_awaitable", FIELD_anext_wrapped}};
	uint64_t future, iter, at;
	struct chain chain;

	f = fake_create(_i);
	future = fake_future(f, &(struct fake_future){0});
	iter = fake_holder(
		f, _i == FAKE_311 ? "FutureIter" : "_asyncio.FutureIter", FIELD_futureiter_future, future);
	at = suspended("async_generator", "innermost", iter);
	for (size_t i = 0; i < 4; i++)
		at = suspended(i == 2 ? "generator" : "coroutine", i == 3 ? "outermost" : "between",
			fake_holder(f, wrappers[i].type, wrappers[i].field, at));
	chain = follow(at);
	ck_assert_uint_eq(chain.future, future);
	ck_assert(!chain.is_cut && !chain.is_running);
	ck_assert_uint_eq(chain.count, 5);
	ck_assert_str_eq(chain.links[0].qualname, "outermost");
	ck_assert_str_eq(chain.links[4].qualname, "innermost");
	ck_assert_int_eq(chain.links[0].kind, LINK_COROUTINE);
	ck_assert_int_eq(chain.links[1].kind, LINK_GENERATOR);
	ck_assert_int_eq(chain.links[4].kind, LINK_ASYNC_GENERATOR);
	ck_assert_uint_eq(chain.links[4].line, 10);
	ck_assert_str_eq(chain.links[4].file, "/app/main.py");
}
END_TEST

START_TEST(chain_may_end_in_an_awaitable_or_in_nothing)
{
	uint64_t class, object;
	struct chain chain;

	f = fake_create(_i);
	class = fake_class(f, &(struct fake_class){.name = "Awaitable", .module = "app"});
	object = fake_object(f, class, 16);
	chain = follow(suspended("coroutine", "f", object));
	ck_assert_uint_eq(chain.count, 2);
	ck_assert_int_eq(chain.links[1].kind, LINK_AWAITABLE);
	ck_assert_str_eq(chain.links[1].qualname, "app.Awaitable");
	ck_assert_uint_eq(chain.future, 0);
	chain = follow(suspended("coroutine", "f", 0)); /* in a plain yield */
	ck_assert_uint_eq(chain.count, 1);
	ck_assert(!chain.is_cut);
	chain = follow(0);
	ck_assert_uint_eq(chain.count, 0);
}
END_TEST

START_TEST(chain_of_a_coroutine_that_awaits_itself_is_cut)
{
	uint64_t gen, a, b;
	struct chain chain;

	f = fake_create(_i);
	gen = suspended("coroutine", "f", f->py->none);
	fake_word(f, gen + python_field(f->py, FIELD_gen_frame)->offset + 72, gen);
	chain = follow(gen);
	ck_assert(chain.is_cut);
	ck_assert_uint_eq(chain.count, 1);
	a = suspended("coroutine", "a", f->py->none);
	b = suspended("coroutine", "b", a);
	fake_word(f, a + python_field(f->py, FIELD_gen_frame)->offset + 72,
		fake_holder(f, "coroutine_wrapper", FIELD_wrapper_coroutine, b));
	chain = follow(a);
	ck_assert(chain.is_cut);
	ck_assert_uint_eq(chain.count, 2);
}
END_TEST

START_TEST(chain_through_wrappers_of_wrappers_ends)
{
	uint64_t wrapper, gen;
	struct chain chain;
	struct pygen g;

	f = fake_create(_i);
	wrapper = fake_holder(f, "anext_awaitable", FIELD_anext_wrapped, 0);
	fake_set(f, wrapper, FIELD_anext_wrapped, wrapper);
	gen = suspended("coroutine", "f", wrapper);
	chain = follow(gen);
	ck_assert(chain.is_cut);
	ck_assert(pygen_read(f->py, gen, &g, NULL));
	ck_assert_uint_eq(chain_next(f->py, &g), wrapper);
}
END_TEST

START_TEST(chain_with_an_unreadable_part_is_cut_there)
{
	static const uint64_t wrong[] = {8, FAKE_LOST, FAKE_NOWHERE, UINT64_MAX};
	struct chain chain;

	f = fake_create(_i);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fake_forget(f);
		chain = follow(suspended("coroutine", "f", suspended("coroutine", "g", wrong[i])));
		ck_assert(chain.is_cut);
		ck_assert_uint_eq(chain.count, 2);
		ck_assert_str_eq(chain.links[1].qualname, "g");
		ck_assert_uint_eq(f->py->unreadable, 1);
	}
	chain = follow(FAKE_LOST);
	ck_assert(chain.is_cut && !chain.count);
}
END_TEST

START_TEST(chain_next_sees_through_wrappers)
{
	uint64_t future, iter;
	struct pygen g;

	f = fake_create(_i);
	future = fake_future(f, &(struct fake_future){0});
	iter = fake_holder(f, "_asyncio.FutureIter", FIELD_futureiter_future, future);
	ck_assert(pygen_read(f->py, suspended("coroutine", "f", iter), &g, NULL));
	ck_assert_uint_eq(chain_next(f->py, &g), future);
	ck_assert(pygen_read(f->py, suspended("coroutine", "f", 0), &g, NULL));
	ck_assert_uint_eq(chain_next(f->py, &g), 0);
	ck_assert(pygen_read(f->py, suspended("coroutine", "f", FAKE_LOST), &g, NULL));
	ck_assert_uint_eq(chain_next(f->py, &g), FAKE_LOST);
}
END_TEST

/* A running coroutine is continued by the frames that it called, up to the coroutine of another task. */
START_TEST(chain_of_a_running_coroutine_goes_on_on_the_stack)
{
	uint64_t code, outer, inner, calls;
	struct pythreads threads;
	struct chain chain;

	f = fake_create(_i);
	fake_start(f);
	code = fake_code(f, &(struct fake_code){.name = "f"});
	outer = fake_generator(f, &(struct fake_generator){.state = GEN_RUNNING, .code = code});
	inner = fake_generator(f, &(struct fake_generator){.state = GEN_RUNNING,
					  .code = code,
					  .previous = outer + python_field(f->py, FIELD_gen_frame)->offset});
	calls = fake_frame(f, &(struct fake_frame){.code = fake_code(f, &(struct fake_code){.name = "sync"}),
				      .previous = inner + python_field(f->py, FIELD_gen_frame)->offset,
				      .stacktop = -1});
	fake_set_top_frame(f, calls);
	ck_assert(pythreads_read(f->py, &threads, NULL));
	stacks.threads = &threads;
	addrmap_put(&stacks.by_generator, outer, 2);
	addrmap_put(&stacks.by_generator, inner, 1);
	chain = follow(outer);
	ck_assert(chain.is_running && !chain.is_cut);
	ck_assert_uint_eq(chain.count, 3);
	ck_assert_uint_eq(chain.links[1].address, inner);
	ck_assert_int_eq(chain.links[2].kind, LINK_FUNCTION);
	ck_assert_str_eq(chain.links[2].qualname, "sync");
	addrmap_put(&stacks.task_coroutines, inner, 0);
	ck_assert_uint_eq(follow(outer).count, 1);
}
END_TEST

/* So many tasks that threads share them: the answer is that of one chain after another. */
START_TEST(chains_of_many_tasks_are_those_of_each)
{
	enum { MANY = 1200, LOST_EACH = 100 };
	struct addrmap driven = ADDRMAP_INIT;
	struct asyncio a = {.task_count = MANY};
	uint64_t future, code, place;
	struct chain alone;

	f = fake_create_large(_i, 1 << 20);
	a.py = f->py;
	a.tasks = xcalloc(MANY, sizeof(*a.tasks));
	future = fake_future(f, &(struct fake_future){0});
	code = fake_code(f, &(struct fake_code){.name = "work"});
	for (size_t i = 0; i < MANY; i++) {
		struct task *task = &a.tasks[i];

		/* By name they stand in another order than by address. */
		task->address = 0x1000 + 16 * (i * 7 % MANY);
		addrmap_put(&a.task_index, task->address, i);
		task->parts.waiter = future;
		task->parts.coroutine =
			i % LOST_EACH ? fake_generator(f, &(struct fake_generator){.type = "coroutine",
								  .state = GEN_SUSPENDED,
								  .code = code,
								  .awaits = future})
				      : FAKE_LOST;
	}
	tasks_follow(&a, &stacks, &driven);
	ck_assert_uint_eq(f->py->unreadable, MANY / LOST_EACH);
	ck_assert_uint_eq(driven.used, MANY - MANY / LOST_EACH);
	for (size_t i = 0; i < MANY; i++) {
		const struct task *task = &a.tasks[i];

		alone = follow(task->parts.coroutine);
		ck_assert(task->chain.is_cut == alone.is_cut && alone.is_cut == (i % LOST_EACH == 0));
		ck_assert_uint_eq(task->chain.count, alone.count);
		ck_assert_uint_eq(task->chain.future, alone.future);
		ck_assert_int_eq(task->wait.kind, WAIT_FUTURE);
		if (!alone.count)
			continue;
		ck_assert_str_eq(task->chain.links[0].qualname, alone.links[0].qualname);
		ck_assert_uint_eq(task->chain.links[0].line, alone.links[0].line);
		ck_assert_uint_eq(task->chain.links[0].address, task->parts.coroutine);
		ck_assert(addrmap_get(&driven, task->parts.coroutine, &place));
		ck_assert_uint_eq(driven_task(place), i);
		ck_assert_uint_eq(driven_number(place), 0);
	}
	for (size_t i = 0; i < a.helper_count; i++)
		python_discard(a.helpers[i]);
	addrmap_deinit(&driven);
	addrmap_deinit(&a.task_index);
	asyncio_classes_deinit(&a.classes);
	free(a.tasks);
}
END_TEST

Suite *suite_asyncio_chain(void)
{
	Suite *suite = suite_create("asyncio_chain");
	TCase *tc = tcase_create("asyncio_chain");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, chain_goes_through_every_wrapper_to_the_future, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, chain_may_end_in_an_awaitable_or_in_nothing, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, chain_of_a_coroutine_that_awaits_itself_is_cut, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, chain_through_wrappers_of_wrappers_ends, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, chain_with_an_unreadable_part_is_cut_there, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, chain_next_sees_through_wrappers, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, chain_of_a_running_coroutine_goes_on_on_the_stack, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, chains_of_many_tasks_are_those_of_each, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
