/* live_case: a child whose memory is known, and a target of it. Each file that includes it has its own. */
#ifndef TESTS_UNIT_LIVE_CASE_H
#define TESTS_UNIT_LIVE_CASE_H

#include "inspector/target/target.h"
#include "tests/unit/child.h"
#include "tests/unit/warned.h"

#include <check.h>
#include <string.h>

#define PAGE ((size_t)4096)

/* The same address in the child, other bytes. */
static volatile char letters[3 * 4096];

static inline void fill(char letter)
{
	memset((void *)(uintptr_t)letters, letter, sizeof(letters));
}

/* Changes its memory each time it is told to go, until the pipe is closed. */
static inline int run_letters(struct child *self, void *context)
{
	for (char letter = 'a';; letter++) {
		fill(letter);
		child_ready(self);
		child_wait(self);
	}
	return 0;
}

static inline struct target *open_well(pid_t pid, const struct target_options *options)
{
	struct error err = ERROR_INIT;
	struct target *t = target_open_process(pid, options, &err);

	ck_assert_msg(t != NULL, "%s", err.text);
	return t;
}

static inline void capture_well(struct target *t)
{
	struct error err = ERROR_INIT;
	bool settled = false;

	ck_assert_msg(target_capture(t, NULL, NULL, &settled, &err), "%s", err.text);
	ck_assert(settled);
}

static inline struct target *open_and_capture(pid_t pid, const struct target_options *options)
{
	struct target *t = open_well(pid, options);

	capture_well(t);
	return t;
}

static inline void has_letter(const struct target *t, char letter)
{
	const char *bytes = target_bytes(t, (uintptr_t)letters, sizeof(letters), NULL);

	ck_assert_ptr_nonnull(bytes);
	ck_assert_ptr_ne(bytes, (const char *)(uintptr_t)letters);
	for (size_t i = 0; i < sizeof(letters); i++)
		ck_assert_int_eq(bytes[i], letter);
}

#endif
