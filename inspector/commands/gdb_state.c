#include "inspector/commands/gdb_state.h"

#include "inspector/base/alloc.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define RECORD	'\036'
#define CONTENT '\037'

/* --- MI ---------------------------------------------------------------------------------------------------
 */

/* The character that a string of MI has at *at, which is moved behind it (c_printstr of GDB). */
static char unquote(const char **at)
{
	static const char names[] = "abefnrtv", codes[] = "\a\b\033\f\n\r\t\v";
	const char *found;
	int code = 0;

	if (**at != '\\' || (*at)[1] == '\0')
		return *(*at)++;
	++*at;
	if (**at < '0' || **at > '7') {
		found = strchr(names, **at);
		code = found ? codes[found - names] : **at;
		++*at;
		return (char)code;
	}
	for (int i = 0; i < 3 && **at >= '0' && **at <= '7'; i++)
		code = code * 8 + (*(*at)++ - '0');
	return (char)code;
}

/* Of a command that came by MI GDB 18 pipes as MI has it what is no table: ~"TEXT", a line each. In place. */
static void decode_mi(char *text)
{
	const char *at = text;
	char *out = text;

	while (*at) {
		bool is_quoted = at[0] == '~' && at[1] == '"';
		bool is_notice = at[0] == '=' || at[0] == '&';

		for (at += is_quoted ? 2 : 0; is_quoted && *at && *at != '"' && *at != '\n';)
			*out++ = unquote(&at);
		while (*at && *at != '\n') {
			if (!is_quoted && !is_notice)
				*out++ = *at;
			at++;
		}
		if (*at == '\n' && !is_quoted && !is_notice)
			*out++ = '\n';
		at += *at == '\n';
	}
	*out = '\0';
}

/* --- records ----------------------------------------------------------------------------------------------
 */

/* The text of the next record of that name at or after *at, which is moved behind it. Caller frees. */
static char *take_record(const char *name, const char *end, const char **at)
{
	size_t length = strlen(name);

	for (const char *record = *at; record < end; record++) {
		const char *next = memchr(record + 1, RECORD, (size_t)(end - record - 1));

		next = next ? next : end;
		if ((size_t)(next - record) > length + 1 && record[length + 1] == CONTENT &&
			memcmp(record + 1, name, length) == 0) {
			*at = next;
			return xstrndup(record + length + 2, (size_t)(next - record) - length - 2);
		}
		record = next - 1;
	}
	return NULL;
}

/* The first record of that name; NULL also when it is empty. Caller frees. */
static char *first_record(const char *name, const char *text, const char *end)
{
	char *found = take_record(name, end, &text);

	if (found && !*found) {
		free(found);
		found = NULL;
	}
	return found;
}

static long number_record(const char *name, const char *text, const char *end)
{
	char *found = first_record(name, text, end);
	long number = found ? strtol(found, NULL, 10) : 0;

	free(found);
	return number < 0 || number > INT_MAX ? 0 : number;
}

/* GDB hands arguments on with the quotes that kept them together, around the whole or, as in --core="a b",
 * around what follows the equals sign. */
static bool remove_quotes(char *word)
{
	char *start = word, *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
	size_t length;

	if (equals)
		start = equals + 1;
	length = strlen(start);
	if (length < 2 || (start[0] != '"' && start[0] != '\'') || start[length - 1] != start[0])
		return false;
	memmove(start, start + 1, length - 2);
	start[length - 2] = '\0';
	return start == word;
}

static void take_words(const char *text, const char *end, struct gdb_state *state)
{
	size_t capacity = 0, flags = 0;
	char *word;

	while ((word = take_record("word", end, &text))) {
		state->words = grow_array(state->words, &capacity, state->word_count + 2, sizeof(char *));
		state->is_quoted = grow_array(state->is_quoted, &flags, state->word_count + 1, sizeof(bool));
		state->is_quoted[state->word_count] = remove_quotes(word);
		state->words[state->word_count++] = word;
		state->words[state->word_count] = NULL;
	}
}

/* A list of directories with colons between them. "target:" before a path means the machine of the target:
 * for a process or a core that is this one. Caller frees the list and each. */
static char **split_dirs(const char *text)
{
	size_t count = 0, capacity = 0;
	char **dirs = grow_array(NULL, &capacity, 1, sizeof(char *));

	while (text && *text) {
		size_t length = strcspn(text, ":");

		if (length > 0 && !(length == 6 && strncmp(text, "target:", 7) == 0)) {
			dirs = grow_array(dirs, &capacity, count + 2, sizeof(char *));
			dirs[count++] = xstrndup(text, length);
		}
		text += length + (text[length] == ':');
	}
	dirs[count] = NULL;
	return dirs;
}

static char *take_sysroot(const char *text, const char *end)
{
	char *sysroot = first_record("sysroot", text, end);
	size_t skip = sysroot && strncmp(sysroot, "target:", 7) == 0 ? 7 : 0;
	char *path = sysroot ? xstrdup(sysroot + skip) : NULL;

	free(sysroot);
	if (path && path[strspn(path, "/")] == '\0') {
		free(path);
		path = NULL;
	}
	return path;
}

static void take_snapshot(const char *text, const char *end, struct gdb_state *state)
{
	char *record = first_record("snapshot", text, end), *at = record;

	if (!record)
		return;
	state->snapshot_owner = strtol(at, &at, 10);
	state->snapshot_pid = (pid_t)strtol(at, &at, 10);
	if (*at == ' ' && at[1])
		state->snapshot = xstrdup(at + 1);
	free(record);
}

/* --- info inferiors ---------------------------------------------------------------------------------------
 */

/* The number of a connection and what is in the parentheses behind it: "  1 (native)". */
static char *find_connection(const char *row, const char *end)
{
	for (const char *at = row; at + 1 < end; at++) {
		const char *digits, *close;

		if (at[0] != ' ' || !isdigit((unsigned char)at[1]))
			continue;
		for (digits = at + 1; digits < end && isdigit((unsigned char)*digits); digits++)
			;
		if (end - digits < 3 || digits[0] != ' ' || digits[1] != '(')
			continue;
		close = memchr(digits, ')', (size_t)(end - digits));
		return close ? xstrndup(digits + 2, (size_t)(close - digits) - 2) : NULL;
	}
	return NULL;
}

static enum gdb_inferior kind_of(const char *connection)
{
	if (!connection)
		return GDB_UNKNOWN;
	return strcmp(connection, "native") == 0 ? GDB_PROCESS
	       : strcmp(connection, "core") == 0 ? GDB_CORE
						 : GDB_FOREIGN;
}

/* "* 1    process 886       1 (native)           /usr/bin/python3.11 " */
static bool parse_row(const char *row, const char *end, struct gdb_state *state)
{
	char *text = xstrndup(row, (size_t)(end - row)), *at = text + 1;
	bool done = false;

	state->inferior_number = strtol(at, &at, 10);
	at += strspn(at, " ");
	if (state->inferior_number > 0 && *at) {
		done = true;
		state->inferior = GDB_NOTHING;
		if (strncmp(at, "<null>", 6) != 0) {
			if (strncmp(at, "process ", 8) == 0)
				state->pid = (pid_t)strtol(at + 8, &at, 10);
			state->connection = find_connection(at, text + strlen(text));
			state->inferior = kind_of(state->connection);
		}
	}
	free(text);
	return done;
}

static void parse_inferiors(const char *text, struct gdb_state *state)
{
	for (const char *line = text; line && *line;) {
		const char *end = strchr(line, '\n');

		if (line[0] == '*' && line[1] == ' ' &&
			parse_row(line, end ? end : line + strlen(line), state))
			return;
		line = end ? end + 1 : NULL;
	}
}

/* --- info files -------------------------------------------------------------------------------------------
 */

/* The path in "\t`/path', file type elf64-x86-64." Caller frees; NULL: it is no such line. */
static char *quoted_path(const char *line, const char *end)
{
	static const char middle[] = "', file type ";
	const char *last = NULL;

	if (end - line < 3 || line[0] != '\t' || line[1] != '`')
		return NULL;
	for (const char *at = line + 2; at + sizeof(middle) - 1 <= end; at++)
		if (memcmp(at, middle, sizeof(middle) - 1) == 0)
			last = at;
	return last ? xstrndup(line + 2, (size_t)(last - line) - 2) : NULL;
}

/* The targets, the uppermost first: a core is above the executable. Where nothing else has told that there is
 * a core, its title does. */
static void parse_files(const char *text, struct gdb_state *state)
{
	bool is_core = state->inferior == GDB_CORE;

	for (const char *line = text; line && *line;) {
		const char *end = strchr(line, '\n'), *stop = end ? end : line + strlen(line);
		char *path = quoted_path(line, stop);

		if (strncmp(line, "Local core dump file:", 21) == 0)
			is_core = true;
		if (path) {
			char **place = is_core ? &state->core : &state->executable;

			is_core = false;
			if (*place)
				free(path);
			else
				*place = path;
		}
		line = end ? end + 1 : NULL;
	}
	if (state->core && state->inferior == GDB_UNKNOWN)
		state->inferior = GDB_CORE;
}

/* --- info threads -----------------------------------------------------------------------------------------
 */

/* "LWP 886", "Thread 886.887" of a remote target, or "process 886" of a single thread that GDB knows no more
 * of, in what stands before the name and the frame. */
static bool is_thread(const char *row, const char *end, uint64_t tid)
{
	const char *name = memchr(row, '"', (size_t)(end - row));
	char *text = xstrndup(row, (size_t)((name ? name : end) - row)), *at;
	uint64_t found = 0;

	if ((at = strstr(text, "LWP ")))
		found = strtoull(at + 4, NULL, 10);
	else if ((at = strstr(text, "Thread ")) && (at = strchr(at, '.')))
		found = strtoull(at + 1, NULL, 10);
	else if ((at = strstr(text, "process ")))
		found = strtoull(at + 8, NULL, 10);
	free(text);
	return found == tid && tid != 0;
}

const char *gdb_state_thread(const struct gdb_state *state, uint64_t tid, char number[32])
{
	for (const char *line = state->threads; line && *line;) {
		const char *end = strchr(line, '\n'), *stop = end ? end : line + strlen(line), *at = line;
		size_t length;

		at += *at == '*';
		at += strspn(at, " ");
		length = strspn(at, "0123456789.");
		if (length > 0 && length < 32 && at[length] == ' ' && is_thread(at + length, stop, tid)) {
			memcpy(number, at, length);
			number[length] = '\0';
			return number;
		}
		line = end ? end + 1 : NULL;
	}
	return NULL;
}

/* ----------------------------------------------------------------------------------------------------------
 */

static void parse_records(const char *text, const char *end, struct gdb_state *state)
{
	char *dirs, *inferiors, *files;

	state->is_session = true;
	state->gdb = (pid_t)number_record("gdb", text, end);
	take_words(text, end, state);
	state->value = first_record("value", text, end);
	take_snapshot(text, end, state);
	state->width = number_record("width", text, end);
	state->has_style = number_record("style", text, end) != 0;
	state->sysroot = take_sysroot(text, end);
	dirs = first_record("solib-search-path", text, end);
	state->library_dirs = split_dirs(dirs);
	free(dirs);
	dirs = first_record("debug-file-directory", text, end);
	state->debug_dirs = split_dirs(dirs);
	free(dirs);
	inferiors = first_record("inferiors", text, end);
	parse_inferiors(inferiors, state);
	free(inferiors);
	files = first_record("files", text, end);
	parse_files(files, state);
	free(files);
	state->threads = first_record("threads", text, end);
}

void gdb_state_parse(const char *text, size_t length, struct gdb_state *state)
{
	char *copy = xstrndup(text, length);

	*state = (struct gdb_state){.inferior = GDB_UNKNOWN};
	if (copy[0] == '~' && copy[1] == '"')
		decode_mi(copy);
	if (copy[0] == RECORD) {
		parse_records(copy, copy + strlen(copy), state);
	} else {
		parse_inferiors(copy, state);
		parse_files(copy, state);
		state->library_dirs = split_dirs(NULL);
		state->debug_dirs = split_dirs(NULL);
	}
	if (!state->words)
		state->words = xcalloc(1, sizeof(char *));
	free(copy);
}

static void free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void gdb_state_deinit(struct gdb_state *state)
{
	free_list(state->library_dirs);
	free_list(state->debug_dirs);
	free_list(state->words);
	free(state->is_quoted);
	free(state->connection);
	free(state->core);
	free(state->executable);
	free(state->sysroot);
	free(state->threads);
	free(state->value);
	free(state->snapshot);
	*state = (struct gdb_state){.inferior = GDB_UNKNOWN};
}
