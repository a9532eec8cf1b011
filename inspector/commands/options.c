#include "inspector/commands/options.h"

#include "inspector/base/alloc.h"
#include "inspector/commands/gdb_target.h"
#include "inspector/python/era.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPR_LIMIT 200
#define PATHS_MOST 3
#define ROWS_MOST  20
#define LIMIT_MAX  10000000
#define DEPTH_MAX  100

enum key {
	KEY_CORE = 256,
	KEY_EXE,
	KEY_SYSROOT,
	KEY_DEBUG_DIR,
	KEY_LAYOUT,
	KEY_NO_CACHE,
	KEY_NO_STOP,
	KEY_LOW_MEMORY,
	KEY_GDB,
	KEY_LIBRARY_DIR,
	KEY_JSON,
	KEY_EXPORT,
	KEY_LOCALS,
	KEY_REPR_LIMIT,
	KEY_PATHS,
	KEY_TYPE,
	KEY_LIMIT,
	KEY_DEPTH,
	KEY_RULES,
	KEY_FAIL_ON,
	KEY_SORT,
	KEY_NO_RETAINED,
	KEY_NAME,
	KEY_FUNCTION,
	KEY_FILE,
	KEY_FRAMES,
	KEY_ALL,
	KEY_FOLDED,
	KEY_COLOR,
};

static const struct argp_option option_table[] = {
	{NULL, 0, NULL, 0, "Target:", 1},
	{"pid", 'p', "PID", 0, "Inspect the process PID", 1},
	{"core", KEY_CORE, "FILE", 0, "Inspect the core dump FILE", 1},
	{"exe", KEY_EXE, "FILE", 0, "The executable that the core is of, when it is not where it was", 1},
	{"sysroot", KEY_SYSROOT, "DIR", 0, "Look for the target's files below DIR", 1},
	{"debug-dir", KEY_DEBUG_DIR, "DIR", 0,
		"Look for separate debug files below DIR, before /usr/lib/debug (can be repeated)", 1},
	{"library-dir", KEY_LIBRARY_DIR, "DIR", 0,
		"Look for a core's libraries in DIR, too: as DIR/usr/lib/libx.so or DIR/libx.so (can be "
		"repeated)",
		1},
	{"gdb", KEY_GDB, NULL, 0, "Inspect what GDB debugs: it pipes what it says of that", 1},
	{"no-stop", KEY_NO_STOP, NULL, 0,
		"Read a process without stopping it: what is read may not fit together", 1},
	{"low-memory", KEY_LOW_MEMORY, NULL, 0,
		"Copy no process: read it piece by piece, for which it stands still for longer", 1},
	{"layout", KEY_LAYOUT, "SOURCE,...", 0,
		"Take struct layouts from these only: dwarf, target, built-in (all)", 1},
	{"no-cache", KEY_NO_CACHE, NULL, 0, "Neither read nor write the cache of struct layouts", 1},
	{NULL, 0, NULL, 0, "What is shown:", 2},
	{"name", KEY_NAME, "GLOB", 0, "With tasks, stacks and tree: tasks whose name matches", 2},
	{"function", KEY_FUNCTION, "GLOB", 0,
		"With these and orphans: those with a frame of a function that matches", 2},
	{"file", KEY_FILE, "GLOB", 0, "The same with a frame in a file that matches", 2},
	{"frames", KEY_FRAMES, NULL, 0, "With tree: the frames of each task as well", 2},
	{"all", KEY_ALL, NULL, 0, "With tasks, tree, where, loops: ask the heap too; tree: alike ones singly",
		2},
	{NULL, 0, NULL, 0, "Output:", 3},
	{"json", KEY_JSON, NULL, 0, "Print JSON", 3},
	{"folded", KEY_FOLDED, NULL, 0, "With stacks: a line a stack, as flame graphs are made of", 3},
	{"export", KEY_EXPORT, NULL, 0, "With layout: print it as a table that can be built in", 3},
	{"locals", KEY_LOCALS, NULL, 0, "With where and threads: print the variables of every frame", 3},
	{"repr-limit", KEY_REPR_LIMIT, "N", 0, "Cut values after N characters (200)", 3},
	{"paths", KEY_PATHS, "N", 0, "Show at most N ways to an object (3)", 3},
	{"type", KEY_TYPE, "NAME", 0, "With refs and path: every object of a type, asyncio.Lock", 3},
	{"depth", KEY_DEPTH, "N", 0, "With refs: a tree of referrers, N steps deep (100 at most)", 3},
	{"no-retained", KEY_NO_RETAINED, NULL, 0,
		"With orphans, refs, path and JSON: not what objects retain, which takes most of the time",
		3},
	{"limit", KEY_LIMIT, "N", 0, "With refs, path and heap: show at most N objects or rows (20)", 3},
	{"rules", KEY_RULES, "RULE,...", 0, "With check and report: run these rules alone", 3},
	{"fail-on", KEY_FAIL_ON, "GATE,...", 0,
		"With check: when to end with status 3: RULE or SEVERITY, RULE>N (warning)", 3},
	{"sort", KEY_SORT, "KEY", 0,
		"With orphans: by path, retained, name or address (path); with heap: by bytes or count "
		"(bytes)",
		3},
	{"color", KEY_COLOR, "WHEN", 0, "Use colour: auto, always or never", 3},
	{NULL, 'h', NULL, OPTION_HIDDEN, NULL, -1},
	{0},
};

struct parser {
	struct options *options;
	const char **words; /* positional arguments */
	size_t count;
	unsigned given; /* options that not every command takes: TAKES_* */
};

static void parse_pid(struct argp_state *state, const char *text, pid_t *pid)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || *end || end == text || value <= 0 || value > INT_MAX)
		argp_error(state, "'%s' is no process ID", text);
	*pid = (pid_t)value;
}

static size_t parse_limit(struct argp_state *state, const char *name, const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || value < 1 || value > LIMIT_MAX)
		argp_error(state, "%s takes a number from 1 to %d, not '%s'", name, LIMIT_MAX, text);
	return value;
}

static enum when parse_when(struct argp_state *state, const char *text)
{
	if (strcmp(text, "always") == 0)
		return WHEN_ALWAYS;
	if (strcmp(text, "never") == 0)
		return WHEN_NEVER;
	if (strcmp(text, "auto") != 0)
		argp_error(state, "--color takes auto, always or never, not '%s'", text);
	return WHEN_AUTO;
}

static unsigned parse_sources(struct argp_state *state, const char *text)
{
	static const struct {
		const char *name;
		enum field_source source;
	} known[] = {{"dwarf", SOURCE_DWARF}, {"target", SOURCE_TARGET}, {"built-in", SOURCE_BUILT_IN}};
	unsigned sources = 0;

	while (*text) {
		size_t length = strcspn(text, ","), i = 0;

		while (i < 3 && (strlen(known[i].name) != length || strncmp(known[i].name, text, length)))
			i++;
		if (i == 3)
			break;
		sources |= 1U << known[i].source;
		text += length;
		if (*text && *++text == '\0')
			break;
	}
	if (*text || !sources)
		argp_error(state, "--layout takes dwarf, target and built-in, separated by commas");
	return sources;
}

static void refuse_rule(struct argp_state *state, const struct error *err)
{
	char *known = rules_list();

	if (err->kind == ERROR_NOT_FOUND)
		argp_error(state, "%s; the rules: %s", err->text, known);
	else
		argp_error(state, "%s", err->text);
	free(known);
}

void options_add_dir(const char ***dirs, size_t *count, const char *dir)
{
	*dirs = xrealloc(*dirs, (*count + 2) * sizeof(**dirs));
	(*dirs)[(*count)++] = dir;
	(*dirs)[*count] = NULL;
}

static bool is_number(const char *word)
{
	return *word && word[strspn(word, "0123456789")] == '\0';
}

/* A bare number that is no file is a PID. */
static void set_target(struct argp_state *state, struct options *o, const char *word)
{
	if (is_number(word) && access(word, F_OK) != 0)
		parse_pid(state, word, &o->pid);
	else
		o->core = word;
}

/* Options that the command does not take. */
static void check_given(struct argp_state *state, const struct parser *p)
{
	const struct {
		unsigned bit;
		const char *name;
	} known[] = {{TAKES_TYPE, "--type"}, {TAKES_DEPTH, "--depth"}, {TAKES_RULES, "--rules"},
		{TAKES_GATES, "--fail-on"}, {TAKES_NAME, "--name"},
		{TAKES_PLACE, p->options->filter.file ? "--file" : "--function"}, {TAKES_FRAMES, "--frames"},
		{TAKES_ALL, "--all"}, {TAKES_FOLDED, "--folded"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (p->given & ~p->options->command->takes & known[i].bit)
			argp_error(state, "%s takes no %s", p->options->command->name, known[i].name);
}

/* A word of the command's own; without --sort the first of them. */
static void check_sort_key(struct argp_state *state, struct options *o)
{
	const char *keys = command_sort_keys(o->command);

	if (o->sort && !keys)
		argp_error(state, "%s takes no --sort", o->command->name);
	for (const char *key = keys; key && *key; key += strspn(key, " ")) {
		size_t length = strcspn(key, " ");

		if (!o->sort || (strlen(o->sort) == length && strncmp(key, o->sort, length) == 0)) {
			o->sort = key;
			return;
		}
		key += length;
	}
	if (keys)
		argp_error(state, "--sort takes one of these with %s: %s; not '%s'", o->command->name, keys,
			o->sort);
}

static void need_argument(struct argp_state *state, const struct command *command)
{
	argp_error(state, "%s needs %s %s", command->name, strchr("AEIO", command->argument[0]) ? "an" : "a",
		command->argument);
}

/* [COMMAND [ARGUMENT]] TARGET or TARGET [COMMAND [ARGUMENT]], without TARGET when an option gave it. Each
 * command takes a fixed number of arguments, so that the words can be told apart. */
static void sort_words(struct argp_state *state, struct parser *p)
{
	struct options *o = p->options;
	const char **words = p->words;
	size_t count = p->count, taken;
	bool has_target = o->pid || o->core, wants_argument;

	if (!has_target && count && !command_find(words[0])) {
		if (!is_number(words[0]) && access(words[0], F_OK) != 0 && !strchr(words[0], '/') &&
			count > 1)
			argp_error(state, "'%s' is neither a command nor a file", words[0]);
		set_target(state, o, words[0]);
		has_target = true;
		words++;
		count--;
	}
	if (!count) {
		o->command = command_find("report");
		if (o->type)
			argp_error(state, "--type needs a command: refs or path");
	} else {
		o->command = command_find(words[0]);
		if (!o->command && (is_number(words[0]) || access(words[0], F_OK) == 0))
			argp_error(state, "there are two targets: '%s' is the second", words[0]);
		if (!o->command)
			argp_error(state, "there is no command '%s'", words[0]);
		check_given(state, p);
		wants_argument = o->command->argument && !o->type;
		taken = wants_argument ? 2 : 1;
		if (wants_argument && count >= 2)
			o->argument = words[1];
		if (!has_target && count == taken + 1) {
			set_target(state, o, words[taken]);
			has_target = true;
			count--;
		}
		if (!has_target && wants_argument && count == 2 && !o->pid && !o->core)
			argp_error(state, "no target: '%s' was taken for the %s that %s needs", words[1],
				o->command->argument, o->command->name);
		if (count < taken)
			need_argument(state, o->command);
		if (count > taken)
			argp_error(state, "there is one word too many: '%s'", words[taken]);
	}
	if (!has_target)
		argp_error(state, "no target: give --pid PID or a core file");
	check_sort_key(state, o);
	if ((o->low_memory || o->no_retained) && o->sort && strncmp(o->sort, "retained", 8) == 0)
		argp_error(state, "%s leaves out what orphans retain: sort them by another key",
			o->low_memory ? "--low-memory" : "--no-retained");
}

/* GDB names the target: all that follows the command is its argument, also when a name has blanks. */
static void sort_gdb_words(struct argp_state *state, struct parser *p)
{
	struct options *o = p->options;
	const char *name = p->count ? p->words[0] : "report";
	struct strbuf argument = STRBUF_INIT;

	o->command = command_find(name);
	if (!o->command)
		o->command = gdb_command_find(name);
	if (!o->command)
		argp_error(state, "there is no command '%s'", name);
	check_given(state, p);
	if (p->count > 1 && (!o->command->argument || o->type))
		argp_error(state, "there is one word too many: '%s'", p->words[1]);
	for (size_t i = 0; p->count > 1 && i < o->gdb->state.word_count; i++)
		if (o->gdb->state.words[i] == p->words[1])
			o->gdb->argument_is_name = o->gdb->state.is_quoted[i];
	for (size_t i = 1; i < p->count; i++)
		strbuf_printf(&argument, "%s%s", i > 1 ? " " : "", p->words[i]);
	if (p->count > 1)
		o->argument = o->joined = strbuf_steal(&argument);
	else if (o->command->argument && !o->type && o->command->needs != NEEDS_NOTHING)
		need_argument(state, o->command);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct parser *p = state->input;
	struct options *o = p->options;
	struct error err = ERROR_INIT;

	switch (key) {
	case 'h':
		argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP);
		break;
	case 'p':
		parse_pid(state, argument, &o->pid);
		break;
	case KEY_CORE:
		o->core = argument;
		break;
	case KEY_EXE:
		o->executable = argument;
		break;
	case KEY_SYSROOT:
		o->sysroot = argument;
		break;
	case KEY_DEBUG_DIR:
		options_add_dir(&o->debug_dirs, &o->debug_dir_count, argument);
		break;
	case KEY_LIBRARY_DIR:
		options_add_dir(&o->library_dirs, &o->library_dir_count, argument);
		break;
	case KEY_GDB:
		if (!o->gdb)
			argp_error(state, "--gdb is not cut");
		break;
	case KEY_LAYOUT:
		o->layout_sources = parse_sources(state, argument);
		break;
	case KEY_NO_CACHE:
		o->use_cache = false;
		break;
	case KEY_NO_STOP:
		o->no_stop = true;
		break;
	case KEY_NO_RETAINED:
		o->no_retained = true;
		break;
	case KEY_LOW_MEMORY:
		o->low_memory = true;
		break;
	case KEY_JSON:
		o->as_json = true;
		break;
	case KEY_EXPORT:
		o->as_table = true;
		break;
	case KEY_LOCALS:
		o->with_locals = true;
		break;
	case KEY_REPR_LIMIT:
		o->repr_limit = parse_limit(state, "--repr-limit", argument);
		break;
	case KEY_PATHS:
		o->paths_most = parse_limit(state, "--paths", argument);
		break;
	case KEY_TYPE:
		o->type = argument;
		p->given |= TAKES_TYPE;
		break;
	case KEY_DEPTH:
		o->depth = parse_limit(state, "--depth", argument);
		if (o->depth > DEPTH_MAX)
			o->depth = DEPTH_MAX;
		p->given |= TAKES_DEPTH;
		break;
	case KEY_LIMIT:
		o->rows_most = parse_limit(state, "--limit", argument);
		break;
	case KEY_NAME:
		o->filter.name = argument;
		p->given |= TAKES_NAME;
		break;
	case KEY_FUNCTION:
		o->filter.function = argument;
		p->given |= TAKES_PLACE;
		break;
	case KEY_FILE:
		o->filter.file = argument;
		p->given |= TAKES_PLACE;
		break;
	case KEY_FRAMES:
		o->with_frames = true;
		p->given |= TAKES_FRAMES;
		break;
	case KEY_FOLDED:
		o->as_folded = true;
		p->given |= TAKES_FOLDED;
		break;
	case KEY_ALL:
		o->is_unfolded = true;
		p->given |= TAKES_ALL;
		break;
	case KEY_RULES:
		if (!rules_parse(argument, &o->rules, &err))
			refuse_rule(state, &err);
		p->given |= TAKES_RULES;
		break;
	case KEY_FAIL_ON:
		if (!gates_parse(argument, &o->gates, &err))
			refuse_rule(state, &err);
		p->given |= TAKES_GATES;
		break;
	case KEY_SORT:
		o->sort = argument;
		break;
	case KEY_COLOR:
		o->color = parse_when(state, argument);
		break;
	case ARGP_KEY_ARG:
		p->words = xrealloc(p->words, (p->count + 1) * sizeof(*p->words));
		p->words[p->count++] = argument;
		break;
	case ARGP_KEY_END:
		if (o->pid && o->core)
			argp_error(state, "both a process and a core were given");
		if (o->gdb)
			sort_gdb_words(state, p);
		else
			sort_words(state, p);
		check_given(state, p);
		if (o->as_folded && o->as_json)
			argp_error(state, "--folded is no JSON: one of them has to go");
		if (!gates_fit_rules(&o->gates, o->rules, &err))
			argp_error(state, "%s", err.text);
		if (!o->gates.count)
			gates_parse("warning", &o->gates, &err);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void print_version(FILE *out, struct argp_state *state)
{
	(void)state;
	fprintf(out, "asyncinspect %s\nReads CPython %s on x86_64.\n", ASYNCINSPECT_VERSION,
		era_known_versions());
}

/* With --gdb the command line goes on in what GDB pipes. Caller frees; NULL: it was not given. */
static char **add_gdb_words(int *argc, char **argv, struct options *o)
{
	struct error err = ERROR_INIT;
	char **words;
	size_t count = 0;
	bool is_given = false;

	for (int i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++)
		is_given |= strcmp(argv[i], "--gdb") == 0;
	if (!is_given)
		return NULL;
	o->gdb = gdb_create(&err);
	if (!o->gdb) {
		fprintf(stderr, "asyncinspect: %s\nasyncinspect: hint: %s\n", err.text, err.advice);
		exit(2);
	}
	words = xcalloc((size_t)*argc + o->gdb->state.word_count + 1, sizeof(*words));
	for (int i = 0; i < *argc; i++)
		words[count++] = argv[i];
	for (size_t i = 0; i < o->gdb->state.word_count; i++)
		words[count++] = o->gdb->state.words[i];
	*argc = (int)count;
	return words;
}

void options_parse(int argc, char **argv, struct options *options)
{
	char **longer_argv;

	struct parser parser = {.options = options};
	char *doc = xstrdup(
		"Shows the asyncio tasks, await chains and orphaned coroutines of a CPython process or core "
		"dump.\v");
	struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.args_doc = "[COMMAND [ARGUMENT]] TARGET\nTARGET [COMMAND [ARGUMENT]]",
	};

	*options = (struct options){.use_cache = true,
		.repr_limit = REPR_LIMIT,
		.paths_most = PATHS_MOST,
		.rows_most = ROWS_MOST};
	for (size_t i = 0; command_at(i); i++) {
		const struct command *c = command_at(i);
		char *head = c->argument ? xasprintf("%s %s", c->name, c->argument) : xstrdup(c->name);
		char *longer = xasprintf("%s%s  %-14s %s\n", doc, i ? "" : "Commands:\n", head, c->summary);

		free(head);
		free(doc);
		doc = longer;
	}
	argp.doc = doc;
	argp_program_version_hook = print_version;
	argp_err_exit_status = 2;
	longer_argv = add_gdb_words(&argc, argv, options);
	argp_parse(&argp, argc, longer_argv ? longer_argv : argv, 0, NULL, &parser);
	free(longer_argv);
	free(parser.words);
	free(doc);
}

void options_deinit(struct options *options)
{
	gates_deinit(&options->gates);
	free(options->debug_dirs);
	free(options->library_dirs);
	free(options->joined);
	gdb_destroy(options->gdb);
}
