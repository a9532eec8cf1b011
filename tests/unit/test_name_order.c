/* The order of names is that of strverscmp. */
#include "inspector/base/name_order.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_name_order(void);

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

/* A linear congruential generator: the same names in every run. */
static unsigned next_number(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

START_TEST(it_is_that_of_strverscmp)
{
	static const char letters[] = "0019a-b\xc3";
	uint32_t seed = 1;

	for (int round = 0; round < 300000; round++) {
		char a[24] = "", b[24] = "";
		size_t a_length = next_number(&seed) % 14, b_length = next_number(&seed) % 14;

		for (size_t i = 0; i < a_length; i++)
			a[i] = letters[next_number(&seed) % 8];
		/* Mostly as the other one: where they differ first is what matters. */
		for (size_t i = 0; i < b_length; i++)
			b[i] = i < a_length && next_number(&seed) % 8 ? a[i]
								      : letters[next_number(&seed) % 8];
		/* An assertion that holds is a message to the runner, too: 300,000 take minutes. */
		if (sign(name_compare(a, a_length, b, b_length)) != sign(strverscmp(a, b)))
			ck_abort_msg("%s and %s", a, b);
	}
}
END_TEST

Suite *suite_name_order(void)
{
	Suite *suite = suite_create("name_order");
	TCase *tcase = tcase_create("name_order");

	tcase_add_test(tcase, it_is_that_of_strverscmp);
	suite_add_tcase(suite, tcase);
	return suite;
}
