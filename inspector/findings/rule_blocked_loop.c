#include "inspector/findings/findings.h"

#include "inspector/findings/place.h"

#include <string.h>
#include <sys/syscall.h>

/* Lib/asyncio/base_events.py: the default of slow_callback_duration. */
#define SLOW_CALLBACK 0.1
/* A machine that is short of processors delays every program so much now and then. */
#define LONG_ROUND 1.0

/* What keeps the thread of a loop, as far as it can be told. */
struct block {
	const struct loop *loop;
	const struct pythread *thread;
	double limit;	/* a callback should not take longer */
	double elapsed; /* since the loop began with this round of callbacks; negative: unknown */
	double asked;	/* for how long the thread asked to sleep; negative: it did not, or unknown */
	double until;	/* by the loop's clock, when that sleep ends; negative: unknown */
	bool is_lock;	/* it waits for a lock of threading, or of the like */
	bool is_waiting;
};

static void read_sleep(const struct model *model, struct block *b)
{
	struct system_sleep sleep;

	b->asked = b->until = -1;
	if (!system_call_sleep(model->py->target, &b->thread->call, &sleep))
		return;
	b->asked = sleep.seconds;
	b->until = sleep.until;
	if (b->until >= 0 && b->loop->now >= 0 && b->until > b->loop->now)
		b->asked = b->until - b->loop->now;
}

/* A thread that waits for the interpreter's own lock is in futex too, so the Python frame has to say it. */
static bool waits_for_lock(const struct pythread *thread)
{
	static const char *const files[] = {"threading.py", "queue.py", "concurrent/futures/_base.py",
		"multiprocessing/synchronize.py", "multiprocessing/connection.py"};
	const char *file = thread->frame_count ? thread->frames[0].code->filename : "";
	size_t length = strlen(file);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t tail = strlen(files[i]);

		if (length > tail && file[length - tail - 1] == '/' &&
			strcmp(file + length - tail, files[i]) == 0)
			return true;
	}
	return false;
}

static void read_block(const struct model *model, const struct loop *loop, struct block *b)
{
	*b = (struct block){.loop = loop, .thread = &model->asyncio->threads.threads[loop->thread]};
	b->limit = loop->slow_callback_duration > 0 ? loop->slow_callback_duration : SLOW_CALLBACK;
	b->elapsed = loop->round_began >= 0 && loop->now >= 0 && !loop->now_is_bound
			     ? loop->now - loop->round_began
			     : -1;
	b->is_waiting = b->thread->call.is_waiting;
	b->is_lock = b->is_waiting && waits_for_lock(b->thread);
	read_sleep(model, b);
}

/* Timers that come due, or have, before the sleep ends. */
static size_t count_due(const struct block *b)
{
	double most, end = b->until > 0 ? b->until : b->asked > 0 ? b->loop->now + b->asked : b->loop->now;
	size_t count = 0;

	if (b->loop->now < 0 && b->until < 0)
		return loop_count_overdue(b->loop, &most);
	for (size_t i = 0; i < b->loop->timers.count && b->loop->timers.items[i].when < end; i++)
		count += !b->loop->timers.items[i].is_cancelled;
	return count;
}

static bool others_are_pending(const struct model *model, const struct block *b)
{
	const struct asyncio *a = model->asyncio;

	for (size_t i = 0; i < a->task_count; i++)
		if (a->tasks[i].future.loop == b->loop->address && task_state(&a->tasks[i]) == TASK_PENDING &&
			a->tasks[i].address != b->loop->current_task && !a->tasks[i].chain.is_running)
			return true;
	return false;
}

/* False: nothing worth telling. */
static bool judge(const struct model *model, const struct block *b, enum severity *severity)
{
	bool is_futex = b->is_waiting && b->thread->call.number == SYS_futex && !b->is_lock;

	*severity = SEVERITY_WARNING;
	if (!b->is_waiting || is_futex)
		return b->elapsed >= LONG_ROUND && b->elapsed >= b->limit;
	if (b->asked >= b->limit || (b->elapsed >= LONG_ROUND && b->elapsed >= b->limit)) {
		if (b->loop->ready > 0 || count_due(b) || others_are_pending(model, b))
			*severity = SEVERITY_ERROR;
		return true;
	}
	/* A short sleep, or a process in which the round has only begun. */
	if (b->asked >= 0 || (b->elapsed >= 0 && b->elapsed < b->limit))
		return false;
	return true;
}

/* The innermost frame of the user's; the innermost of all otherwise. */
static const struct pyframe *find_place(const struct block *b)
{
	size_t end = b->loop->running_frame < b->thread->frame_count ? b->loop->running_frame
								     : b->thread->frame_count;

	for (size_t i = 0; i < end; i++)
		if (!place_is_library(b->thread->frames[i].code->filename))
			return &b->thread->frames[i];
	return b->thread->frame_count ? &b->thread->frames[0] : NULL;
}

static void tell_call(struct model *model, struct finding *finding, const struct block *b)
{
	const char *name = system_call_name(b->thread->call.number);
	const struct pyframe *place = find_place(b);
	struct strbuf s = STRBUF_INIT;

	if (!b->is_waiting)
		strbuf_append(&s, "its thread computes");
	else if (b->is_lock)
		strbuf_append(&s, "its thread waits for a lock");
	else if (name)
		strbuf_printf(&s, "its thread waits in the system call %s", name);
	else
		strbuf_printf(&s, "its thread waits in system call %llu",
			(unsigned long long)b->thread->call.number);
	/* Of a core the clock is known from when the round began. */
	if (b->asked >= 0)
		strbuf_printf(&s,
			b->until >= 0 && b->loop->now_is_bound ? ", for %.1f s in this round"
							       : ", for %.1f s more",
			b->asked);
	finding_evidence(model, finding, "%s", strbuf_text(&s));
	strbuf_deinit(&s);
	if (place)
		finding_evidence(model, finding, "called at %s:%u in %s",
			place_file(&model->facts, place->code->filename), pyframe_line(place),
			place->code->qualname);
}

static void tell_who_waits(struct model *model, struct finding *finding, const struct block *b)
{
	size_t due = count_due(b);

	if (b->elapsed >= 0)
		finding_evidence(
			model, finding, "it has looked at no descriptor and no timer for %.1f s", b->elapsed);
	if (due)
		finding_evidence(model, finding, "%zu timer%s %s", due, due == 1 ? "" : "s",
			b->asked >= 0 || b->until >= 0 ? "due before that ends" : "overdue");
	if (b->loop->ready > 0)
		finding_evidence(model, finding, "%lld callback%s ready to be called",
			(long long)b->loop->ready, b->loop->ready == 1 ? " is" : "s are");
}

static void look_at_loop(struct model *model, const struct loop *loop)
{
	size_t task = asyncio_find_task(model->asyncio, loop->current_task);
	struct finding *finding;
	enum severity severity;
	struct block b;

	read_block(model, loop, &b);
	if (!judge(model, &b, &severity))
		return;
	if (task != NO_INDEX)
		finding = finding_add(model, "blocked-loop", severity,
			"the loop of thread '%s', in task '%s' (%s)", b.thread->name ? b.thread->name : "?",
			model->asyncio->tasks[task].name,
			model->asyncio->tasks[task].coroutine_qualname
				? model->asyncio->tasks[task].coroutine_qualname
				: "?");
	else
		finding = finding_add(model, "blocked-loop", severity, "the loop of thread '%s', in %s",
			b.thread->name ? b.thread->name : "?",
			loop->running.address ? loop->running.callable.name : "a callback");
	finding_object(model, finding, loop->address);
	if (task != NO_INDEX)
		finding_object(model, finding, loop->current_task);
	tell_call(model, finding, &b);
	tell_who_waits(model, finding, &b);
	finding->advice =
		"Run what blocks or computes in asyncio.to_thread() or loop.run_in_executor(); wait "
		"by asyncio.sleep().";
}

/* A loop that executes a callback is no wonder. It is blocked when that takes too long, which is an error
 * only when its thread does nothing meanwhile: it sleeps in the kernel, while others could run. */
void rule_blocked_loop(struct model *model)
{
	for (size_t i = 0; i < model->asyncio->loop_count; i++) {
		const struct loop *loop = &model->asyncio->loops[i];

		if (loop->doing == LOOP_IN_CALLBACK && loop->thread != SIZE_MAX)
			look_at_loop(model, loop);
	}
}
