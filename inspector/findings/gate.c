#include "inspector/findings/gate.h"

#include "inspector/base/alloc.h"
#include "inspector/base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 1000000000

static const struct rule *find_rule(const char *name, size_t length)
{
	for (const struct rule *rule = rules; rule->name; rule++)
		if (strlen(rule->name) == length && memcmp(rule->name, name, length) == 0)
			return rule;
	return NULL;
}

static bool find_severity(const char *name, size_t length, enum severity *severity)
{
	for (int i = SEVERITY_INFO; i <= SEVERITY_ERROR; i++) {
		if (strlen(severity_name(i)) != length || memcmp(severity_name(i), name, length) != 0)
			continue;
		*severity = (enum severity)i;
		return true;
	}
	return false;
}

char *rules_list(void)
{
	struct strbuf known = STRBUF_INIT;

	for (const struct rule *rule = rules; rule->name; rule++)
		strbuf_printf(&known, "%s%s", rule == rules ? "" : ", ", rule->name);
	return strbuf_steal(&known);
}

bool rules_parse(const char *text, uint64_t *wanted, struct error *err)
{
	*wanted = 0;
	for (;;) {
		size_t length = strcspn(text, ",");
		const struct rule *rule = find_rule(text, length);

		if (!rule)
			return error_set(err, ERROR_NOT_FOUND, "'%.*s' is no rule", (int)length, text);
		*wanted |= UINT64_C(1) << (rule - rules);
		if (!text[length])
			return true;
		text += length + 1;
	}
}

/* What follows the name: nothing, or >N. */
static bool parse_most(const char *text, size_t length, size_t *most, struct error *err)
{
	unsigned long value;
	char *end;

	*most = 0;
	if (!length)
		return true;
	errno = 0;
	value = strtoul(text + 1, &end, 10);
	if (text[0] == '>' && length > 1 && text[1] >= '0' && text[1] <= '9' && !errno &&
		end == text + length && value <= COUNT_MAX) {
		*most = value;
		return true;
	}
	return error_set(err, ERROR_USAGE, "'%.*s' is no limit: after a rule stands >N, N from 0 to %d",
		(int)length, text, COUNT_MAX);
}

static bool parse_gate(const char *text, size_t length, struct gates *gates, struct error *err)
{
	size_t name = strcspn(text, ",<>=");
	const struct rule *rule = find_rule(text, name);
	struct gate gate = {.severity = SEVERITY_INFO, .rule = rule ? rule->name : NULL};

	if (!rule && !find_severity(text, name, &gate.severity))
		return error_set(err, ERROR_NOT_FOUND,
			"'%.*s' is no rule, and no severity: error, warning, info", (int)name, text);
	if (!parse_most(text + name, length - name, &gate.most, err))
		return false;
	gate.text = xstrndup(text, length);
	gates->items = xrealloc(gates->items, (gates->count + 1) * sizeof(*gates->items));
	gates->items[gates->count++] = gate;
	return true;
}

bool gates_parse(const char *text, struct gates *gates, struct error *err)
{
	for (;;) {
		size_t length = strcspn(text, ",");

		if (!parse_gate(text, length, gates, err))
			return false;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

bool gates_fit_rules(const struct gates *gates, uint64_t wanted, struct error *err)
{
	for (size_t i = 0; wanted && i < gates->count; i++) {
		const char *name = gates->items[i].rule;

		if (name && !(wanted >> (find_rule(name, strlen(name)) - rules) & 1))
			return error_set(err, ERROR_USAGE,
				"--fail-on names %s, which is not among the --rules: it would not be run",
				name);
	}
	return true;
}

static bool is_counted(const struct gate *gate, const struct finding *finding)
{
	return finding->severity >= gate->severity && (!gate->rule || strcmp(gate->rule, finding->rule) == 0);
}

bool gates_evaluate(struct gates *gates, const struct model *model)
{
	bool is_met = false;

	for (size_t i = 0; i < gates->count; i++) {
		struct gate *gate = &gates->items[i];

		gate->count = 0;
		for (size_t k = 0; k < model->finding_count; k++)
			if (is_counted(gate, &model->findings[k]))
				gate->count += model->findings[k].cases;
		gate->is_met = gate->count > gate->most;
		is_met |= gate->is_met;
	}
	return is_met;
}

void gates_deinit(struct gates *gates)
{
	for (size_t i = 0; i < gates->count; i++)
		free(gates->items[i].text);
	free(gates->items);
	*gates = (struct gates){0};
}
