#include "inspector/commands/gdb_answer.h"

#include "inspector/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_STATUS 64
#define MOST_NAMES   32

/* GDB reads a line of any length, but parses a format as a whole. */
#define PIECE_BYTES 2000

static bool same_file(int one, int other)
{
	struct stat a, b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* A file in memory takes the place of a descriptor; *old keeps what that was. Returns the file, or -1. */
static int divert(int descriptor, int *old)
{
	int file = memfd_create("asyncinspect answer", MFD_CLOEXEC);

	if (file < 0)
		return -1;
	*old = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
	if (*old < 0 || dup2(file, descriptor) < 0) {
		close(file);
		return -1;
	}
	return file;
}

bool gdb_answer_open(struct gdb_answer *answer, pid_t gdb, struct error *err)
{
	*answer = (struct gdb_answer){.gdb = gdb, .diagnostics = -1, .old_output = -1, .old_errors = -1};
	answer->is_terminal = isatty(STDOUT_FILENO);
	answer->output = divert(STDOUT_FILENO, &answer->old_output);
	if (answer->output < 0)
		return error_errno(err, errno, "cannot collect the answer for GDB");
	answer->is_open = true;
	return true;
}

void gdb_answer_diagnose(struct gdb_answer *answer)
{
	if (answer->is_open && same_file(answer->old_output, STDERR_FILENO))
		answer->diagnostics = divert(STDERR_FILENO, &answer->old_errors);
}

/* --- quoting ----------------------------------------------------------------------------------------------
 */

/* A byte as GDB's format strings have it (format_pieces in gdbsupport/format.cc): they know no octal. Only
 * colour needs an escape; other control characters are not in an answer. */
static void quote_byte(char byte, struct strbuf *commands)
{
	if (byte == '"' || byte == '\\')
		strbuf_append_char(commands, '\\');
	else if (byte == '%')
		strbuf_append_char(commands, '%');
	if (byte == '\033')
		strbuf_append(commands, "\\e");
	else if (byte == '\t')
		strbuf_append(commands, "\\t");
	else
		strbuf_append_char(commands, (unsigned char)byte < 0x20 || byte == 0x7f ? '?' : byte);
}

static bool is_inside_character(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

void gdb_answer_quote(const char *text, size_t length, struct strbuf *commands)
{
	for (size_t i = 0; i < length;) {
		size_t start = i;

		strbuf_append(commands, "printf \"");
		while (i < length && text[i] != '\n' &&
			(i - start < PIECE_BYTES || is_inside_character(text[i])))
			quote_byte(text[i++], commands);
		if (i < length && text[i] == '\n') {
			strbuf_append(commands, "\\n");
			i++;
		}
		strbuf_append(commands, "\"\n");
	}
}

static bool quote_file(int file, struct strbuf *commands)
{
	struct stat status;
	void *text;

	if (file < 0 || fstat(file, &status) != 0 || status.st_size == 0)
		return file < 0 || status.st_size == 0;
	text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (text == MAP_FAILED)
		return false;
	gdb_answer_quote(text, (size_t)status.st_size, commands);
	munmap(text, (size_t)status.st_size);
	return true;
}

/* --- the file ---------------------------------------------------------------------------------------------
 */

static char *answer_path(const struct gdb_answer *answer, int number)
{
	return xasprintf("/tmp/asyncinspect-gdb.%d.%d", (int)answer->gdb, number);
}

static bool write_all(int file, const struct strbuf *text)
{
	size_t done = 0;

	while (done < text->length) {
		ssize_t count = write(file, text->text + done, text->length - done);

		if (count < 0 && errno != EINTR)
			return false;
		done += count > 0 ? (size_t)count : 0;
	}
	return true;
}

/* One GDB does one command at a time: what bears its number and is ours is left over. In a folder with the
 * sticky bit another user's stays, and the next number is tried. */
static int create(const struct gdb_answer *answer, int *number, char **path)
{
	for (*number = 0; *number < MOST_NAMES; ++*number) {
		struct stat status;
		int file;

		*path = answer_path(answer, *number);
		if (lstat(*path, &status) == 0 && status.st_uid == geteuid())
			unlink(*path);
		file = open(*path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (file >= 0 || errno != EEXIST)
			return file;
		free(*path);
		*path = NULL;
	}
	return -1;
}

static void restore(int *old, int descriptor)
{
	if (*old < 0)
		return;
	dup2(*old, descriptor);
	close(*old);
	*old = -1;
}

static int write_file(const struct gdb_answer *answer, int status)
{
	struct strbuf text = STRBUF_INIT, head = STRBUF_INIT;
	int number = 0, file, result = 1;
	char *path = NULL;

	if (!quote_file(answer->output, &text) || !quote_file(answer->diagnostics, &text)) {
		fprintf(stderr, "asyncinspect: cannot read back the answer for GDB: %s\n", strerror(errno));
		strbuf_deinit(&text);
		return 1;
	}
	if (answer->commands.length)
		strbuf_append_bytes(&text, answer->commands.text, answer->commands.length);
	file = create(answer, &number, &path);
	if (file >= 0) {
		strbuf_printf(&head,
			"# Written by asyncinspect for GDB.\n"
			"pipe -d <asyncio|> -- echo <asyncio|> cat >/dev/null; rm -f %s\n"
			"set $asyncio_status = %d\n",
			path, status);
		if (write_all(file, &head) && write_all(file, &text) && close(file) == 0)
			result = FIRST_STATUS + number;
	}
	if (result == 1)
		fprintf(stderr, "asyncinspect: cannot write the answer for GDB, %s: %s\n",
			path ? path : "/tmp/asyncinspect-gdb.*", strerror(errno));
	if (result == 1 && file >= 0)
		unlink(path);
	free(path);
	strbuf_deinit(&head);
	strbuf_deinit(&text);
	return result;
}

int gdb_answer_close(struct gdb_answer *answer, int status)
{
	if (!answer->is_open)
		return status;
	fflush(stdout);
	fflush(stderr);
	restore(&answer->old_output, STDOUT_FILENO);
	restore(&answer->old_errors, STDERR_FILENO);
	status = write_file(answer, status);
	close(answer->output);
	if (answer->diagnostics >= 0)
		close(answer->diagnostics);
	strbuf_deinit(&answer->commands);
	answer->is_open = false;
	return status;
}
