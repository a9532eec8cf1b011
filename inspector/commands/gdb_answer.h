/* gdb_answer: what GDB is to do and to print, as a file of GDB commands.
 *
 * /tmp/asyncinspect-gdb.PID.N, where PID is GDB's and N a number that the exit status tells: 64 + N. It is
 * made anew, for its owner alone, and its first command removes it; what an earlier command of the same GDB
 * and user has left is removed before. GDB cannot be handed a name, only a number, which is why the name is
 * this; somebody who takes them all gets an error message, and nothing is read that we have not written. */
#ifndef ASYNCINSPECT_COMMANDS_GDB_ANSWER_H
#define ASYNCINSPECT_COMMANDS_GDB_ANSWER_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"

#include <sys/types.h>

struct gdb_answer {
	pid_t gdb;
	bool is_open;
	bool is_terminal;	    /* standard output was one before */
	int output, diagnostics;    /* files in memory; -1: none */
	int old_output, old_errors; /* what descriptors 1 and 2 were; -1: they still are */
	struct strbuf commands;	    /* to be done after all is printed, a line each */
};

/* From here on standard output is collected. */
bool gdb_answer_open(struct gdb_answer *answer, pid_t gdb, struct error *err);

/* From here on standard error is collected too, if it is the file that standard output was, a terminal as a
 * rule: so that warnings come after the page there. */
void gdb_answer_diagnose(struct gdb_answer *answer);

/* Writes the file, restores both descriptors. status: what the program would end with, 0 to 63; it becomes
 * $asyncio_status. Returns the exit status; on failure 1, and a line was printed. */
int gdb_answer_close(struct gdb_answer *answer, int status);

/* Appends the GDB commands that print text: printf, a line each, at most some thousand bytes. Public for its
 * test. */
void gdb_answer_quote(const char *text, size_t length, struct strbuf *commands);

#endif
