#include "inspector/findings/alike.h"
#include "inspector/findings/in_hand.h"

/* A coroutine that was called and never awaited: Python warns only when it is freed. */
static bool applies(const struct model *model, const struct orphan *orphan)
{
	const struct coroutine *c = &model->asyncio->coroutines[orphan->coroutine];

	/* One that another orphan awaits is that one's matter. */
	return c->gen.kind == KIND_COROUTINE && c->gen.state == GEN_CREATED && !c->is_awaited &&
	       !is_in_hand(model, &orphan->retention);
}

void rule_never_awaited(struct model *model)
{
	findings_of_orphans(model, "never-awaited", SEVERITY_ERROR, applies,
		"Await the call where it is made, or hand it to asyncio.create_task().");
}
