#include "inspector/findings/findings.h"

#include <string.h>

/* Python tells of a coroutine that was never awaited by a RuntimeWarning, once it is freed
 * (Objects/genobject.c, _PyErr_WarnUnawaitedCoroutine). Told only where there is such a coroutine. */
void rule_warnings_suppressed(struct model *model)
{
	const char *action = model->facts.runtime_warning_filter;
	size_t findings = model->finding_count, count = 0;
	struct finding *finding;

	if (!action || strcmp(action, "ignore") != 0)
		return;
	for (size_t i = 0; i < findings; i++)
		if (strcmp(model->findings[i].rule, "never-awaited") == 0)
			count += model->findings[i].object_count;
	if (!count)
		return;
	finding = finding_add(model, "warnings-suppressed", SEVERITY_INFO,
		"Python will not warn of the %zu coroutine%s that nobody awaits", count,
		count == 1 ? "" : "s");
	finding_evidence(model, finding, "warnings.filters ignores every RuntimeWarning");
	for (size_t i = 0; i < findings; i++)
		for (size_t k = 0; k < model->findings[i].object_count; k++)
			if (strcmp(model->findings[i].rule, "never-awaited") == 0)
				finding_object(model, finding, model->findings[i].objects[k]);
	finding->advice = "Narrow the filter, as by warnings.filterwarnings('ignore', module=...).";
}
