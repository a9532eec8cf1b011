#include "inspector/asyncio/follow.h"

#include "inspector/base/address_sort.h"
#include "inspector/base/big.h"

#include <stdlib.h>

/* Fewer tasks are not worth a thread. */
#define WORTH_THREADS 1000

struct driven {
	uint64_t generator, place;
};

/* What one thread has of its own. */
struct follower {
	struct python *py;
	struct asyncio_classes classes;
	size_t from, to; /* its part of the order */
	struct driven *driven;
	size_t driven_count, driven_capacity;
};

struct followers {
	struct asyncio *a;
	const struct stack_index *stacks;
	const uint64_t *order; /* addresses of tasks */
	struct follower each[PARALLEL_MOST];
};

static void note_driven(struct follower *f, const struct chain *chain, size_t task)
{
	for (size_t k = 0; k < chain->count; k++) {
		if (chain->links[k].kind > LINK_GENERATOR)
			continue;
		f->driven =
			grow_array(f->driven, &f->driven_capacity, f->driven_count + 1, sizeof(*f->driven));
		f->driven[f->driven_count++] =
			(struct driven){chain->links[k].address, driven_place(task, k)};
	}
}

static void follow_part(void *context, unsigned thread)
{
	struct followers *all = context;
	struct follower *f = &all->each[thread];

	for (size_t i = f->from; i < f->to; i++) {
		size_t index = asyncio_find_task(all->a, all->order[i]);
		struct task *task = &all->a->tasks[index];

		if (task_state(task) != TASK_PENDING)
			continue;
		chain_follow(f->py, &f->classes, all->stacks, task->parts.coroutine, &task->chain);
		note_driven(f, &task->chain, index);
		wait_find(f->py, &f->classes, task->parts.waiter, &task->chain, &task->wait);
	}
}

/* The parts lie one behind the other, and so do the errors that are noted. */
static void start(struct followers *all, unsigned threads)
{
	struct asyncio *a = all->a;

	for (unsigned i = 0; i < threads; i++) {
		struct follower *f = &all->each[i];

		f->py = i ? python_fork(a->py) : a->py;
		f->classes = a->classes;
		f->classes.roles = addrmap_copy(&a->classes.roles);
		f->from = a->task_count * i / threads;
		f->to = a->task_count * (i + 1) / threads;
		if (i)
			a->helpers[a->helper_count++] = f->py;
	}
}

static void finish(struct followers *all, unsigned threads, struct addrmap *driven)
{
	addrmap_reserve(driven, all->a->task_count);
	for (unsigned i = 0; i < threads; i++) {
		struct follower *f = &all->each[i];

		for (size_t k = 0; k < f->driven_count; k++) {
			const struct driven *d = &f->driven[k];
			uint64_t place;

			if (!addrmap_get(driven, d->generator, &place) ||
				driven_task(place) <= driven_task(d->place))
				addrmap_put(driven, d->generator, d->place);
		}
		free(f->driven);
		addrmap_deinit(&f->classes.roles);
		if (i)
			python_take_over(all->a->py, f->py);
	}
}

/* By address, which is about the order in which they were made: what one needs lies side by side then, and a
 * look at memory that is in no order takes ten times as long. */
void tasks_follow(struct asyncio *a, const struct stack_index *stacks, struct addrmap *driven)
{
	unsigned threads = a->task_count < WORTH_THREADS ? 1 : parallel_threads();
	uint64_t *order = big_alloc(a->task_count, sizeof(*order));
	struct followers all = {.a = a, .stacks = stacks, .order = order};

	for (size_t i = 0; i < a->task_count; i++)
		order[i] = a->tasks[i].address;
	addresses_sort(order, a->task_count);
	start(&all, threads);
	parallel_run(threads, follow_part, &all);
	finish(&all, threads, driven);
	big_free(order, a->task_count, sizeof(*order));
}
