#include "inspector/report/json.h"

#include "inspector/report/json_parts.h"

#include <stdlib.h>

json_t *json_text(const char *text)
{
	struct strbuf safe = STRBUF_INIT;
	json_t *value;

	if (!text)
		return json_null();
	value = json_string(text);
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
	json_t *(*make)(const struct view *view);
} parts[] = {
	{SHOW_INTERPRETERS, "interpreters", json_interpreters},
	{SHOW_THREADS, "threads", json_threads},
	{SHOW_LOOPS, "loops", json_loops},
	{SHOW_TASKS, "tasks", json_tasks},
	{SHOW_COROUTINES, "coroutines", json_coroutines},
	{SHOW_ORPHANS, "orphans", json_orphans},
	{SHOW_FINDINGS, "findings", json_findings},
	{SHOW_OBJECT, "object", json_object_held},
	{SHOW_LAYOUT, "layout", json_layout},
};

static int write_bytes(const char *bytes, size_t size, void *out)
{
	return fwrite(bytes, 1, size, out) == size ? 0 : -1;
}

bool json_write(const struct view *view, FILE *out)
{
	json_t *root = json_object();
	bool ok;

	json_object_set_new(root, "schema", json_string("asyncinspect/1"));
	json_object_set_new(root, "tool", json_tool());
	/* The target comes second in the text but last in time: printing a value may count unreadable things.
	 */
	json_object_set_new(root, "target", json_null());
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (view->show & parts[i].flag)
			json_object_set_new(root, parts[i].name, parts[i].make(view));
	json_object_set_new(root, "target", json_target(view));
	ok = json_dump_callback(root, write_bytes, out, JSON_INDENT(1)) == 0 && fputc('\n', out) != EOF;
	json_decref(root);
	return ok;
}
