#include "inspector/report/text.h"

#include "inspector/report/style.h"

#include <stdio.h>

/* Direct holders that are listed. */
#define HOLDERS_SHOWN 5

static void print_call(const struct view *view, const struct orphan *orphan, const struct coroutine *c)
{
	style_print(view, STYLE_NAME, c->qualname, 0);
	putchar('(');
	for (size_t i = 0; i < orphan->argument_count; i++) {
		printf(i ? ", " : "");
		style_print(view, STYLE_PLAIN, orphan->arguments[i].name, 0);
		putchar('=');
		style_print(view, STYLE_PLAIN, orphan->arguments[i].value, 0);
	}
	putchar(')');
}

static void print_state(const struct view *view, const struct coroutine *c)
{
	const struct link *link = c->chain.count ? &c->chain.links[0] : NULL;

	printf("    %s  %s", c->gen.kind == KIND_ASYNCGEN ? "async generator" : "coroutine", "");
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

static void print_holders(const struct view *view, const struct retention *r)
{
	for (size_t i = 0; i < r->referrer_count && i < HOLDERS_SHOWN; i++) {
		printf("    referrer   ");
		text_edge(view, &r->referrers[i]);
		putchar('\n');
	}
	if (r->referrer_count > HOLDERS_SHOWN)
		printf("               and %zu more\n", r->referrer_count - HOLDERS_SHOWN);
	if (r->native_references)
		printf("    native     %lld of its %lld references are held by C code\n",
			(long long)r->native_references, (long long)r->refcount);
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
		printf("%snothing: garbage that the collector has not freed\n", before);
}

static void print_creation(const struct view *view, const struct creation *creation)
{
	for (size_t i = 0; i < creation->count; i++) {
		printf("    %s", i ? "           " : "created    ");
		style_print(view, STYLE_PLAIN, style_file(view, creation->frames[i].file), 0);
		printf(":%u in ", creation->frames[i].line);
		style_print(view, STYLE_PLAIN, creation->frames[i].qualname, 0);
		putchar('\n');
	}
}

void text_orphans(const struct view *view)
{
	const struct model *model = view->model;

	if (!model->orphan_count)
		puts("There are no orphans: every coroutine is driven by a task, or closed.");
	for (size_t i = 0; i < model->orphan_count; i++) {
		const struct orphan *orphan = &model->orphans[i];
		const struct coroutine *c = &model->asyncio->coroutines[orphan->coroutine];

		printf(i ? "\n" : "");
		print_call(view, orphan, c);
		putchar('\n');
		print_state(view, c);
		print_creation(view, &orphan->creation);
		text_paths(view, &orphan->retention, "    held by    ");
		print_holders(view, &orphan->retention);
	}
}
