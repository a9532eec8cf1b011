/* What a thread waits for in the kernel, from registers and from /proc. */
#include "inspector/target/system_call.h"
#include "inspector/target/target.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <time.h>

Suite *suite_system_call(void);

#define BASE UINT64_C(0x7f0000000000)

static uint64_t registers[sizeof(struct user_regs_struct) / 8];

static void set(size_t offset, uint64_t value)
{
	registers[offset / 8] = value;
}

#define SET(name, value) set(offsetof(struct user_regs_struct, name), (uint64_t)(value))

static void sleep_in(uint64_t number, int64_t result)
{
	memset(registers, 0, sizeof(registers));
	SET(orig_rax, number);
	SET(rax, result);
	SET(rdi, 1);
	SET(rsi, 2);
	SET(rdx, 3);
	SET(r10, 4);
	SET(r8, 5);
	SET(r9, 6);
}

START_TEST(call_that_was_interrupted_is_waited_in)
{
	static const int64_t interrupted[] = {-512, -513, -514, -516, -EINTR};
	struct system_call call;

	for (size_t i = 0; i < sizeof(interrupted) / sizeof(interrupted[0]); i++) {
		sleep_in(SYS_recvfrom, interrupted[i]);
		system_call_of_registers(registers, &call);
		ck_assert(call.is_waiting);
		ck_assert_uint_eq(call.number, SYS_recvfrom);
		for (uint64_t k = 0; k < SYSTEM_CALL_ARGUMENTS; k++)
			ck_assert_uint_eq(call.arguments[k], k + 1);
	}
}
END_TEST

START_TEST(call_that_returned_and_no_call_are_not)
{
	struct system_call call;

	sleep_in(SYS_recvfrom, 17);
	system_call_of_registers(registers, &call);
	ck_assert(!call.is_waiting);
	sleep_in((uint64_t)-1, -512);
	system_call_of_registers(registers, &call);
	ck_assert(!call.is_waiting);
}
END_TEST

START_TEST(text_of_proc_tells_sleepers_alone)
{
	struct system_call call;

	system_call_of_text("232 0x3 0x7f1 0x20 0xffffffff 0x5 0x6 0x7ffc10 0x7f20\n", &call);
	ck_assert(call.is_waiting);
	ck_assert_uint_eq(call.number, 232);
	ck_assert_uint_eq(call.arguments[3], 0xffffffff);
	system_call_of_text("running\n", &call);
	ck_assert(!call.is_waiting);
	system_call_of_text("-1 0x7ffc10 0x7f20\n", &call);
	ck_assert(!call.is_waiting);
	system_call_of_text("232 0x3\n", &call);
	ck_assert(!call.is_waiting);
	system_call_of_text("", &call);
	ck_assert(!call.is_waiting);
}
END_TEST

START_TEST(names_are_known_or_not)
{
	ck_assert_str_eq(system_call_name(SYS_recvfrom), "recvfrom");
	ck_assert_ptr_null(system_call_name(99999));
}
END_TEST

static bool sleep_of(
	uint64_t number, const uint64_t *arguments, const struct timespec *time, struct system_sleep *sleep)
{
	uint8_t bytes[64] = {0};
	const struct region region = {.start = BASE, .end = BASE + sizeof(bytes), .bytes = bytes};
	struct system_call call = {.is_waiting = true, .number = number};
	struct target *t;
	bool ok;

	memcpy(call.arguments, arguments, sizeof(call.arguments));
	memcpy(bytes, time, sizeof(*time));
	t = target_open_memory(&region, 1);
	ok = system_call_sleep(t, &call, sleep);
	target_close(t);
	return ok;
}

START_TEST(sleep_says_for_how_long_or_until_when)
{
	const struct timespec time = {.tv_sec = 90, .tv_nsec = 500000000};
	struct system_sleep sleep;

	ck_assert(sleep_of(
		SYS_clock_nanosleep, (uint64_t[6]){CLOCK_MONOTONIC, TIMER_ABSTIME, BASE}, &time, &sleep));
	ck_assert(sleep.until > 90.4 && sleep.until < 90.6 && sleep.seconds < 0);
	ck_assert(sleep_of(SYS_clock_nanosleep, (uint64_t[6]){CLOCK_MONOTONIC, 0, BASE}, &time, &sleep));
	ck_assert(sleep.seconds > 90.4 && sleep.seconds < 90.6 && sleep.until < 0);
	ck_assert(sleep_of(SYS_nanosleep, (uint64_t[6]){BASE}, &time, &sleep));
	ck_assert(sleep_of(SYS_pselect6, (uint64_t[6]){0, 0, 0, 0, BASE}, &time, &sleep));
	ck_assert(sleep.seconds > 90.4);
	/* The same bits as a struct timeval: half a second has more microseconds than fit. */
	ck_assert(!sleep_of(SYS_select, (uint64_t[6]){0, 0, 0, 0, BASE}, &time, &sleep));
	ck_assert(sleep_of(SYS_select, (uint64_t[6]){0, 0, 0, 0, BASE},
		&(const struct timespec){.tv_sec = 90, .tv_nsec = 500000}, &sleep));
	ck_assert(sleep.seconds > 90.4 && sleep.seconds < 90.6);
	ck_assert(!sleep_of(SYS_select, (uint64_t[6]){1, 0, 0, 0, BASE},
		&(const struct timespec){.tv_sec = 90, .tv_nsec = 500000}, &sleep));
	/* Descriptors are waited for, too; another clock; other calls. */
	ck_assert(!sleep_of(SYS_pselect6, (uint64_t[6]){4, 0, 0, 0, BASE}, &time, &sleep));
	ck_assert(!sleep_of(
		SYS_clock_nanosleep, (uint64_t[6]){CLOCK_REALTIME, TIMER_ABSTIME, BASE}, &time, &sleep));
	ck_assert(!sleep_of(SYS_futex, (uint64_t[6]){BASE, BASE, BASE, BASE, BASE, BASE}, &time, &sleep));
}
END_TEST

START_TEST(sleep_of_spoiled_memory_is_not_known)
{
	const struct timespec negative = {.tv_sec = -1}, large = {.tv_nsec = 1000000000};
	struct system_sleep sleep;

	ck_assert(!sleep_of(SYS_nanosleep, (uint64_t[6]){BASE}, &negative, &sleep));
	ck_assert(!sleep_of(SYS_nanosleep, (uint64_t[6]){BASE}, &large, &sleep));
	ck_assert(!sleep_of(SYS_nanosleep, (uint64_t[6]){BASE + 60}, &large, &sleep));
	ck_assert(!sleep_of(SYS_nanosleep, (uint64_t[6]){0}, &large, &sleep));
	ck_assert(sleep.seconds < 0 && sleep.until < 0);
}
END_TEST

Suite *suite_system_call(void)
{
	Suite *suite = suite_create("system_call");
	TCase *tc = tcase_create("system_call");

	tcase_add_test(tc, call_that_was_interrupted_is_waited_in);
	tcase_add_test(tc, call_that_returned_and_no_call_are_not);
	tcase_add_test(tc, text_of_proc_tells_sleepers_alone);
	tcase_add_test(tc, names_are_known_or_not);
	tcase_add_test(tc, sleep_says_for_how_long_or_until_when);
	tcase_add_test(tc, sleep_of_spoiled_memory_is_not_known);
	suite_add_tcase(suite, tc);
	return suite;
}
