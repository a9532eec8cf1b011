/* view: what of a model a command shows, and how. The same for text and JSON. */
#ifndef ASYNCINSPECT_REPORT_VIEW_H
#define ASYNCINSPECT_REPORT_VIEW_H

#include "inspector/findings/gate.h"
#include "inspector/findings/model.h"

enum {
	SHOW_INTERPRETERS = 1 << 0,
	SHOW_THREADS = 1 << 1,
	SHOW_LOOPS = 1 << 2,
	SHOW_TASKS = 1 << 3,
	SHOW_COROUTINES = 1 << 4,
	SHOW_ORPHANS = 1 << 5,
	SHOW_FINDINGS = 1 << 6,
	SHOW_LAYOUT = 1 << 7,
	SHOW_OBJECT = 1 << 8, /* of refs and path, asked for by address: there is one */
	SHOW_CYCLES = 1 << 10,
	SHOW_STACKS = 1 << 11,
	SHOW_OBJECTS = 1 << 9, /* of the same, asked for by name or type */
	SHOW_HEAP = 1 << 12,
};

enum sort_key { SORT_PATH, SORT_RETAINED, SORT_NAME, SORT_ADDRESS, SORT_BYTES, SORT_COUNT };

struct view {
	const struct model *model; /* NULL for a layout alone */
	struct python *py;
	unsigned show;	   /* SHOW_* */
	bool with_locals;  /* values of variables in frames */
	size_t repr_limit; /* characters of a value */
	bool is_terminal;  /* columns fit the terminal */
	size_t width;	   /* columns of it; 0: to be asked of it */
	size_t height;	   /* its lines; 0: not known */
	bool with_color;
	/* Only these, when count is not 0: indices of tasks; of coroutines. */
	size_t chosen_task_count, chosen_coroutine_count;
	const size_t *chosen_tasks, *chosen_coroutines;
	/* What a filter lets through, by index; NULL: everything. */
	const bool *kept_tasks, *kept_coroutines;
	const bool *kept_nodes; /* of the await graph, for a tree */
	bool with_frames, is_unfolded;
	size_t rows_most;	   /* objects, rows of a table that are shown */
	const struct gates *gates; /* of check; NULL: another command */
	enum sort_key sort;
	const struct census *census; /* of heap */
	/* The objects of refs and path. */
	const struct retention *objects;
	size_t object_count;
	uint64_t object_total;	 /* that there are; object_count, or more */
	const char *object_type; /* they were asked for by type: its full name; NULL */
	bool with_referrers, with_paths;
	size_t depth; /* of refs: steps of referrers that are shown; 0: --depth was not given */
};

/* What would be freed together with an object: retained.h; of one that can hold nothing its own size. */
uint64_t view_retained(const struct view *view, uint64_t object);

/* Whether a task or coroutine is among the chosen. */
bool view_has_task(const struct view *view, size_t task);
bool view_has_some_task(const struct view *view);

/* Whether a table of tasks has the column WAKES: among findings only when it says that something is wrong. */
bool view_shows_wakes(const struct view *view);

bool view_has_coroutine(const struct view *view, size_t coroutine);

#endif
