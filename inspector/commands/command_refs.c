#include "inspector/commands/choose.h"
#include "inspector/commands/session.h"
#include "inspector/graph/native_refs.h"
#include "inspector/graph/typed.h"
#include "inspector/python/type.h"
#include "inspector/report/text.h"

#include <stdlib.h>

/* Of so many objects the holders are looked for; the summary is over these. */
#define OBJECTS_MAX 100000

/* The objects that were asked about. */
struct asked {
	uint64_t *objects; /* owned */
	size_t count, capacity;
	uint64_t total;	  /* the count, or more */
	const char *type; /* asked for by type: its full name; else NULL */
	bool by_address;
};

static void ask(struct asked *asked, uint64_t object)
{
	asked->objects =
		grow_array(asked->objects, &asked->capacity, asked->count + 1, sizeof(*asked->objects));
	asked->objects[asked->count++] = object;
	asked->total++;
}

static bool ask_type(struct session *session, struct asked *asked, struct error *err)
{
	const struct model *model = session->model;
	struct typed found;
	bool ok = typed_find(model->asyncio, model->graph, session->options->type, OBJECTS_MAX, &found, err);

	if (ok)
		*asked = (struct asked){
			.objects = found.objects,
			.count = found.count,
			.total = found.total,
			.type = found.name,
		};
	else
		typed_deinit(&found);
	return ok;
}

/* A task's name, an address, a coroutine's qualified name. */
static bool ask_word(struct session *session, const char *word, struct asked *asked, struct error *err)
{
	const struct asyncio *a = session->model->asyncio;
	struct choice choice;
	uint64_t address;

	choose(a, word, &choice);
	for (size_t i = 0; i < choice.task_count; i++)
		ask(asked, a->tasks[choice.tasks[i]].address);
	for (size_t i = 0; i < choice.coroutine_count; i++)
		ask(asked, a->coroutines[choice.coroutines[i]].gen.address);
	choice_deinit(&choice);
	asked->by_address = session_parse_address(word, &address) &&
			    (!asked->count || (asked->count == 1 && asked->objects[0] == address));
	if (asked->count)
		return true;
	if (!asked->by_address) {
		error_set(err, ERROR_NOT_FOUND, "'%s' is no address, no task and no coroutine", word);
		error_advise(err, "The command tasks lists tasks; addresses are written as the other "
				  "commands print them: 0x7f3a10c2d5e0.");
		return false;
	}
	if (!pytype_of(session->python, address, NULL)) {
		error_set(err, ERROR_NOT_FOUND, "there is no object at %s", word);
		return false;
	}
	ask(asked, address);
	return true;
}

static bool show(struct session *session, const struct asked *asked, bool with_referrers, bool with_paths,
	print_fn print, struct error *err)
{
	struct retention_graph graph = model_retention_graph(session->model);
	struct retention *found = xcalloc(asked->count, sizeof(*found));
	struct view view = session_view(session, asked->by_address ? SHOW_OBJECT : SHOW_OBJECTS);
	bool ok;

	retention_find(
		&graph, asked->objects, asked->count, with_paths ? session->options->paths_most : 0, found);
	native_refs_find(&graph, found, asked->count);
	view.objects = found;
	view.object_count = asked->count;
	view.object_total = asked->total;
	view.object_type = asked->type;
	view.with_referrers = with_referrers;
	view.with_paths = with_paths;
	ok = session_print(&view, session->options, print, err);
	free(found);
	return ok;
}

static bool show_held(
	struct session *session, bool with_referrers, bool with_paths, print_fn print, struct error *err)
{
	const struct model_options wants = {.needs_graph = true,
		.needs_retained = !session->options->no_retained,
		.paths_most = session->options->paths_most};
	struct asked asked = {0};
	bool ok;

	if (!session_build_model(session, &wants, err))
		return false;
	ok = session->options->type ? ask_type(session, &asked, err)
				    : ask_word(session, session->options->argument, &asked, err);
	if (ok)
		ok = show(session, &asked, with_referrers, with_paths, print, err);
	free(asked.objects);
	return ok;
}

bool command_refs(struct session *session, struct error *err)
{
	return show_held(session, true, false, text_refs, err);
}

bool command_path(struct session *session, struct error *err)
{
	return show_held(session, false, true, text_path, err);
}
