#include "tests/unit/held_fake.h"

#include <string.h>
#include <sys/mman.h>

static bool map_at(uint64_t address, const uint8_t *bytes, size_t size)
{
	void *wanted = (void *)(uintptr_t)address;
	void *map = mmap(wanted, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (map != wanted)
		return false;
	memcpy(map, bytes, size);
	return true;
}

static int run_twin(struct child *self, void *context)
{
	const struct fake *f = context;

	if (!map_at(FAKE_BASE, f->memory, f->size) ||
		!map_at(FAKE_UNMAPPED - FAKE_PAGE, f->before_unmapped, FAKE_PAGE) ||
		!map_at(FAKE_LOST - FAKE_PAGE, f->before_lost, FAKE_PAGE))
		return 1;
	child_ready(self);
	child_wait(self);
	return 0;
}

void held_fake_open(struct held_fake *h, struct fake *f, uint64_t kept_most)
{
	const struct target_options options = {.kept_most = kept_most};
	struct error err = ERROR_INIT;

	h->child = child_start(run_twin, f);
	h->target = target_open_process(h->child.pid, &options, &err);
	ck_assert_msg(h->target != NULL, "%s", err.text);
	ck_assert_msg(target_hold(h->target, NULL, NULL, NULL, &err), "%s", err.text);
	h->py = python_fork(f->py);
	h->py->target = h->target;
}

void held_fake_close(struct held_fake *h)
{
	if (!h->py)
		return;
	python_discard(h->py);
	target_close(h->target);
	child_kill(&h->child);
	*h = (struct held_fake){.py = NULL};
}
