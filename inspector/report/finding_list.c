#include "inspector/report/finding_list.h"

#include "inspector/report/page.h"

#include <stdio.h>
#include <string.h>

/* Findings of one rule, by detail. */
static const size_t shown[] = {20, 5, 2};

/* "never awaited (2)". */
static void append_rule(const struct finding *finding, size_t cases, struct strbuf *s)
{
	for (const char *c = finding->rule; *c; c++)
		strbuf_append_char(s, *c == '-' ? ' ' : *c);
	if (cases > 1)
		strbuf_printf(s, " (%zu)", cases);
}

static size_t end_of_rule(const struct model *model, size_t first)
{
	size_t end = first + 1;

	while (end < model->finding_count &&
		strcmp(model->findings[end].rule, model->findings[first].rule) == 0)
		end++;
	return end;
}

static size_t count_cases(const struct model *model, size_t first, size_t end)
{
	size_t cases = 0;

	for (size_t i = first; i < end; i++)
		cases += model->findings[i].cases;
	return cases;
}

static void print_evidence(const struct view *view, const struct finding *finding, size_t indent, bool is_cut)
{
	struct strbuf all = STRBUF_INIT;

	for (size_t i = 0; i < finding->evidence_count; i++) {
		strbuf_append(&all, i ? "; " : "");
		strbuf_append(&all, finding->evidence[i]);
	}
	if (all.length) {
		printf("%*s", (int)indent, "");
		page_text(view, indent, indent, STYLE_PLAIN, strbuf_text(&all), is_cut);
	}
	strbuf_deinit(&all);
}

static void print_finding(const struct view *view, const struct finding *finding, bool is_joined)
{
	printf("    ");
	page_text(view, 4, 6, STYLE_NAME, finding->title, false);
	if (is_joined) {
		print_evidence(view, finding, 8, false);
		return;
	}
	for (size_t i = 0; i < finding->evidence_count; i++) {
		printf("        ");
		page_text(view, 8, 10, STYLE_PLAIN, finding->evidence[i], false);
	}
}

static void print_more(size_t indent, size_t count)
{
	if (count)
		printf("%*sand %zu more: asyncinspect check\n", (int)indent, "", count);
}

static void print_rules(const struct view *view, unsigned detail)
{
	const struct model *model = view->model;

	for (size_t at = 0, end; at < model->finding_count; at = end) {
		const struct finding *finding = &model->findings[at];
		struct strbuf rule = STRBUF_INIT;

		end = end_of_rule(model, at);
		append_rule(finding, count_cases(model, at, end), &rule);
		style_print(view, style_of_severity(finding->severity), strbuf_text(&rule), 0);
		printf("  ");
		page_text(view, rule.length + 2, 4, STYLE_DIM, finding->advice, false);
		for (size_t i = at; i < end && i < at + shown[detail]; i++)
			print_finding(view, &model->findings[i], detail > 0);
		print_more(4, end - at > shown[detail] ? end - at - shown[detail] : 0);
		strbuf_deinit(&rule);
	}
}

static size_t rule_width(const struct model *model)
{
	size_t width = 0;

	for (size_t i = 0; i < model->finding_count; i++)
		if (strlen(model->findings[i].rule) > width)
			width = strlen(model->findings[i].rule);
	return width + 2;
}

static void print_beside(const struct view *view, unsigned detail)
{
	const struct model *model = view->model;
	size_t width = rule_width(model);

	for (size_t at = 0, end; at < model->finding_count; at = end) {
		struct strbuf rule = STRBUF_INIT;

		end = end_of_rule(model, at);
		append_rule(&model->findings[at], 0, &rule);
		for (size_t i = at; i < end && i < at + shown[detail]; i++) {
			style_print(view, style_of_severity(model->findings[i].severity), strbuf_text(&rule),
				width);
			page_text(view, width, width, STYLE_NAME, model->findings[i].title, true);
			print_evidence(view, &model->findings[i], 2, true);
		}
		print_more(width, end - at > shown[detail] ? end - at - shown[detail] : 0);
		strbuf_deinit(&rule);
	}
}

void finding_list_print(const struct view *view, unsigned detail)
{
	if (detail < 2)
		print_rules(view, detail);
	else
		print_beside(view, detail);
}

size_t finding_list_lines(const struct model *model)
{
	size_t lines = 0;

	for (size_t at = 0, end; at < model->finding_count; at = end) {
		end = end_of_rule(model, at);
		lines += end - at > shown[2] ? 1 : 0;
		for (size_t i = at; i < end && i < at + shown[2]; i++)
			lines += model->findings[i].evidence_count ? 2 : 1;
	}
	return lines;
}
