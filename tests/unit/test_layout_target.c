/* The target's own tables of offsets, right ones and spoiled ones. */
#include "inspector/python/layout_target.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_layout_target(void);

#define BASE	UINT64_C(0x7f0000000000)
#define PAGE	4096
#define ASYNCIO (BASE + 2048)

static const struct {
	uint32_t hexversion;
	size_t bytes, sizes[3], last; /* of the table; where sizes stand; the position of the last entry */
} versions[] = {
	{0x030d00f0, 584, {24, 48, 152}, 576},
	{0x030e0af0, 760, {24, 48, 176}, 688},
	{0x030f02f0, 888, {24, 48, 176}, 816},
};

static uint8_t memory[PAGE];
static struct target *target;
static struct layout layout;
static struct layout_request request;
static struct error err;

static void put(size_t at, uint64_t number)
{
	memcpy(memory + at, &number, sizeof(number));
}

/* Every size is 4096, every offset 8 times its number in the table. */
static void setup_version(int i)
{
	const struct region region = {.start = BASE, .end = BASE + PAGE, .bytes = memory};

	memset(memory, 0, sizeof(memory));
	for (size_t at = 0; at < versions[i].bytes; at += 8)
		put(at, at);
	for (size_t at = 24; at < versions[i].bytes; at += 8)
		put(at, 1024 + at);
	for (size_t at = 0; at < 13; at++)
		put(2048 + 8 * at, 100 + 8 * at);
	put(2048, 240);
	put(2048 + 56, 7000);
	put(2048 + 72, 8000);
	memcpy(memory, "xdebugpy", 8);
	put(8, versions[i].hexversion);
	put(16, 0);
	target = target_open_memory(&region, 1);
	request = (struct layout_request){
		.target = target, .runtime = BASE, .hexversion = versions[i].hexversion};
	layout_clear(&layout);
	err = (struct error)ERROR_INIT;
}

static void teardown(void)
{
	target_close(target);
	target = NULL;
}

/* Sizes are larger than any offset, so that only what a test spoils is wrong. */
static void make_sizes(int i)
{
	static const size_t sizes[][16] = {
		{24, 48, 152, 224, 272, 352, 368, 400, 424, 448, 472, 488, 512, 536, 568},
		{24, 48, 176, 248, 312, 400, 416, 448, 472, 496, 528, 552, 568, 592, 616, 648},
		{24, 48, 176, 312, 376, 464, 480, 528, 544, 568, 592, 624, 648, 664, 688, 712},
	};

	for (size_t k = 0; k < 16 && sizes[i][k]; k++)
		put(sizes[i][k], 8192 + sizes[i][k]);
	if (i == 1)
		put(664, 8192);
	if (i == 2) {
		put(752, 8192);
		put(792, 8192);
	}
}

static bool is_empty(void)
{
	for (int id = 0; id < FIELD_COUNT; id++)
		if (layout_has(&layout, id) || layout.fields[id].source != SOURCE_NONE)
			return false;
	return true;
}

static void assert_refused(enum error_kind kind, uint64_t address)
{
	err = (struct error)ERROR_INIT;
	ck_assert(!layout_read_debug_offsets(&layout, &request, &err));
	ck_assert_str_eq(error_kind_name(err.kind), error_kind_name(kind));
	ck_assert_uint_eq(err.address, address);
	ck_assert(is_empty());
}

START_TEST(offsets_are_where_the_version_has_them)
{
	static const uint32_t basicsize[] = {NO_OFFSET, NO_OFFSET, 1024 + 512};
	static const uint32_t owner[] = {264, 288, 352}, state[] = {0, 688, 816};

	setup_version(_i);
	make_sizes(_i);
	ck_assert_msg(layout_read_debug_offsets(&layout, &request, &err), "%s", err.text);
	ck_assert_uint_eq(layout.fields[FIELD_runtime_interpreters_head].offset, 1024 + 40);
	ck_assert_uint_eq(layout.fields[FIELD_runtime_interpreters_head].size, 8);
	ck_assert_int_eq(layout.fields[FIELD_runtime_interpreters_head].source, SOURCE_TARGET);
	ck_assert_uint_eq(layout.fields[FIELD_frame_owner].offset, 1024 + owner[_i]);
	ck_assert_uint_eq(layout.fields[FIELD_frame_owner].size, 1);
	ck_assert_uint_eq(layout.fields[FIELD_type_basicsize].offset, basicsize[_i]);
	ck_assert_uint_eq(layout.fields[FIELD_sizeof_dict].offset, 0);
	ck_assert_uint_ge(layout.fields[FIELD_sizeof_dict].size, 8192);
	ck_assert_int_eq(layout_has(&layout, FIELD_gen_state), state[_i] != 0);
	ck_assert(!layout_has(&layout, FIELD_type_mro));
}
END_TEST

START_TEST(a_table_that_is_not_what_it_should_be_is_refused_whole)
{
	setup_version(_i);
	make_sizes(_i);
	memory[7] ^= 1; /* the cookie */
	assert_refused(ERROR_CORRUPT, BASE);
	memory[7] ^= 1;
	memory[9] ^= 1; /* the version */
	assert_refused(ERROR_CORRUPT, BASE + 8);
	memory[9] ^= 1;
	request.runtime_size = 8192 + 23; /* the symbol says otherwise */
	assert_refused(ERROR_CORRUPT, BASE + 24);
	request.runtime_size = 8192 + 24;
	ck_assert(layout_read_debug_offsets(&layout, &request, &err));
}
END_TEST

START_TEST(impossible_sizes_and_members_outside_are_refused)
{
	static const uint64_t sizes[] = {0, 7, UINT64_C(1) << 32, UINT64_MAX};
	static const uint64_t offsets[] = {9000, UINT64_MAX, UINT64_MAX - 7, UINT64_C(1) << 32};
	size_t last = versions[_i].last;

	setup_version(_i);
	make_sizes(_i);
	for (size_t k = 0; k < 3; k++) {
		size_t at = versions[_i].sizes[k];

		for (size_t n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
			put(at, sizes[n]);
			assert_refused(ERROR_CORRUPT, BASE + at);
		}
		put(at, 8192 + at);
	}
	for (size_t n = 0; n < sizeof(offsets) / sizeof(offsets[0]); n++) {
		put(last, offsets[n]);
		assert_refused(ERROR_CORRUPT, BASE + last);
	}
}
END_TEST

START_TEST(a_table_that_is_cut_off_is_refused)
{
	setup_version(_i);
	make_sizes(_i);
	request.runtime = BASE + PAGE - versions[_i].bytes + 8;
	memcpy(memory + (request.runtime - BASE), "xdebugpy", 8);
	assert_refused(ERROR_UNMAPPED, BASE + PAGE);
}
END_TEST

START_TEST(versions_without_a_table_are_not_asked)
{
	static const uint32_t others[] = {0x030c01f0, 0x030800f0, 0x031000a1, 0x040d00f0, 0};

	setup_version(0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		request.hexversion = others[i];
		assert_refused(ERROR_NOT_FOUND, 0);
	}
}
END_TEST

START_TEST(the_table_of_asyncio_is_read)
{
	setup_version(1);
	ck_assert_msg(layout_read_asyncio_debug(&layout, &request, ASYNCIO, 104, &err), "%s", err.text);
	ck_assert_uint_eq(layout.fields[FIELD_sizeof_task].size, 240);
	ck_assert_uint_eq(layout.fields[FIELD_task_name].offset, 108);
	ck_assert_uint_eq(layout.fields[FIELD_task_coroutine].offset, 140);
	ck_assert_uint_eq(layout.fields[FIELD_thread_running_loop].offset, 180);
	ck_assert_int_eq(layout.fields[FIELD_task_name].source, SOURCE_TARGET);
}
END_TEST

START_TEST(a_spoiled_table_of_asyncio_is_refused)
{
	setup_version(1);
	ck_assert(!layout_read_asyncio_debug(&layout, &request, ASYNCIO, 96, &err));
	ck_assert_str_eq(error_kind_name(err.kind), error_kind_name(ERROR_CORRUPT));
	put(2048 + 40, 240 - 7); /* the coroutine ends behind the task */
	ck_assert(!layout_read_asyncio_debug(&layout, &request, ASYNCIO, 104, &err));
	ck_assert_uint_eq(err.address, ASYNCIO + 40);
	ck_assert(is_empty());
	ck_assert(!layout_read_asyncio_debug(&layout, &request, BASE + PAGE - 96, 104, &err));
	ck_assert_str_eq(error_kind_name(err.kind), error_kind_name(ERROR_UNMAPPED));
}
END_TEST

Suite *suite_layout_target(void)
{
	Suite *suite = suite_create("layout_target");
	TCase *tc = tcase_create("tables");
	int count = sizeof(versions) / sizeof(versions[0]);

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, offsets_are_where_the_version_has_them, 0, count);
	tcase_add_loop_test(tc, a_table_that_is_not_what_it_should_be_is_refused_whole, 0, count);
	tcase_add_loop_test(tc, impossible_sizes_and_members_outside_are_refused, 0, count);
	tcase_add_loop_test(tc, a_table_that_is_cut_off_is_refused, 0, count);
	tcase_add_test(tc, versions_without_a_table_are_not_asked);
	tcase_add_test(tc, the_table_of_asyncio_is_read);
	tcase_add_test(tc, a_spoiled_table_of_asyncio_is_refused);
	suite_add_tcase(suite, tc);
	return suite;
}
