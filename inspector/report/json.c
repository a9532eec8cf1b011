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

static const struct {
	unsigned flag;
	const char *name;
	size_t (*count)(const struct view *view);
	json_t *(*make)(const struct view *view, size_t i);
} arrays[] = {
	{SHOW_INTERPRETERS, "interpreters", json_interpreter_count, json_interpreter},
	{SHOW_THREADS, "threads", json_thread_count, json_thread},
	{SHOW_LOOPS, "loops", json_loop_count, json_loop},
	{SHOW_TASKS, "tasks", json_task_count, json_task},
	{SHOW_CYCLES, "cycles", json_cycle_count, json_cycle},
	{SHOW_COROUTINES, "coroutines", json_coroutine_count, json_coroutine},
	{SHOW_ORPHANS, "orphans", json_orphan_count, json_orphan},
	{SHOW_FINDINGS, "findings", json_finding_count, json_finding},
	{SHOW_LAYOUT, "layout", json_layout_count, json_layout},
	{SHOW_HEAP, "heap", json_heap_count, json_heap},
	{SHOW_OBJECTS, "objects", json_object_count, json_object_held},
};

/* JSON lets C1 controls, DEL and marks of direction stand as they are, and a terminal obeys them: they are
 * escaped as JSON escapes. The library hands over whole characters, and these only within strings. */
static int write_bytes(const char *bytes, size_t size, void *out)
{
	while (size) {
		uint32_t c;
		size_t span = utf8_safe_span(bytes, size, &c);

		if (fwrite_unlocked(bytes, 1, span, out) != span)
			return -1;
		if (span == size)
			break;
		if (c >= 0x10000)
			fprintf(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
		else
			fprintf(out, "\\u%04x", c);
		span += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		bytes += span;
		size -= span;
	}
	return 0;
}

/* Takes the reference. */
static bool write_value(json_t *value, FILE *out)
{
	bool ok = json_dump_callback(value, write_bytes, out,
			  JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) == 0;

	json_decref(value);
	return ok;
}

static bool write_member(const char *name, json_t *value, FILE *out)
{
	bool ok = fprintf(out, ",\n\"%s\": ", name) > 0;

	return write_value(value, out) && ok;
}

/* One element a line. */
static bool write_array(const struct view *view, size_t array, FILE *out)
{
	size_t count = arrays[array].count(view);
	const char *separator = "\n";
	bool ok = fprintf(out, ",\n\"%s\": [", arrays[array].name) > 0;

	for (size_t i = 0; ok && i < count; i++) {
		json_t *element = arrays[array].make(view, i);

		if (!element)
			continue;
		ok = fputs(separator, out) >= 0 && write_value(element, out);
		separator = ",\n";
	}
	return ok && fputs("]", out) >= 0;
}

/* The members are written one after another: the library makes the values, the frame around them is written
 * here. The target comes last, because printing a value may count unreadable things. */
bool json_write(const struct view *view, FILE *out)
{
	bool ok =
		fputs("{\"schema\": \"asyncinspect/1\"", out) >= 0 && write_member("tool", json_tool(), out);

	for (size_t i = 0; ok && i < sizeof(arrays) / sizeof(arrays[0]); i++)
		if (view->show & arrays[i].flag)
			ok = write_array(view, i, out);
	if (ok && view->show & SHOW_OBJECT)
		ok = write_member("object", json_object_held(view, 0), out);
	if (ok && view->show & SHOW_HEAP)
		ok = write_member("heap_total", json_heap_total(view), out);
	if (ok && view->show & SHOW_OBJECTS)
		ok = write_member("objects_total", json_integer((json_int_t)view->object_total), out);
	if (ok && view->show & SHOW_STACKS)
		ok = write_member("stacks", json_stacks(view), out);
	if (ok && view->gates)
		ok = write_member("check", json_check(view), out);
	return ok && write_member("target", json_target(view), out) && fputs("}\n", out) >= 0;
}
