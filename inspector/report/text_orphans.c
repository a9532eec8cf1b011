#include "inspector/report/text.h"

#include "inspector/findings/place.h"
#include "inspector/graph/native_refs.h"
#include "inspector/report/orphan_groups.h"
#include "inspector/report/style.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Direct holders that are listed. */
#define HOLDERS_SHOWN 5

static void print_call(const struct view *view, const struct orphan *orphan, const struct coroutine *c)
{
	style_print(view, STYLE_NAME, c->qualname, 0);
	putchar('(');
	for (size_t i = 0; i < orphan->argument_count; i++) {
		printf(i ? ", " : "");
		printf("%s", orphan->arguments[i].stars);
		style_print(view, STYLE_PLAIN, orphan->arguments[i].name, 0);
		putchar('=');
		style_print(view, STYLE_PLAIN, orphan->arguments[i].value, 0);
	}
	putchar(')');
}

static void print_state(const struct view *view, const struct coroutine *c)
{
	const struct link *link = c->chain.count ? &c->chain.links[0] : NULL;

	printf("    %s  ", c->gen.kind == KIND_ASYNCGEN ? "async generator" : "coroutine");
	printf("0x%llx, %s", (unsigned long long)c->gen.address,
		c->gen.state == GEN_CREATED ? "never started, defined at " : "suspended at ");
	style_print(view, STYLE_PLAIN, link ? style_place(view, link) : "?", 0);
	putchar('\n');
}

void text_edge(const struct view *view, const struct step *step)
{
	struct strbuf edge = STRBUF_INIT;

	ref_append_edge(view->py, &step->ref, &edge);
	style_print(view, STYLE_PLAIN, step->from_type, 0);
	printf(" 0x%llx ", (unsigned long long)step->from);
	style_print(view, STYLE_PLAIN, strbuf_text(&edge), 0);
	if (!ref_is_exact(&step->ref))
		printf(" (found by scanning: not sure)");
	strbuf_deinit(&edge);
}

/* Direct holders, where the ways from a root do not tell them. */
static void print_holders(const struct view *view, const struct retention *r)
{
	size_t told = r->path_count;

	for (size_t i = 0; r->referrer_count > told && i < r->referrer_count && i < HOLDERS_SHOWN; i++) {
		printf("    referrer   ");
		text_edge(view, &r->referrers[i]);
		putchar('\n');
	}
	if (r->referrer_count > told && r->referrer_count > HOLDERS_SHOWN)
		printf("               and %zu more\n", r->referrer_count - HOLDERS_SHOWN);
	text_native(view, r, "    ");
}

void text_native(const struct view *view, const struct retention *r, const char *before)
{
	if (r->native_references)
		printf("%s%lld of %lld reference%s %s held from native code: C variables, a stack, a "
		       "register\n",
			before, (long long)r->native_references, (long long)r->refcount,
			r->refcount == 1 ? "" : "s", r->native_references == 1 ? "is" : "are");
	for (size_t i = 0; i < r->native_place_count; i++) {
		printf("%s  perhaps ", before);
		style_print(view, STYLE_PLAIN, native_place_text(view->py, &r->native_places[i]), 0);
		putchar('\n');
	}
	if (r->native_place_total > r->native_place_count)
		printf("%s  or one of %zu more places\n", before,
			r->native_place_total - r->native_place_count);
}

void text_paths(const struct view *view, const struct retention *r, const char *before)
{
	for (size_t i = 0; i < r->path_count; i++) {
		printf("%s", before);
		style_print(view, STYLE_NAME, r->paths[i].text, 0);
		putchar('\n');
	}
	if (r->holder_count > r->path_count)
		printf("%sand by %zu more holder%s\n", before, r->holder_count - r->path_count,
			r->holder_count - r->path_count == 1 ? "" : "s");
	if (r->is_garbage)
		printf("%sgarbage only, which the collector has not freed\n", before);
}

static void print_creation(const struct view *view, const struct creation *creation)
{
	for (size_t i = 0; i < creation->count; i++) {
		printf("    %s", i ? "           " : "created    ");
		style_print(view, STYLE_PLAIN, place_file(&view->model->facts, creation->frames[i].file), 0);
		printf(":%u in ", creation->frames[i].line);
		style_print(view, STYLE_PLAIN, creation->frames[i].qualname, 0);
		putchar('\n');
	}
}

static const char *order_text(const struct orphan *orphan)
{
	return orphan->retention.path_count ? orphan->retention.paths[0].text : "";
}

/* As people count: [2] before [10]. */
static int by_path(const void *a, const void *b, void *model)
{
	const struct model *m = model;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = strverscmp(order_text(&m->orphans[x]), order_text(&m->orphans[y]));

	return order ? order : x < y ? -1 : x > y;
}

static uint64_t bytes_of(const struct model *m, size_t orphan)
{
	return retained_of(&m->retained, m->asyncio->coroutines[m->orphans[orphan].coroutine].gen.address);
}

static int by_retained(const void *a, const void *b, void *model)
{
	uint64_t x = bytes_of(model, *(const size_t *)a), y = bytes_of(model, *(const size_t *)b);

	return x != y ? (x > y ? -1 : 1) : by_path(a, b, model);
}

static int by_name(const void *a, const void *b, void *model)
{
	const struct model *m = model;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = strcmp(m->asyncio->coroutines[m->orphans[x].coroutine].qualname,
		m->asyncio->coroutines[m->orphans[y].coroutine].qualname);

	return order ? order : by_path(a, b, model);
}

static int by_address(const void *a, const void *b, void *model)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	(void)model; /* it has them in that order */
	return x < y ? -1 : x > y;
}

static void print_retained(const struct view *view, const struct coroutine *c)
{
	printf("    retains    %s\n", style_bytes(view, retained_of(&view->model->retained, c->gen.address)));
}

static void print_summary(const struct model *model)
{
	size_t created = 0, suspended = 0, generators = 0;

	for (size_t i = 0; i < model->orphan_count; i++) {
		const struct pygen *gen = &model->asyncio->coroutines[model->orphans[i].coroutine].gen;

		if (gen->kind == KIND_ASYNCGEN)
			generators++;
		else if (gen->state == GEN_CREATED)
			created++;
		else
			suspended++;
	}
	printf("%zu orphan%s: %zu never started, %zu started and left, %zu async generator%s\n",
		model->orphan_count, model->orphan_count == 1 ? "" : "s", created, suspended, generators,
		generators == 1 ? "" : "s");
}

void text_orphans(const struct view *view)
{
	const struct model *model = view->model;
	size_t *order = xcalloc(model->orphan_count, sizeof(*order));
	int (*compare)(const void *, const void *, void *) = view->sort == SORT_RETAINED  ? by_retained
							     : view->sort == SORT_NAME	  ? by_name
							     : view->sort == SORT_ADDRESS ? by_address
											  : by_path;

	if (!model->orphan_count && view->kept_coroutines)
		puts("No orphan matches.");
	else if (!model->orphan_count)
		puts("There are no orphans: every coroutine is driven by a task, or closed.");
	else
		print_summary(model);
	if (model->orphan_count > 1) {
		putchar('\n');
		orphan_groups_print(view);
	}
	for (size_t i = 0; i < model->orphan_count; i++)
		order[i] = i;
	qsort_r(order, model->orphan_count, sizeof(*order), compare, (void *)model);
	for (size_t i = 0; i < model->orphan_count; i++) {
		const struct orphan *orphan = &model->orphans[order[i]];
		const struct coroutine *c = &model->asyncio->coroutines[orphan->coroutine];

		putchar('\n');
		print_call(view, orphan, c);
		putchar('\n');
		print_state(view, c);
		print_creation(view, &orphan->creation);
		if (model->has_retained)
			print_retained(view, c);
		text_paths(view, &orphan->retention, "    held by    ");
		print_holders(view, &orphan->retention);
	}
	free(order);
}
