/* Loops that no thread runs, where programs keep theirs. */
#include "inspector/asyncio/kept_loops.h"
#include "tests/unit/fake_python.h"

Suite *suite_kept_loops(void);

static struct fake *f;
static struct fake_world world;
static struct pythreads threads;
static struct asyncio_classes classes;
static struct addresses loops;

static void setup(void)
{
	classes = (struct asyncio_classes){0};
	loops = (struct addresses){0};
}

static void teardown(void)
{
	addresses_deinit(&loops);
	asyncio_classes_deinit(&classes);
	fake_destroy(f);
	f = NULL;
}

static void start(int version)
{
	f = fake_create(version);
	fake_world(f, &world);
	ck_assert(pythreads_read(f->py, &threads, NULL));
	ck_assert(asyncio_classes_find(f->py, &threads, &classes));
}

static uint64_t new_loop(void)
{
	return fake_object(f, fake_get(f, world.loop, FIELD_object_type), 64);
}

static bool finds(uint64_t loop)
{
	loops.count = 0;
	kept_loops_add(f->py, &classes, &threads, &loops);
	for (size_t i = 0; i < loops.count; i++)
		if (loops.items[i] == loop)
			return true;
	return false;
}

/* What set_event_loop() leaves: a policy whose threading.local has, at one of its words, dicts by thread. */
static uint64_t set_policy(uint64_t of_threads)
{
	uint64_t policy_class = fake_class(f,
		&(struct fake_class){
			.name = "_UnixDefaultEventLoopPolicy", .has_dict = true, .attributes = {"_local"}});
	uint64_t local = fake_object(f, fake_type(f, "_thread._local"), 48), module;

	fake_word(f, local + 16, FAKE_NOWHERE);
	fake_word(f, local + 24, 17);
	fake_word(f, local + 32, of_threads);
	ck_assert(pyinterp_module(f->py, &threads.interps[0], "asyncio.events", &module));
	fake_set(f, module, FIELD_module_dict,
		fake_dict(f, fake_str(f, "_event_loop_policy"), fake_instance(f, policy_class, local)));
	return local;
}

static uint64_t of_thread(uint64_t loop)
{
	return fake_dict(f, fake_str(f, "_set_called"), fake_bool(f, true), fake_str(f, "_loop"), loop);
}

START_TEST(kept_loops_of_the_policy)
{
	uint64_t loop, other;

	start(_i);
	loop = new_loop();
	other = new_loop();
	set_policy(fake_dict(
		f, fake_str(f, "a dummy"), of_thread(loop), fake_str(f, "another"), of_thread(other)));
	ck_assert(finds(loop) && finds(other));
	ck_assert_uint_eq(f->py->unreadable, 0);
}
END_TEST

START_TEST(kept_loops_of_a_policy_that_cannot_be_read_are_none)
{
	uint64_t loop, local, dict;

	start(_i);
	loop = new_loop();
	/* Not a loop; no dictionary of a thread; none at all; memory that is not there. */
	dict = of_thread(fake_str(f, "no loop"));
	set_policy(fake_dict(f, fake_str(f, "a dummy"), dict, fake_str(f, "another"), loop));
	ck_assert(!finds(loop));
	set_policy(of_thread(loop));
	ck_assert(!finds(loop));
	set_policy(FAKE_LOST);
	ck_assert(!finds(loop));
	local = set_policy(fake_dict(f, fake_str(f, "a dummy"), of_thread(loop)));
	fake_set(f, fake_read(f, local + 32), FIELD_dict_keys, FAKE_NOWHERE);
	ck_assert(!finds(loop));
	fake_set(f, local, FIELD_object_type, FAKE_UNMAPPED);
	ck_assert(!finds(loop));
}
END_TEST

START_TEST(kept_loops_of_a_size_that_no_local_has_are_none)
{
	uint64_t loop, local;

	start(_i);
	loop = new_loop();
	local = set_policy(fake_dict(f, fake_str(f, "a dummy"), of_thread(loop)));
	fake_set(f, fake_get(f, local, FIELD_object_type), FIELD_type_basicsize, UINT64_C(1) << 40);
	ck_assert(!finds(loop));
}
END_TEST

START_TEST(kept_loops_of_the_main_module)
{
	uint64_t loop;

	start(_i);
	loop = new_loop();
	ck_assert(!finds(loop));
	fake_set(f, world.main_module, FIELD_module_dict,
		fake_dict(f, fake_str(f, "spare"), loop, fake_str(f, "lost"), FAKE_LOST));
	ck_assert(finds(loop));
	fake_set(f, world.main_module, FIELD_module_dict, FAKE_NOWHERE);
	ck_assert(!finds(loop));
}
END_TEST

START_TEST(kept_loops_of_frames)
{
	const uint8_t kinds[] = {0x20, 0x40}; /* CO_FAST_LOCAL, CO_FAST_CELL */
	uint64_t loop, shared, code, slots[2];

	start(_i);
	loop = new_loop();
	shared = new_loop();
	slots[0] = loop;
	slots[1] = fake_cell(f, shared);
	code = fake_code(
		f, &(struct fake_code){.name = "serve", .locals = {"loop", "other"}, .kinds = kinds});
	fake_set_top_frame(f,
		fake_frame(f,
			&(struct fake_frame){
				.code = code, .lasti = 8, .slots = slots, .slot_count = 2, .stacktop = 2}));
	ck_assert(!finds(loop));
	ck_assert(pythreads_read(f->py, &threads, NULL));
	ck_assert(finds(loop) && finds(shared));
}
END_TEST

Suite *suite_kept_loops(void)
{
	Suite *suite = suite_create("kept_loops");
	TCase *tc = tcase_create("kept_loops");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, kept_loops_of_the_policy, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, kept_loops_of_a_policy_that_cannot_be_read_are_none, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, kept_loops_of_a_size_that_no_local_has_are_none, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, kept_loops_of_the_main_module, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, kept_loops_of_frames, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
