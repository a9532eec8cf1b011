#include "inspector/report/text.h"

#include "inspector/findings/gate.h"
#include "inspector/report/style.h"

#include <stdio.h>

static void print_finding(const struct view *view, const struct finding *finding)
{
	style_print(view, style_of_severity(finding->severity), severity_name(finding->severity), 0);
	printf(": %s", finding->rule);
	if (finding->cases > 1)
		printf(" (%zu)", finding->cases);
	printf(": ");
	style_print(view, STYLE_NAME, finding->title, 0);
	putchar('\n');
	for (size_t i = 0; i < finding->evidence_count; i++) {
		printf("    ");
		style_print(view, STYLE_PLAIN, finding->evidence[i], 0);
		putchar('\n');
	}
	if (finding->advice[0]) {
		printf("    ");
		style_print(view, STYLE_DIM, finding->advice, 0);
		putchar('\n');
	}
}

static void print_counts(const struct model *model)
{
	static const char *const names[] = {"for information", "warning", "error"};
	const char *separator = "";

	for (int severity = SEVERITY_ERROR; severity >= SEVERITY_INFO; severity--) {
		size_t count = 0;

		for (size_t i = 0; i < model->finding_count; i++)
			count += model->findings[i].severity == (enum severity)severity;
		if (!count)
			continue;
		printf("%s%zu %s%s", separator, count, names[severity],
			count > 1 && severity != SEVERITY_INFO ? "s" : "");
		separator = ", ";
	}
	if (!*separator)
		printf("no findings");
}

void text_check(const struct view *view)
{
	bool has_met = false;

	for (size_t i = 0; i < view->model->finding_count; i++)
		print_finding(view, &view->model->findings[i]);
	print_counts(view->model);
	for (size_t i = 0; i < view->gates->count; i++) {
		const struct gate *gate = &view->gates->items[i];

		if (!gate->is_met)
			continue;
		printf(has_met ? ", " : "; failed on ");
		printf("%s%s (%zu)", gate->text,
			gate->rule || gate->severity == SEVERITY_ERROR ? "" : " or worse", gate->count);
		has_met = true;
	}
	puts(has_met || !view->model->finding_count ? "" : "; passed");
}
