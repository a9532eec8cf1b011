/* Generators and coroutines, futures and tasks of the target: what one member says of their state, the others
 * say as well. */
#include "inspector/python/layout_check_private.h"

/* 3.14: the low bits of a reference on a frame are flags. */
#define UNTAGGED (~UINT64_C(3))

static bool is_one_of(struct check *c, int64_t value, const enum field_id *constants, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (probe_has(&c->probe, constants[i]) && c->result->fields[constants[i]].value == value)
			return true;
	return false;
}

/* A constant that was met is right when the states are. */
static void check_constants(struct check *c, const struct outcome *outcome, const size_t *met,
	const enum field_id *constants, size_t count, const char *why)
{
	for (size_t i = 0; i < count; i++) {
		struct outcome own = *outcome;

		own.objects = met[i];
		if (probe_has(&c->probe, constants[i]))
			check_outcome(c, constants[i], &own, why);
	}
}

static void meet(struct check *c, int64_t value, const enum field_id *constants, size_t count, size_t *met)
{
	for (size_t i = 0; i < count; i++)
		met[i] += c->result->fields[constants[i]].value == value;
}

static int64_t constant(const struct check *c, enum field_id id)
{
	return c->result->fields[id].value;
}

/* Generators whose frames are structs of their own: one inside of the generator, which is owned by it, has a
 * caller while it executes, and comes back to the caller by its first instructions. 3.11 to 3.15:
 * Objects/genobject.c, gen_send_ex2; the evaluation loop's RETURN_GENERATOR and YIELD_VALUE. */
static const enum field_id gen_states[] = {FIELD_state_created, FIELD_state_suspended,
	FIELD_state_suspended_await, FIELD_state_executing, FIELD_state_cleared};
static const enum field_id gen_owner[] = {FIELD_owned_by_generator};

struct generators {
	struct outcome state, owner, first;
	size_t states[5], owners[1];
};

static bool has_first(struct check *c, uint64_t frame)
{
	uint64_t code, first, units;

	return probe_pointer(&c->probe, frame, FIELD_frame_code, &code) &&
	       probe_unsigned(&c->probe, code & UNTAGGED, FIELD_code_firsttraceable, &first) &&
	       probe_unsigned(&c->probe, code & UNTAGGED, FIELD_var_size, &units) && first && first < units;
}

static void look_at_generator(struct check *c, uint64_t generator, struct generators *g)
{
	const struct probe *p = &c->probe;
	uint64_t frame = generator + p->fields[FIELD_gen_frame].offset, caller, owned;
	int64_t value;
	bool is_executing;

	if (!probe_signed(p, generator, FIELD_gen_state, &value)) {
		outcome_add(&g->state, false);
		return;
	}
	meet(c, value, gen_states, 5, g->states);
	is_executing = value == constant(c, FIELD_state_executing);
	if (value == constant(c, FIELD_state_cleared)) {
		outcome_add(&g->state, true);
		return;
	}
	outcome_add(&g->state, is_one_of(c, value, gen_states, 5) &&
				       probe_pointer(p, frame, FIELD_frame_previous, &caller) &&
				       (caller != 0) == is_executing);
	if (!probe_unsigned(p, frame, FIELD_frame_owner, &owned))
		owned = UINT64_MAX;
	meet(c, (int64_t)owned, gen_owner, 1, g->owners);
	outcome_add(&g->owner, (int64_t)owned == constant(c, FIELD_owned_by_generator));
	outcome_add(&g->first, has_first(c, frame));
}

static void check_generators(struct check *c)
{
	static const enum type_kind kinds[] = {KIND_COROUTINE, KIND_GENERATOR, KIND_ASYNCGEN};
	static const char other[] = "generators of this process are in other states";
	struct generators g = {.state = {.right = 0}};

	if (!probe_has(&c->probe, FIELD_gen_state))
		return;
	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < c->samples->count[kinds[k]]; i++)
			look_at_generator(c, c->samples->at[kinds[k]][i], &g);
	check_outcome(c, FIELD_gen_state, &g.state, other);
	check_constants(c, &g.state, g.states, gen_states, 5, other);
	check_outcome(c, FIELD_frame_owner, &g.owner, "frames of generators have other owners");
	check_constants(c, &g.owner, g.owners, gen_owner, 1, "frames of generators have other owners");
	check_outcome(c, FIELD_code_firsttraceable, &g.first, "code of generators has another start");
}

/* Up to 3.10: Objects/genobject.c, gen_send_ex; 3.10 puts a stack away when it does not execute. */
static void look_at_frame(struct check *c, uint64_t frame, struct outcome *state, struct outcome *last,
	struct outcome *deep, size_t *met)
{
	static const enum field_id states[] = {
		FIELD_state_created, FIELD_state_suspended, FIELD_state_executing, FIELD_state_cleared};
	const struct probe *p = &c->probe;
	int64_t value, at, depth;
	bool has_last = probe_signed(p, frame, FIELD_frameobject_lasti, &at) && at >= -1 && at < 1 << 20;

	if (!probe_has(p, FIELD_frameobject_state)) {
		outcome_add(last, has_last);
		return;
	}
	if (!probe_signed(p, frame, FIELD_frameobject_state, &value)) {
		outcome_add(state, false);
		return;
	}
	meet(c, value, states, 4, met);
	if (value == constant(c, FIELD_state_created) || at == -1)
		outcome_add(last, has_last && (value == constant(c, FIELD_state_created)) == (at == -1));
	if (!probe_signed(p, frame, FIELD_frameobject_stackdepth, &depth) || depth >= 1 << 16)
		outcome_add(deep, false);
	else if (value == constant(c, FIELD_state_executing) || depth == -1)
		outcome_add(deep, (value == constant(c, FIELD_state_executing)) == (depth == -1));
	/* Include/cpython/frameobject.h: it may also be about to return or to raise. */
	outcome_add(
		state, is_one_of(c, value, states, 4) || (value > constant(c, FIELD_state_executing) &&
								 value < constant(c, FIELD_state_cleared)));
}

static void check_frame_objects(struct check *c)
{
	static const enum field_id states[] = {
		FIELD_state_created, FIELD_state_suspended, FIELD_state_executing, FIELD_state_cleared};
	static const char other[] = "frames of this process are in other states";
	struct outcome state = {.right = 0}, last = {.right = 0}, deep = {.right = 0};
	size_t met[4] = {0};

	if (!probe_has(&c->probe, FIELD_frameobject_valuestack))
		return;
	for (size_t i = 0; i < c->samples->count[KIND_COROUTINE]; i++) {
		uint64_t frame;

		if (probe_pointer(
			    &c->probe, c->samples->at[KIND_COROUTINE][i], FIELD_gen_frame_object, &frame) &&
			frame)
			look_at_frame(c, frame, &state, &last, &deep, met);
	}
	for (size_t i = 0; i < c->samples->count[KIND_FRAME]; i++)
		look_at_frame(c, c->samples->at[KIND_FRAME][i], &state, &last, &deep, met);
	check_outcome(c, FIELD_frameobject_lasti, &last, "frames of this process are elsewhere");
	if (!probe_has(&c->probe, FIELD_frameobject_state))
		return;
	check_outcome(c, FIELD_frameobject_state, &state, other);
	check_outcome(c, FIELD_frameobject_stackdepth, &deep, other);
	check_constants(c, &state, met, states, 4, other);
}

/* Futures ----------------------------------------------------------------------------------------------- */

/* Modules/_asynciomodule.c: result and exception come with the state FINISHED, a traceback is to be logged
 * only of an exception. */
static const enum field_id future_states[] = {
	FIELD_future_pending, FIELD_future_cancelled, FIELD_future_finished};

struct futures {
	struct outcome state, log, cancel;
	size_t states[3];
};

static void look_at_future(struct check *c, uint64_t future, struct futures *f)
{
	const struct probe *p = &c->probe;
	uint64_t result, exception, logged;
	int64_t value;
	bool is_finished;

	if (!probe_signed(p, future, FIELD_future_state, &value) ||
		!probe_pointer(p, future, FIELD_future_result, &result) ||
		!probe_pointer(p, future, FIELD_future_exception, &exception) ||
		!probe_unsigned(p, future, FIELD_future_log_traceback, &logged)) {
		outcome_add(&f->state, false);
		return;
	}
	meet(c, value, future_states, 3, f->states);
	is_finished = value == constant(c, FIELD_future_finished);
	outcome_add(&f->state, is_one_of(c, value, future_states, 3) && is_finished == (result || exception));
	f->log.right += logged == 0 || (logged == 1 && exception);
	f->log.wrong += logged > 1 || (logged && !exception);
	f->log.objects += logged == 1 && exception;
}

/* A task that waits has not run yet what would cancel it. */
static void look_at_task(struct check *c, uint64_t task, struct futures *f)
{
	const struct probe *p = &c->probe;
	uint64_t waiter, must, requests = 0;
	bool holds;

	if (!probe_pointer(p, task, FIELD_task_waiter, &waiter) || !waiter)
		return;
	holds = probe_unsigned(p, task, FIELD_task_must_cancel, &must) && must == 0 &&
		(!probe_has(p, FIELD_task_cancel_requests) ||
			(probe_unsigned(p, task, FIELD_task_cancel_requests, &requests) &&
				requests < 1 << 16));
	f->cancel.right += holds;
	f->cancel.wrong += !holds;
}

static void check_futures(struct check *c)
{
	static const enum type_kind kinds[] = {KIND_FUTURE, KIND_TASK};
	static const char other[] = "futures of this process are in other states";
	struct futures f = {.state = {.right = 0}};

	if (!probe_has(&c->probe, FIELD_future_state))
		return;
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < c->samples->count[kinds[k]]; i++)
			look_at_future(c, c->samples->at[kinds[k]][i], &f);
	for (size_t i = 0; i < c->samples->count[KIND_TASK]; i++)
		look_at_task(c, c->samples->at[KIND_TASK][i], &f);
	check_outcome(c, FIELD_future_state, &f.state, other);
	check_outcome(c, FIELD_future_result, &f.state, other);
	check_outcome(c, FIELD_future_exception, &f.state, other);
	check_constants(c, &f.state, f.states, future_states, 3, other);
	check_outcome(
		c, FIELD_future_log_traceback, &f.log, "futures of this process say something else there");
	check_outcome(c, FIELD_task_must_cancel, &f.cancel, "tasks of this process say something else there");
}

/* The list that the interpreter or a thread keeps: its members are tasks. */
static void look_at_list(struct check *c, uint64_t head, struct outcome *outcome)
{
	uint64_t at;
	enum type_kind kind;
	bool is_exact;

	if (!probe_word(&c->fresh, head, &at))
		return;
	for (int i = 0; at && at != head && i < SAMPLES_EACH; i++) {
		uint64_t task = at - c->probe.fields[FIELD_task_node].offset;

		outcome_add(outcome, samples_kind(c->samples, task, &kind, &is_exact) && kind == KIND_TASK);
		samples_offer(c->samples, task);
		if (!probe_word(&c->fresh, at, &at))
			return;
	}
}

static void check_task_lists(struct check *c)
{
	const struct probe *p = &c->probe;
	struct outcome outcome = {.right = 0};
	uint64_t thread;

	if (!probe_has(p, FIELD_task_node))
		return;
	if (probe_has(p, FIELD_interp_tasks_head))
		look_at_list(c, c->interp + p->fields[FIELD_interp_tasks_head].offset, &outcome);
	if (!probe_pointer(p, c->interp, FIELD_interp_threads_head, &thread))
		return;
	for (int i = 0; i < 64 && thread && probe_has(p, FIELD_thread_tasks_head); i++) {
		look_at_list(c, thread + p->fields[FIELD_thread_tasks_head].offset, &outcome);
		if (!probe_pointer(p, thread, FIELD_thread_next, &thread))
			break;
	}
	check_outcome(c, FIELD_task_node, &outcome, "what is on the list of tasks is none");
}

void check_tasks(struct check *c)
{
	if (!c->interp || !c->modules)
		return;
	check_task_lists(c);
	check_generators(c);
	check_frame_objects(c);
	check_futures(c);
}
