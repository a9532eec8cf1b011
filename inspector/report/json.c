#include "inspector/report/json.h"

#include "inspector/report/json_parts.h"

#include <stdlib.h>
#include <string.h>

/* Texts hold NUL as C0 80 (strbuf.h). */
static json_t *text_with_nul(const char *text)
{
	size_t length = strlen(text), used = 0;
	char *bytes = xmalloc(length);
	json_t *value;

	for (size_t i = 0; i < length; i++) {
		bool is_nul = (uint8_t)text[i] == 0xc0 && (uint8_t)text[i + 1] == 0x80;

		bytes[used++] = is_nul ? '\0' : text[i];
		i += is_nul;
	}
	value = json_stringn(bytes, used);
	free(bytes);
	return value;
}

json_t *json_text(const char *text)
{
	struct strbuf safe = STRBUF_INIT;
	json_t *value;

	if (!text)
		return json_null();
	value = json_string(text);
	if (!value)
		value = text_with_nul(text);
	if (value)
		return value;
	strbuf_append_safe(&safe, text);
	value = json_string(strbuf_text(&safe));
	strbuf_deinit(&safe);
	return value;
}

json_t *json_address(uint64_t address)
{
	return address ? json_sprintf("0x%llx", (unsigned long long)address) : json_null();
}

static json_t *json_tool(void)
{
	return json_pack("{s:s, s:s}", "name", "asyncinspect", "version", ASYNCINSPECT_VERSION);
}

/* Elements are made by the library, or written one member after another. */
static const struct {
	unsigned flag;
	const char *name;
	size_t (*count)(const struct view *view);
	json_t *(*make)(const struct view *view, size_t i);
	void (*write)(struct json_out *out, const struct view *view, size_t i);
} arrays[] = {
	{SHOW_INTERPRETERS, "interpreters", json_interpreter_count, .make = json_interpreter},
	{SHOW_THREADS, "threads", json_thread_count, .write = json_thread},
	{SHOW_LOOPS, "loops", json_loop_count, .make = json_loop},
	{SHOW_TASKS, "tasks", json_task_count, .write = json_task},
	{SHOW_CYCLES, "cycles", json_cycle_count, .make = json_cycle},
	{SHOW_COROUTINES, "coroutines", json_coroutine_count, .write = json_coroutine},
	{SHOW_ORPHANS, "orphans", json_orphan_count, .make = json_orphan},
	{SHOW_FINDINGS, "findings", json_finding_count, .make = json_finding},
	{SHOW_LAYOUT, "layout", json_layout_count, .make = json_layout},
	{SHOW_HEAP, "heap", json_heap_count, .make = json_heap},
	{SHOW_OBJECTS, "objects", json_object_count, .make = json_object_held},
};

static void begin_member(struct json_out *out, const char *name)
{
	json_put_raw(out, ",\n\"");
	json_put_raw(out, name);
	json_put_raw(out, "\": ");
}

static void put_member(struct json_out *out, const char *name, json_t *value)
{
	begin_member(out, name);
	json_put(out, NULL, value);
}

/* Element i; false when the view leaves it out. */
static bool put_element(struct json_out *out, const struct view *view, size_t array, size_t i)
{
	size_t before = out->length;
	json_t *element;

	if (arrays[array].write) {
		arrays[array].write(out, view, i);
		return out->length > before;
	}
	element = arrays[array].make(view, i);
	if (element)
		json_put(out, NULL, element);
	return element;
}

/* One element a line. */
static void put_array(struct json_out *out, const struct view *view, size_t array)
{
	size_t count = arrays[array].count(view);
	const char *separator = "\n";

	begin_member(out, arrays[array].name);
	json_put_raw(out, "[");
	for (size_t i = 0; i < count && !out->has_failed; i++) {
		size_t before = out->length;

		json_put_raw(out, separator);
		if (put_element(out, view, array, i))
			separator = ",\n";
		else
			out->length = before;
		json_out_flush(out, false);
	}
	json_put_raw(out, "]");
}

/* The members are written one after another. The target comes last, because printing a value may count
 * unreadable things. */
bool json_write(const struct view *view, FILE *file)
{
	struct json_out out = {.file = file};

	json_put_raw(&out, "{\"schema\": \"asyncinspect/1\"");
	put_member(&out, "tool", json_tool());
	for (size_t i = 0; !out.has_failed && i < sizeof(arrays) / sizeof(arrays[0]); i++)
		if (view->show & arrays[i].flag)
			put_array(&out, view, i);
	if (view->show & SHOW_OBJECT)
		put_member(&out, "object", json_object_held(view, 0));
	if (view->show & SHOW_HEAP)
		put_member(&out, "heap_total", json_heap_total(view));
	if (view->show & SHOW_OBJECTS)
		put_member(&out, "objects_total", json_integer((json_int_t)view->object_total));
	if (view->show & SHOW_STACKS) {
		begin_member(&out, "stacks");
		json_stacks(&out, view);
	}
	if (view->gates)
		put_member(&out, "check", json_check(view));
	put_member(&out, "target", json_target(view));
	json_put_raw(&out, "}\n");
	json_out_flush(&out, true);
	json_out_deinit(&out);
	return !out.has_failed;
}
