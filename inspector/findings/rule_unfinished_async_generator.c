#include "inspector/findings/alike.h"
#include "inspector/findings/in_hand.h"

/* An async generator that stands in the middle of its body while no frame iterates it. */
static bool applies(const struct model *model, const struct orphan *orphan, const void *context)
{
	(void)context;
	return model->asyncio->coroutines[orphan->coroutine].gen.kind == KIND_ASYNCGEN &&
	       !is_in_hand(model, &orphan->retention);
}

void rule_unfinished_async_generator(struct model *model)
{
	findings_of_orphans(model, "unfinished-async-generator", SEVERITY_WARNING, applies, NULL,
		"Its finally blocks have not run: iterate it inside `async with contextlib.aclosing(...)`.");
}
