#include "inspector/commands/session.h"

#include "inspector/python/type.h"
#include "inspector/report/text.h"

/* The object that an address names: what is there must be an object. */
static bool find_object(struct session *session, uint64_t *object, struct error *err)
{
	const char *word = session->options->argument;

	if (!session_parse_address(word, object)) {
		error_set(err, ERROR_USAGE, "'%s' is no address", word);
		error_advise(err, "Addresses are written as the other commands print them: 0x7f3a10c2d5e0.");
		return false;
	}
	if (pytype_of(session->python, *object, NULL))
		return true;
	error_set(err, ERROR_NOT_FOUND, "there is no object at %s", word);
	return false;
}

static bool show_held(
	struct session *session, bool with_referrers, bool with_paths, print_fn print, struct error *err)
{
	const struct model_options wants = {.needs_graph = true, .paths_most = session->options->paths_most};
	struct retention_graph graph;
	struct retention retention;
	struct view view;
	uint64_t object;

	if (!find_object(session, &object, err) || !session_build_model(session, &wants, err))
		return false;
	graph = model_retention_graph(session->model);
	retention_find(&graph, &object, 1, session->options->paths_most, &retention);
	if (!retention.is_node) {
		error_set(err, ERROR_UNSUPPORTED,
			"the object at %s is a %s, which the collector does not know: who refers to it was "
			"not looked for",
			session->options->argument, pytype_of(session->python, object, NULL)->full_name);
		return false;
	}
	view = session_view(session, SHOW_OBJECT);
	view.object = &retention;
	view.with_referrers = with_referrers;
	view.with_paths = with_paths;
	return session_print(&view, session->options, print, err);
}

bool command_refs(struct session *session, struct error *err)
{
	return show_held(session, true, false, text_refs, err);
}

bool command_path(struct session *session, struct error *err)
{
	return show_held(session, false, true, text_path, err);
}
