#include "inspector/report/json_parts.h"

#include <string.h>

static json_t *known_int(int value)
{
	return value < 0 ? json_null() : json_integer(value);
}

static json_t *known_bool(int value)
{
	return value < 0 ? json_null() : json_boolean(value);
}

static json_t *count_layouts(const struct python *py)
{
	json_int_t counts[SOURCE_COUNT] = {0};
	json_t *o = json_object();

	for (int id = 0; id < FIELD_COUNT; id++)
		counts[python_field(py, id)->source]++;
	for (int source = SOURCE_DWARF; source < SOURCE_COUNT; source++)
		json_object_set_new(o, field_source_name(source), json_integer(counts[source]));
	return o;
}

json_t *json_target(const struct view *view)
{
	const struct python *py = view->py;
	const struct target *t = py->target;
	bool is_core = target_kind(t) == TARGET_CORE;
	json_t *o = json_object();

	json_object_set_new(o, "kind", json_string(is_core ? "core" : "live"));
	json_object_set_new(o, "pid", json_integer(target_pid(t)));
	if (target_namespace_pid(t))
		json_object_set_new(o, "namespace_pid", json_integer(target_namespace_pid(t)));
	json_object_set_new(o, "core", json_text(target_core_path(t)));
	json_object_set_new(o, "executable", json_text(target_executable(t)));
	json_object_set_new(o, "python", json_text(py->version));
	json_object_set_new(o, "architecture", json_string("x86_64"));
	if (view->model) {
		const struct facts *facts = &view->model->facts;

		json_object_set_new(o, "debug_build", known_bool(facts->debug_build));
		json_object_set_new(o, "free_threaded", json_boolean(python_is_free_threaded(py)));
		json_object_set_new(o, "origin_tracking_depth", known_int(facts->origin_tracking_depth));
		json_object_set_new(o, "tracemalloc", known_bool(facts->tracemalloc));
		json_object_set_new(o, "runtime_warning_filter", json_text(facts->runtime_warning_filter));
	}
	json_object_set_new(
		o, "stopped_ms", json_real((double)(int64_t)(target_stopped_ms(t) * 1000 + 0.5) / 1000));
	json_object_set_new(o, "copied_bytes", json_integer((json_int_t)target_bytes_copied(t)));
	json_object_set_new(o, "layouts", count_layouts(py));
	json_object_set_new(o, "unreadable", json_integer((json_int_t)py->unreadable));
	return o;
}

size_t json_layout_count(const struct view *view)
{
	(void)view;
	return FIELD_COUNT;
}

json_t *json_layout(const struct view *view, size_t id)
{
	const struct field_description *d = layout_describe((enum field_id)id);
	const struct field *field = python_field(view->py, (enum field_id)id);
	bool is_found = field->source != SOURCE_NONE;
	bool is_constant = strcmp(d->kind, "constant") == 0;
	json_t *row = json_object();

	json_object_set_new(row, "id", json_string(d->id));
	json_object_set_new(row, "kind", json_string(d->kind));
	json_object_set_new(row, "type", json_text(d->type));
	json_object_set_new(row, "member", json_text(d->member));
	json_object_set_new(row, "source", json_string(field_source_name(field->source)));
	if (is_found && is_constant)
		json_object_set_new(row, "value", json_integer(field->value));
	if (is_found && strcmp(d->kind, "member") == 0)
		json_object_set_new(row, "offset", json_integer(field->offset));
	if (is_found && !is_constant)
		json_object_set_new(row, "size", json_integer(field->size));
	if (field->bits) {
		json_object_set_new(row, "bit", json_integer(field->bit));
		json_object_set_new(row, "bits", json_integer(field->bits));
	}
	return row;
}
