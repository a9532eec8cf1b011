/* options: the command line. */
#ifndef ASYNCINSPECT_COMMANDS_OPTIONS_H
#define ASYNCINSPECT_COMMANDS_OPTIONS_H

#include "inspector/commands/command.h"
#include "inspector/findings/filter.h"
#include "inspector/findings/gate.h"
#include "inspector/python/layout.h"

#include <stdbool.h>
#include <sys/types.h>

struct gdb;

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct options {
	pid_t pid;			  /* 0: none given */
	const char *core;		  /* NULL: none given */
	const char *executable, *sysroot; /* NULL: none given */
	const char **debug_dirs;	  /* NULL-terminated, owned; NULL: none given */
	size_t debug_dir_count;
	const char **library_dirs; /* the same */
	size_t library_dir_count;
	char *joined;	 /* what argument is, when it is owned */
	struct gdb *gdb; /* --gdb: owned; NULL: not given */
	bool use_cache, no_stop, low_memory, no_retained;
	unsigned layout_sources; /* --layout: bits 1 << SOURCE_x; 0: not given */
	bool as_json, as_table, with_locals;
	size_t repr_limit; /* characters */
	size_t paths_most, rows_most;
	size_t depth; /* --depth; 0: not given */
	struct filter filter;
	bool with_frames, is_unfolded, as_folded; /* --frames, --all, --folded */
	uint64_t rules;	    /* --rules: bits 1 << (index in rules of findings.h); 0: not given */
	struct gates gates; /* --fail-on; what holds without it */
	const char *type;   /* NULL: not given */
	const char *sort;   /* one of command_sort_keys(command); NULL: it has none */
	enum when color;
	const struct command *command; /* never NULL after parsing */
	const char *argument;	       /* of the command; NULL: none */
};

/* Parses the command line. Ends the program with status 2 and one line on standard error when it makes no
 * sense, and with status 0 after --help, --usage or --version. */
void options_parse(int argc, char **argv, struct options *options);

/* Appends to such a list of folders. dir is borrowed. */
void options_add_dir(const char ***dirs, size_t *count, const char *dir);

void options_deinit(struct options *options);

#endif
