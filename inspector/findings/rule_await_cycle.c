#include "inspector/findings/cycles.h"

/* Tasks that await each other in a circle: each ends only after itself. */
void rule_await_cycle(struct model *model)
{
	for (size_t i = 0; i < model->awaits->cycle_count; i++)
		if (cycle_is_of_tasks(model->awaits, &model->awaits->cycles[i]))
			cycle_report(model, "await-cycle", &model->awaits->cycles[i],
				"Break the circle: hand a result over by a future that neither of them "
				"awaits.");
}
