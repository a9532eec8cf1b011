#include "inspector/findings/cycles.h"

/* A circle in which locks, threads or blocked loops stand between the tasks. Who holds a lock is an inference
 * (holder.h), and so is what rests upon it. */
void rule_deadlock(struct model *model)
{
	for (size_t i = 0; i < model->awaits->cycle_count; i++)
		if (!cycle_is_of_tasks(model->awaits, &model->awaits->cycles[i]))
			cycle_report(model, "deadlock", &model->awaits->cycles[i],
				"Take locks in one order everywhere, and never block the thread of a loop.");
}
