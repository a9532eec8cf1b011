/* session: a target that was opened, captured and understood, for a command to look at. */
#ifndef ASYNCINSPECT_COMMANDS_SESSION_H
#define ASYNCINSPECT_COMMANDS_SESSION_H

#include "inspector/commands/options.h"
#include "inspector/findings/model.h"
#include "inspector/report/view.h"

/* Exit statuses. */
enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_FOUND = 3, STATUS_INTERRUPTED = 4 };

struct session {
	const struct options *options; /* borrowed */
	struct target *target;	       /* owned, like all below */
	struct python *python;
	struct progress *progress;
	struct model *model; /* NULL until session_build_model */
	/* What the filter of the options lets through: by task, coroutine, node of the await graph; NULL:
	 * there is none, or no model */
	bool *kept_tasks, *kept_coroutines, *kept_nodes;
	int status;	 /* with which the program ends when nothing went wrong */
	bool is_settled; /* no collection was running when the memory was read */
};

/* Opens what the options name. A live process is captured here, and runs on, when the command needs its
 * memory; or it is held, when the command needs no more than some pages of it: then session_print lets it go,
 * once the answer is there and before a byte of it is written. With --low-memory it is held in any case. */
bool session_open(struct session *session, const struct options *options, struct error *err);
void session_close(struct session *session);

/* Builds the model with what the command needs. A process that is held is, without --low-memory, let go and
 * captured when the model needs the heap, or when it has so many tasks that it would be held for longer than
 * a copy takes. */
bool session_build_model(struct session *session, const struct model_options *wants, struct error *err);

/* Warnings about the target, on standard error: what the user must know to trust the answer. */
void session_print_warnings(const struct session *session);

/* One of them. */
void session_warn(const char *text);

/* A view of the model by the options. */
struct view session_view(const struct session *session, unsigned show);

/* Writes the view as JSON or by print, as the options say. */
typedef void (*print_fn)(const struct view *view);
bool session_print(const struct view *view, const struct options *options, print_fn print, struct error *err);

/* An address as the user writes it: hexadecimal with 0x, or decimal. */
bool session_parse_address(const char *text, uint64_t *address);

#endif
