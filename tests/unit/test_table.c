#include "inspector/base/alloc.h"
#include "inspector/report/table_private.h"

#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_table(void);

static const char *const cells[] = {"", "a", "a name", "caf\xc3\xa9", "\xe6\xbc\xa2\xe5\xad\x97", "e\xcc\x81",
	"\xf0\x9f\x98\x80", "\xff", "line\nfeed", NULL, "a text that is wider than all of the others are"};

enum { CELLS = sizeof(cells) / sizeof(cells[0]) };

static struct table *make(const struct view *view, uint32_t seed, size_t rows)
{
	static const enum column_kind kinds[] = {
		COLUMN_TREE, COLUMN_NUMBER, COLUMN_CUT, COLUMN_TEXT, COLUMN_MAIN};
	struct table *table = table_create(view);
	size_t parents[64];

	for (size_t k = 0; k < 5; k++)
		table_add_column(table, k == 3 ? "" : "TITLE", seed % 2 && k == 0 ? COLUMN_TEXT : kinds[k]);
	for (size_t i = 0; i < rows; i++) {
		size_t above = i ? i - 1 : SIZE_MAX;

		for (seed = seed * 1103515245 + 12345; above != SIZE_MAX && seed >> 16 & 1;
			seed = seed * 1103515245 + 12345)
			above = parents[above];
		parents[i] = seed % 3 == 0 ? SIZE_MAX : above;
		table_add_row_below(table, table->columns[0].kind == COLUMN_TREE ? parents[i] : SIZE_MAX);
		for (size_t k = 0; k < 5; k++) {
			seed = seed * 1103515245 + 12345;
			table_set(table, k, cells[(seed >> 16) % CELLS]);
		}
	}
	return table;
}

static char *printed(struct table *table, bool by_library)
{
	FILE *out = stdout;
	char *text = NULL;
	size_t size = 0;
	bool done = true;

	stdout = open_memstream(&text, &size);
	if (by_library)
		table_print_by_library(table);
	else
		done = table_print_plain(table);
	fclose(stdout);
	stdout = out;
	table_destroy(table);
	ck_assert(done);
	return text;
}

START_TEST(a_table_looks_the_same_without_the_library)
{
	struct view view = {.model = NULL};

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	for (uint32_t seed = 1; seed <= 300; seed++) {
		char *plain = printed(make(&view, seed, 1 + seed % 40), false);
		char *expected = printed(make(&view, seed, 1 + seed % 40), true);

		ck_assert_str_eq(plain, expected);
		free(plain);
		free(expected);
	}
}
END_TEST

START_TEST(rows_that_are_not_in_the_order_of_the_tree_are_left_to_the_library)
{
	struct view view = {.model = NULL};
	struct table *table = table_create(&view);

	table_add_column(table, "TREE", COLUMN_TREE);
	table_add_row(table);
	table_add_row(table);
	table_add_row_below(table, 0);
	ck_assert(!table_print_plain(table));
	table_destroy(table);
}
END_TEST

Suite *suite_table(void)
{
	Suite *suite = suite_create("table");
	TCase *tc = tcase_create("table");

	tcase_add_test(tc, a_table_looks_the_same_without_the_library);
	tcase_add_test(tc, rows_that_are_not_in_the_order_of_the_tree_are_left_to_the_library);
	suite_add_tcase(suite, tc);
	return suite;
}
