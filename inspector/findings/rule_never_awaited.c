#include "inspector/findings/alike.h"
#include "inspector/findings/fate.h"

/* A coroutine that was called and never awaited: Python warns only when it is freed. */
static bool is_unawaited(const struct model *model, const struct orphan *orphan)
{
	const struct coroutine *c = &model->asyncio->coroutines[orphan->coroutine];

	/* One that another orphan awaits is that one's matter. */
	return c->gen.kind == KIND_COROUTINE && c->gen.state == GEN_CREATED && !c->is_awaited;
}

static bool is_lost(const struct model *model, const struct orphan *orphan, const void *iterated)
{
	return is_unawaited(model, orphan) && fate_of(model, iterated, orphan) == FATE_LOST;
}

static bool is_perhaps(const struct model *model, const struct orphan *orphan, const void *iterated)
{
	return is_unawaited(model, orphan) && fate_of(model, iterated, orphan) == FATE_PERHAPS;
}

void rule_never_awaited(struct model *model)
{
	static const char advice[] = "Await the call where it is made, or hand it to asyncio.create_task().";
	struct addrmap iterated = ADDRMAP_INIT;

	if (!model->orphan_count)
		return;
	iterated_find(model->asyncio, &iterated);
	findings_of_orphans(model, "never-awaited", SEVERITY_ERROR, is_lost, &iterated, advice);
	findings_of_orphans(model, "never-awaited", SEVERITY_WARNING, is_perhaps, &iterated, advice);
	addrmap_deinit(&iterated);
}
