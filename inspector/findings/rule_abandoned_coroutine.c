#include "inspector/findings/alike.h"
#include "inspector/findings/in_hand.h"
#include "inspector/findings/place.h"

#include <string.h>

/* Awaitables that end a task's chain, because they have no Python frame: what they await in C, they drive. */
static void find_drivers(const struct asyncio *a, struct addrmap *drivers)
{
	for (size_t i = 0; i < a->task_count; i++) {
		const struct chain *chain = &a->tasks[i].chain;

		if (chain->count && chain->links[chain->count - 1].kind == LINK_AWAITABLE)
			addrmap_put(drivers, chain->links[chain->count - 1].address, 0);
	}
}

/* A coroutine that was started (by send(), or by a task that is gone) and is driven by nobody now. */
static bool is_abandoned(
	const struct model *model, const struct orphan *orphan, const struct addrmap *drivers)
{
	const struct coroutine *c = &model->asyncio->coroutines[orphan->coroutine];
	const struct retention *r = &orphan->retention;

	if (c->gen.kind != KIND_COROUTINE || c->gen.state != GEN_SUSPENDED || c->is_awaited ||
		is_in_hand(model, r))
		return false;
	for (size_t i = 0; i < r->referrer_count; i++)
		if (addrmap_get(drivers, r->referrers[i].from, NULL))
			return false;
	return true;
}

/* On a future, or in the bare yield of asyncio.sleep(0). */
static bool is_parked_by_asyncio(const struct model *model, const struct orphan *orphan)
{
	const struct chain *chain = &model->asyncio->coroutines[orphan->coroutine].chain;
	const struct link *last = chain->count ? &chain->links[chain->count - 1] : NULL;

	return chain->future || (last && last->file && place_is_library(last->file) &&
					strcmp(last->qualname, "__sleep0") == 0);
}

static bool is_certain(const struct model *model, const struct orphan *orphan, const void *drivers)
{
	return is_abandoned(model, orphan, drivers) && is_parked_by_asyncio(model, orphan);
}

/* It stands in a yield of another make: another scheduler than asyncio's
 * (trio, curio, one of the program's own) may be what drives it. */
static bool is_foreign(const struct model *model, const struct orphan *orphan, const void *drivers)
{
	return is_abandoned(model, orphan, drivers) && !is_parked_by_asyncio(model, orphan);
}

void rule_abandoned_coroutine(struct model *model)
{
	static const char advice[] = "Nothing will resume it: close() it, or let a task drive it.";
	struct addrmap drivers = ADDRMAP_INIT;

	if (!model->orphan_count)
		return;
	find_drivers(model->asyncio, &drivers);
	findings_of_orphans(model, "abandoned-coroutine", SEVERITY_ERROR, is_certain, &drivers, advice);
	findings_of_orphans(model, "abandoned-coroutine", SEVERITY_WARNING, is_foreign, &drivers, advice);
	addrmap_deinit(&drivers);
}
