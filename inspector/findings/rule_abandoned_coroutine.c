#include "inspector/findings/alike.h"

/* A coroutine that was started (by send(), or by a task that is gone) and is driven by nobody now. */
static bool applies(const struct model *model, const struct orphan *orphan)
{
	const struct coroutine *c = &model->asyncio->coroutines[orphan->coroutine];

	return c->gen.kind == KIND_COROUTINE && c->gen.state == GEN_SUSPENDED && !c->is_awaited;
}

void rule_abandoned_coroutine(struct model *model)
{
	findings_of_orphans(model, "abandoned-coroutine", SEVERITY_ERROR, applies,
		"Nothing will resume it: close() it, or let a task drive it.");
}
