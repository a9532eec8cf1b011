#include "inspector/commands/session.h"

#include "inspector/graph/census.h"
#include "inspector/report/text.h"

#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b)
{
	const struct census_row *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return strcmp(x->type, y->type);
}

static int by_count(const void *a, const void *b)
{
	const struct census_row *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return by_bytes(a, b);
}

bool command_heap(struct session *session, struct error *err)
{
	const struct model_options wants = {.needs_graph = true, .needs_leaves = true, .without_roots = true};
	struct census census;
	struct view view;
	bool ok;

	if (!session_build_model(session, &wants, err))
		return false;
	census_take(session->model->graph, &census);
	if (progress_is_interrupted(session->progress)) {
		session->model->is_interrupted = true;
		session->status = STATUS_INTERRUPTED;
	}
	view = session_view(session, SHOW_HEAP);
	if (census.row_count)
		qsort(census.rows, census.row_count, sizeof(*census.rows),
			view.sort == SORT_COUNT ? by_count : by_bytes);
	view.census = &census;
	ok = session_print(&view, session->options, text_heap, err);
	census_deinit(&census);
	return ok;
}
