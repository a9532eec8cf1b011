/* What GDB says of itself, and what it is answered. */
#include "inspector/commands/gdb_answer.h"
#include "inspector/commands/gdb_state.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_gdb_state(void);

#define RECORD(name, text) "\036" name "\037" text
#define ROW		   "* 1    process 886       1 (native)           /usr/bin/python3.11 \n"
#define HEAD		   "  Num  Description       Connection           Executable        \n"
#define FILES                                                                                                \
	"Symbols from \"/usr/bin/python3.11\".\nLocal core dump file:\n"                                     \
	"\t`/tmp/core 1', file type elf64-x86-64.\n\t0x0001 - 0x0002 is load1\nLocal exec file:\n"           \
	"\t`/usr/bin/python', file type x's', file type elf64-x86-64.\n\tEntry point: 0x60a790\n"

static struct gdb_state parse(const char *text)
{
	struct gdb_state state;

	gdb_state_parse(text, strlen(text), &state);
	return state;
}

START_TEST(the_current_inferior_is_the_one_with_the_asterisk)
{
	static const struct {
		const char *row;
		enum gdb_inferior inferior;
		pid_t pid;
	} rows[] = {
		{"* 1    process 886       1 (native)           /usr/bin/python3.11 \n", GDB_PROCESS, 886},
		{"* 12   process 886       3 (core)             /usr/bin/python3.11 \n", GDB_CORE, 886},
		{"* 1    process 886       1 (core)                                 \n", GDB_CORE, 886},
		{"* 1    <null>                                 /usr/bin/python3.11 \n", GDB_NOTHING, 0},
		{"* 1    <null>                                                     \n", GDB_NOTHING, 0},
		{"* 2    process 7         2 (extended-remote :33) target:/x (y)    \n", GDB_FOREIGN, 7},
		{"* 2    Remote target     2 (remote /dev/ttyS0)  \n", GDB_FOREIGN, 0},
		{"* 1    process 886\n", GDB_UNKNOWN, 886},
		{"* 1    process 99999999999999999999 1 (native) \n", GDB_PROCESS, -1},
		{"  1    process 886       1 (native)           /usr/bin/python3.11 \n", GDB_UNKNOWN, 0},
		{"*\n", GDB_UNKNOWN, 0},
		{"* \n", GDB_UNKNOWN, 0},
		{"* 1\n", GDB_UNKNOWN, 0},
		{"* 1 process 886 1 (native", GDB_UNKNOWN, 886},
		{"", GDB_UNKNOWN, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct gdb_state state;

		snprintf(text, sizeof(text), HEAD "  3    process 5         1 (native)   /bin/x\n%s",
			rows[i].row);
		state = parse(text);
		ck_assert_msg(
			state.inferior == rows[i].inferior, "kind %d of %s", state.inferior, rows[i].row);
		if (rows[i].pid >= 0)
			ck_assert_msg(state.pid == rows[i].pid, "pid %d of %s", state.pid, rows[i].row);
		gdb_state_deinit(&state);
	}
}
END_TEST

START_TEST(the_paths_of_a_core_and_its_executable_are_whole)
{
	struct gdb_state state = parse(HEAD "* 1 process 886  1 (core)  /usr/bin/python\n" FILES);

	ck_assert_str_eq(state.core, "/tmp/core 1");
	ck_assert_str_eq(state.executable, "/usr/bin/python', file type x's");
	gdb_state_deinit(&state);
	/* `info files` alone tells as much. */
	state = parse(FILES);
	ck_assert_int_eq(state.inferior, GDB_CORE);
	ck_assert_str_eq(state.core, "/tmp/core 1");
	gdb_state_deinit(&state);
	/* Of a process the first file is the executable. */
	state = parse(HEAD ROW "Local exec file:\n\t`/usr/bin/python3', file type elf64-x86-64.\n");
	ck_assert_ptr_null(state.core);
	ck_assert_str_eq(state.executable, "/usr/bin/python3");
	gdb_state_deinit(&state);
}
END_TEST

START_TEST(records_are_taken_as_they_come_and_the_first_of_a_name_counts)
{
	struct gdb_state state = parse(RECORD("gdb", "4711") RECORD("word", "where") RECORD("word",
		"\"a b\"") RECORD("word", "'it's'") RECORD("word", "a\"b") RECORD("word", "\"") RECORD("word",
		"--core=\"/a b\"") RECORD("word", "") RECORD("value", "0x10") RECORD("width", "80")
			RECORD("style", "1") RECORD("sysroot", "target:/srv/root") RECORD("solib-search-path",
				":/a b::/c") RECORD("debug-file-directory", "target:/usr/lib/debug:/d")
				RECORD("snapshot", "2 -1 /tmp/a b") RECORD("inferiors", HEAD ROW)
					RECORD("files", FILES) RECORD("gdb", "1") RECORD("word", "more")
						RECORD("sysroot", "/evil"));
	static const char *const words[] = {"where", "a b", "it's", "a\"b", "\"", "--core=/a b", "", "more"};

	ck_assert(state.is_session);
	ck_assert_int_eq(state.gdb, 4711);
	ck_assert_uint_eq(state.word_count, sizeof(words) / sizeof(words[0]));
	for (size_t i = 0; i < state.word_count; i++) {
		ck_assert_str_eq(state.words[i], words[i]);
		ck_assert_int_eq(state.is_quoted[i], i == 1 || i == 2);
	}
	ck_assert_ptr_null(state.words[state.word_count]);
	ck_assert_str_eq(state.value, "0x10");
	ck_assert_int_eq(state.width, 80);
	ck_assert(state.has_style);
	ck_assert_str_eq(state.sysroot, "/srv/root");
	ck_assert_str_eq(state.library_dirs[0], "/a b");
	ck_assert_str_eq(state.library_dirs[1], "/c");
	ck_assert_ptr_null(state.library_dirs[2]);
	ck_assert_str_eq(state.debug_dirs[0], "/usr/lib/debug");
	ck_assert_str_eq(state.debug_dirs[1], "/d");
	ck_assert_ptr_null(state.debug_dirs[2]);
	ck_assert_int_eq(state.snapshot_owner, 2);
	ck_assert_int_eq(state.snapshot_pid, -1);
	ck_assert_str_eq(state.snapshot, "/tmp/a b");
	ck_assert_int_eq(state.inferior, GDB_PROCESS);
	ck_assert_int_eq(state.pid, 886);
	gdb_state_deinit(&state);
}
END_TEST

START_TEST(the_root_as_sysroot_is_none)
{
	static const char *const none[] = {"", "/", "//", "target:", "target:/"};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		char text[64];
		struct gdb_state state;

		snprintf(text, sizeof(text), RECORD("gdb", "1") RECORD("sysroot", "%s"), none[i]);
		state = parse(text);
		ck_assert_ptr_null(state.sysroot);
		gdb_state_deinit(&state);
	}
}
END_TEST

/* Cut at each byte: nothing is read behind the end, nothing is lost before it (the sanitizers look). */
START_TEST(what_is_cut_anywhere_is_read_as_far_as_it_goes)
{
	static const char whole[] = RECORD("gdb", "4711") RECORD("word", "\"a b\"")
		RECORD("snapshot", "1 2 /s") RECORD("solib-search-path", "/a:/b")
			RECORD("inferiors", HEAD ROW) RECORD("files", FILES)
				RECORD("threads", "* 1    Thread 0x1 (LWP 886) \"a\"\n");

	for (size_t length = 0; length < sizeof(whole); length++) {
		char *text = malloc(length ? length : 1), number[32];
		struct gdb_state state;

		memcpy(text, whole, length);
		gdb_state_parse(text, length, &state);
		ck_assert(state.gdb <= 4711);
		ck_assert_ptr_nonnull(state.words);
		gdb_state_thread(&state, 886, number);
		gdb_state_deinit(&state);
		free(text);
	}
}
END_TEST

START_TEST(what_mi_has_quoted_is_read_as_well)
{
	struct gdb_state state = parse("~\"\\036gdb\\037\"\n~\"12\"\n~\"\\036word\\037a\\\"b\\\\\"\n=cmd\n"
				       "~\"\\036inferiors\\037\"\n" HEAD ROW "~\"cut");

	ck_assert_int_eq(state.gdb, 12);
	ck_assert_str_eq(state.words[0], "a\"b\\");
	ck_assert_int_eq(state.pid, 886);
	gdb_state_deinit(&state);
}
END_TEST

START_TEST(threads_are_found_by_the_kernels_number)
{
	struct gdb_state state = parse(RECORD("gdb", "1") RECORD("threads",
		"  Id   Target Id                                    Frame \n"
		"* 1    Thread 0x7f (LWP 886) \"LWP 900\" 0x00 in poll (LWP 901)\n"
		"  2.3  Thread 0x7e (LWP 887) \"x\" 0x00\n  4    LWP 888 \"x\" 0x00\n"
		"  5    Thread 900.889 \"x\" 0x00\n  6    process 890 \"x\" 0x00\n"
		"  99999999999999999999999999999999999999 LWP 891 \n  No threads.\n"));
	char number[32];

	ck_assert_str_eq(gdb_state_thread(&state, 886, number), "1");
	ck_assert_str_eq(gdb_state_thread(&state, 887, number), "2.3");
	ck_assert_str_eq(gdb_state_thread(&state, 888, number), "4");
	ck_assert_str_eq(gdb_state_thread(&state, 889, number), "5");
	ck_assert_str_eq(gdb_state_thread(&state, 890, number), "6");
	ck_assert_ptr_null(gdb_state_thread(&state, 900, number));
	ck_assert_ptr_null(gdb_state_thread(&state, 901, number));
	ck_assert_ptr_null(gdb_state_thread(&state, 891, number));
	ck_assert_ptr_null(gdb_state_thread(&state, 0, number));
	gdb_state_deinit(&state);
}
END_TEST

START_TEST(nothing_in_an_answer_is_a_command_or_a_format)
{
	struct strbuf commands = STRBUF_INIT;
	static const char text[] = "50%s \"a\\n\"\n\nshell id\n\033[1mx\033[0m\ty\001\xc3\xa9 end";

	gdb_answer_quote(text, sizeof(text) - 1, &commands);
	ck_assert_str_eq(strbuf_text(&commands),
		"printf \"50%%s \\\"a\\\\n\\\"\\n\"\nprintf \"\\n\"\nprintf \"shell id\\n\"\n"
		"printf \"\\e[1mx\\e[0m\\ty?\xc3\xa9 end\"\n");
	strbuf_deinit(&commands);
}
END_TEST

START_TEST(a_long_line_is_printed_in_pieces_between_characters)
{
	struct strbuf text = STRBUF_INIT, commands = STRBUF_INIT;

	for (int i = 0; i < 5000; i++)
		strbuf_append(&text, "\xe2\x80\xa6");
	gdb_answer_quote(text.text, text.length, &commands);
	ck_assert(utf8_valid(commands.text, commands.length));
	for (const char *line = commands.text; *line; line = strchr(line, '\n') + 1) {
		const char *end = strchr(line, '\n');

		ck_assert_ptr_nonnull(end);
		ck_assert(end - line < 2100);
		ck_assert(utf8_valid(line, (size_t)(end - line)));
	}
	strbuf_deinit(&text);
	strbuf_deinit(&commands);
}
END_TEST

Suite *suite_gdb_state(void)
{
	Suite *suite = suite_create("gdb_state");
	TCase *tcase = tcase_create("parse");

	tcase_add_test(tcase, the_current_inferior_is_the_one_with_the_asterisk);
	tcase_add_test(tcase, the_paths_of_a_core_and_its_executable_are_whole);
	tcase_add_test(tcase, records_are_taken_as_they_come_and_the_first_of_a_name_counts);
	tcase_add_test(tcase, the_root_as_sysroot_is_none);
	tcase_add_test(tcase, what_is_cut_anywhere_is_read_as_far_as_it_goes);
	tcase_add_test(tcase, what_mi_has_quoted_is_read_as_well);
	tcase_add_test(tcase, threads_are_found_by_the_kernels_number);
	tcase_add_test(tcase, nothing_in_an_answer_is_a_command_or_a_format);
	tcase_add_test(tcase, a_long_line_is_printed_in_pieces_between_characters);
	suite_add_tcase(suite, tcase);
	return suite;
}
