#include "inspector/findings/findings.h"
#include "inspector/graph/native_refs.h"
#include "inspector/report/json_parts.h"

json_t *json_step(const struct view *view, const struct step *step)
{
	struct strbuf edge = STRBUF_INIT;
	json_t *o;

	ref_append_edge(view->py, &step->ref, &edge);
	o = json_pack("{s:o, s:o, s:o, s:b}", "from", json_address(step->from), "type",
		json_text(step->from_type), "edge", json_text(strbuf_text(&edge)), "exact",
		ref_is_exact(&step->ref));
	strbuf_deinit(&edge);
	return o;
}

static json_t *json_steps(const struct view *view, const struct step *steps, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_step(view, &steps[i]));
	return list;
}

json_t *json_path(const struct view *view, const struct path *path)
{
	return json_pack("{s:o, s:o, s:o}", "root", json_text(path->root_name), "edges",
		json_steps(view, path->steps, path->count), "text", json_text(path->text));
}

/* With what would be freed together with the last holder. */
static json_t *json_held_path(const struct view *view, const struct path *path)
{
	json_t *o = json_path(view, path);
	uint64_t holder = path->count ? path->steps[path->count - 1].from : 0;

	if (view->model->has_retained)
		json_object_set_new(o, "holder_retained_bytes",
			json_integer((json_int_t)retained_of(&view->model->retained, holder)));
	return o;
}

static json_t *json_paths(const struct view *view, const struct retention *retention)
{
	json_t *list = json_array();

	for (size_t i = 0; i < retention->path_count; i++)
		json_array_append_new(list, json_held_path(view, &retention->paths[i]));
	return list;
}

static json_t *json_native_places(const struct view *view, const struct retention *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->native_place_count; i++) {
		const struct native_place *place = &r->native_places[i];

		json_array_append_new(list,
			json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "kind", native_kind_name(place->kind),
				"address", json_address(place->address), "thread",
				place->thread ? json_integer((json_int_t)place->thread) : json_null(), "name",
				json_text(place->name), "file", json_text(place->file), "text",
				json_text(native_place_text(view->py, place))));
	}
	return list;
}

static void set_retention(const struct view *view, const struct retention *r, json_t *o)
{
	json_object_set_new(o, "refcount", r->has_refcount ? json_integer(r->refcount) : json_null());
	json_object_set_new(o, "native_references", json_integer(r->native_references));
	json_object_set_new(o, "native_places", json_native_places(view, r));
	json_object_set_new(o, "referrers", json_steps(view, r->referrers, r->referrer_count));
	json_object_set_new(o, "paths", json_paths(view, r));
	json_object_set_new(o, "holders", json_integer((json_int_t)r->holder_count));
	json_object_set_new(o, "garbage", json_boolean(r->is_garbage));
}

static json_t *json_arguments(const struct orphan *orphan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < orphan->argument_count; i++)
		json_array_append_new(
			list, json_pack("{s:o, s:o}", "name", json_text(orphan->arguments[i].name), "value",
				      json_text(orphan->arguments[i].value)));
	return list;
}

json_t *json_creation(const struct creation *creation)
{
	json_t *frames;

	if (creation->source == CREATION_NONE)
		return json_null();
	frames = json_array();
	for (size_t i = 0; i < creation->count; i++)
		json_array_append_new(
			frames, json_pack("{s:o, s:I, s:o}", "file", json_text(creation->frames[i].file),
					"line", (json_int_t)creation->frames[i].line, "qualname",
					json_text(creation->frames[i].qualname)));
	return json_pack("{s:s, s:b, s:o}", "source", creation_source_name(creation->source), "inferred", 0,
		"frames", frames);
}

size_t json_orphan_count(const struct view *view)
{
	return view->model->orphan_count;
}

json_t *json_orphan(const struct view *view, size_t i)
{
	const struct orphan *orphan = &view->model->orphans[i];
	const struct coroutine *c = &view->model->asyncio->coroutines[orphan->coroutine];
	const struct link *link = c->chain.count ? &c->chain.links[0] : NULL;
	json_t *o = json_object();

	json_object_set_new(o, "address", json_address(c->gen.address));
	json_object_set_new(
		o, "type", json_string(c->gen.kind == KIND_ASYNCGEN ? "async_generator" : "coroutine"));
	json_object_set_new(o, "qualname", json_text(c->qualname));
	json_object_set_new(o, "state", json_string(gen_state_name(c->gen.state)));
	json_object_set_new(o, "file", json_text(link ? link->file : NULL));
	json_object_set_new(o, "line", link && link->line ? json_integer(link->line) : json_null());
	json_object_set_new(o, "arguments", json_arguments(orphan));
	json_object_set_new(o, "created", json_creation(&orphan->creation));
	set_retention(view, &orphan->retention, o);
	if (view->model->has_retained)
		json_object_set_new(o, "retained_bytes",
			json_integer((json_int_t)retained_of(&view->model->retained, c->gen.address)));
	return o;
}

size_t json_object_count(const struct view *view)
{
	return view->object_count < view->rows_most ? view->object_count : view->rows_most;
}

size_t json_finding_count(const struct view *view)
{
	return view->model->finding_count;
}

json_t *json_finding(const struct view *view, size_t i)
{
	const struct finding *finding = &view->model->findings[i];
	json_t *objects = json_array(), *evidence = json_array();

	for (size_t k = 0; k < finding->object_count; k++)
		json_array_append_new(objects, json_address(finding->objects[k]));
	for (size_t k = 0; k < finding->evidence_count; k++)
		json_array_append_new(evidence, json_text(finding->evidence[k]));
	return json_pack("{s:s, s:s, s:o, s:I, s:o, s:o, s:b, s:o}", "rule", finding->rule, "severity",
		severity_name(finding->severity), "title", json_text(finding->title), "count",
		(json_int_t)finding->cases, "objects", objects, "evidence", evidence, "inferred",
		finding->is_inferred, "advice", json_text(finding->advice));
}

json_t *json_object_held(const struct view *view, size_t i)
{
	const struct retention *r = &view->objects[i];
	const struct pytype *type = pytype_of(view->py, r->object, NULL);
	json_t *o = json_object();

	json_object_set_new(o, "address", json_address(r->object));
	json_object_set_new(o, "type", json_text(type ? type->full_name : NULL));
	set_retention(view, r, o);
	if (view->model->has_retained)
		json_object_set_new(
			o, "retained_bytes", json_integer((json_int_t)view_retained(view, r->object)));
	if (!view->with_referrers)
		json_object_del(o, "referrers");
	if (view->with_referrers && view->depth)
		json_object_set_new(o, "referrer_tree", json_referrer_tree(view, r));
	if (!view->with_paths)
		json_object_del(o, "paths");
	return o;
}
