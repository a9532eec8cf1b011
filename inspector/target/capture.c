/* target_capture: stop, copy, let go. */
#include "inspector/target/clock.h"
#include "inspector/target/denial.h"
#include "inspector/target/memory_limit.h"
#include "inspector/target/proc_file.h"
#include "inspector/target/target_live.h"
#include "inspector/target/time_offset.h"
#include "inspector/target/tracer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* How long it is tried to catch the process in a settled state. */
#define MOST_TRIES_MS 1000.0

/* The pause between two tries doubles from the first of these to the second. */
#define FIRST_PAUSE_MS 0.5
#define LAST_PAUSE_MS  32.0

/* More growth than this between the look before the stop and the copy is looked at again. */
#define MUCH_GROWTH ((uint64_t)64 << 20)

static void pause_ms(double ms)
{
	struct timespec pause = {.tv_sec = (time_t)(ms / 1e3), .tv_nsec = (long)(ms * 1e6) % 1000000000};

	nanosleep(&pause, NULL);
}

static bool check_memory(const struct target *t, uint64_t bytes, struct error *err)
{
	uint64_t available = memory_available();

	/* A sixteenth is left for what is made of the copy, and for everybody else. */
	if (bytes <= available - available / 16)
		return true;
	error_set(err, ERROR_LIMIT,
		"process %d has %llu MiB of memory to copy, and %llu MiB are available here", (int)t->pid,
		(unsigned long long)(bytes >> 20), (unsigned long long)(available >> 20));
	return error_advise(err,
		"Give --low-memory, for which the process stands still for longer, or write a core and "
		"inspect that: "
		"gcore -o core %d",
		(int)t->pid);
}

/* All that can be done while the process runs: most of what will be copied is known, its place is reserved
 * and its pages are taken. */
static bool prepare(struct target *t, struct copy_plan *plan, struct error *err)
{
	if (!live_read_maps(t, err) || !live_read_tracer(t, err))
		return false;
	copy_plan_make(plan, t, true);
	return check_memory(t, plan->copy_bytes, err) && snapshot_reserve(&t->snapshot, plan, err) &&
	       snapshot_populate(&t->snapshot, plan, t->options.progress, err);
}

static bool copy_memory(struct target *t, struct copy_plan *plan, struct error *err)
{
	uint64_t prepared = plan->copy_bytes;

	if (!live_read_maps(t, err))
		return false;
	copy_plan_make(plan, t, true);
	if (plan->copy_bytes > prepared + MUCH_GROWTH && !check_memory(t, plan->copy_bytes, err))
		return false;
	return snapshot_reserve(&t->snapshot, plan, err) &&
	       snapshot_copy(&t->snapshot, plan, t->pid, t->options.progress, err);
}

static void take_threads(struct target *t, const struct tracer *tracer)
{
	size_t count, stuck, foreign = 0;
	const struct tracer_thread *threads = tracer_threads(tracer, &count, &stuck);

	t->threads = arena_alloc(t->arena, (count + 1) * sizeof(*t->threads));
	t->thread_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct target_thread *thread = &t->threads[t->thread_count];

		if (threads[i].is_gone)
			continue;
		thread->tid = threads[i].tid;
		thread->has_registers = threads[i].has_registers;
		thread->stack_pointer = threads[i].stack_pointer;
		thread->pc = threads[i].pc;
		thread->call = threads[i].call;
		thread->has_all_registers = threads[i].has_registers;
		memcpy(thread->registers, threads[i].registers, sizeof(thread->registers));
		foreign += !threads[i].is_stopped;
		t->thread_count++;
	}
	foreign -= stuck < foreign ? stuck : foreign;
	if (stuck > 0)
		target_warn(t, "%zu of %zu threads could not be stopped: uninterruptible sleep in the kernel",
			stuck, t->thread_count);
	if (foreign > 0)
		target_warn(t, "%zu of %zu threads are held by another tracer and were not stopped", foreign,
			t->thread_count);
}

static void name_threads(struct target *t)
{
	for (size_t i = 0; i < t->thread_count; i++)
		live_name_thread(t, &t->threads[i]);
}

static void warn_unstopped(struct target *t)
{
	char directory[32], name[64];
	struct strbuf comm = STRBUF_INIT;
	int errnum;

	/* As good as stopped by us: the page says who holds it. */
	if (t->tracer != 0 && proc_is_stopped(t->proc))
		return;
	if (t->tracer == 0) {
		target_warn(t, "the process was read while it ran: what is shown may be torn");
		return;
	}
	snprintf(directory, sizeof(directory), "/proc/%d/comm", (int)t->tracer);
	proc_file_read(-1, directory, &comm, &errnum);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(strbuf_text(&comm), "\n"), strbuf_text(&comm));
	target_warn(t, "the process is traced by %s (%d), which lets it run: what is shown may be torn",
		name[0] ? name : "a process", (int)t->tracer);
	strbuf_deinit(&comm);
}

/* Stops the process, unless it shall or can not be stopped: *tracer is NULL then. A debugger may have come
 * since the last look. */
static bool hold(struct target *t, struct tracer **tracer, struct error *err)
{
	struct error refusal = ERROR_INIT;

	*tracer = NULL;
	if (t->options.no_stop || t->tracer != 0)
		return true;
	*tracer = tracer_stop(t->proc, t->pid, &refusal);
	if (*tracer)
		return true;
	if (refusal.kind == ERROR_DENIED) {
		if (!live_read_tracer(t, err))
			return false;
		return t->tracer != 0 || denial_set(t->proc, t->pid, refusal.errnum, err);
	}
	if (err)
		*err = refusal;
	return false;
}

/* What is done with the process while it stands: all of it is copied, or it is kept. */
static bool use(struct target *t, struct copy_plan *plan, struct tracer *tracer, bool keep, struct error *err)
{
	double offset;
	bool done;

	t->monotonic = monotonic_offset(t->proc, &offset) ? clock_ms() / 1000 + offset : 0;
	if (keep) {
		done = live_read_maps(t, err);
		/* Who wants little looks at few pages; who goes through all of them should know which are
		 * there. */
		if (done)
			copy_plan_make(plan, t, t->options.kept_most != 0);
		done = done && snapshot_reserve(&t->snapshot, plan, err);
	} else {
		done = copy_memory(t, plan, err);
	}
	if (tracer)
		take_threads(t, tracer);
	else if (done)
		done = live_read_threads(t, true, err);
	t->holder = pthread_self();
	if (keep && done)
		t->held = tracer;
	else
		t->stopped_ms += tracer_release(tracer);
	if (done && tracer)
		name_threads(t);
	else if (done)
		warn_unstopped(t);
	return done;
}

static bool catch_and_use(struct target *t, struct copy_plan *plan, bool keep, target_settled_fn settled,
	void *context, bool *is_settled, struct error *err)
{
	double deadline = clock_ms() + MOST_TRIES_MS, pause = FIRST_PAUSE_MS;

	for (;;) {
		struct tracer *tracer;

		if (!hold(t, &tracer, err))
			return false;
		*is_settled = !settled || settled(t, context);
		if (*is_settled || clock_ms() + pause >= deadline)
			return use(t, plan, tracer, keep, err);
		t->stopped_ms += tracer_release(tracer);
		pause_ms(pause);
		pause = pause * 2 < LAST_PAUSE_MS ? pause * 2 : LAST_PAUSE_MS;
	}
}

bool target_capture(
	struct target *t, target_settled_fn settled, void *context, bool *is_settled, struct error *err)
{
	struct copy_plan plan = {.runs = NULL};
	bool answer = true, done = true;

	if (t->kind == TARGET_CORE || t->is_captured) {
		answer = !settled || settled(t, context);
	} else {
		done = prepare(t, &plan, err) &&
		       catch_and_use(t, &plan, false, settled, context, &answer, err);
		if (done) {
			t->is_captured = true;
			live_make_regions(t, &plan);
		}
		copy_plan_deinit(&plan);
	}
	if (done && is_settled)
		*is_settled = answer;
	return done;
}

bool target_hold(
	struct target *t, target_settled_fn settled, void *context, bool *is_settled, struct error *err)
{
	struct copy_plan plan = {.runs = NULL};
	bool answer = true, done;

	if (t->kind == TARGET_CORE || t->is_captured)
		return target_capture(t, settled, context, is_settled, err);
	done = live_read_tracer(t, err) && catch_and_use(t, &plan, true, settled, context, &answer, err);
	if (done) {
		t->is_captured = t->is_partial = t->is_open = true;
		live_make_regions(t, &plan);
		pages_init(&t->pages, &t->regions);
		t->pages.is_scarce = t->options.kept_most != 0;
	}
	copy_plan_deinit(&plan);
	if (done && is_settled)
		*is_settled = answer;
	return done;
}

void target_let_go(struct target *t)
{
	t->stopped_ms += tracer_release(t->held);
	t->held = NULL;
	t->is_open = false;
}

bool target_is_cut(const struct target *t)
{
	return t->is_cut;
}

bool target_is_whole(const struct target *t, struct error *err)
{
	int errnum = __atomic_load_n(&t->pages.errnum, __ATOMIC_RELAXED);

	return !errnum ||
	       error_errno(err, errnum, "cannot read the memory of process %d to its end", (int)t->pid);
}

bool target_is_held(const struct target *t)
{
	return t->is_open;
}

void target_forget(struct target *t)
{
	struct copy_plan plan = {.runs = NULL};

	target_let_go(t);
	if (!t->is_partial)
		return;
	t->is_captured = t->is_partial = false;
	pages_deinit(&t->pages);
	copy_plan_make(&plan, t, false);
	live_make_regions(t, &plan);
	copy_plan_deinit(&plan);
	snapshot_deinit(&t->snapshot);
}

uint64_t target_resident(const struct target *t)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t kilobytes = 0, swapped = 0;
	int errnum;

	if (t->kind == TARGET_LIVE && proc_file_read(t->proc, "status", &text, &errnum)) {
		proc_field_number(strbuf_text(&text), "RssAnon", 10, &kilobytes);
		proc_field_number(strbuf_text(&text), "VmSwap", 10, &swapped);
	}
	strbuf_deinit(&text);
	return (kilobytes + swapped) << 10;
}
