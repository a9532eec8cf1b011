#include "tests/unit/fake_python.h"

#include <check.h>
#include <string.h>

#define RUNTIME_SIZE 1024
#define INTERP_SIZE  11264
#define THREAD_SIZE  512
#define IDENT	     0x7fabc000
#define TID	     4242

/* Running ---------------------------------------------------------------------------------------------- */

uint64_t fake_list_head(struct fake *f, int generation)
{
	uint64_t gc = f->interp + python_field(f->py, FIELD_interp_gc)->offset;

	if (generation == FAKE_PERMANENT)
		return gc + python_field(f->py, FIELD_gc_permanent)->offset;
	return gc + python_field(f->py, FIELD_gc_generations)->offset +
	       (uint64_t)generation * python_sizeof(f->py, FIELD_sizeof_gc_generation);
}

void fake_start(struct fake *f)
{
	f->py->runtime = fake_place(f, RUNTIME_SIZE);
	f->interp = fake_place(f, INTERP_SIZE);
	f->thread = fake_place(f, THREAD_SIZE);
	fake_set(f, f->py->runtime, FIELD_runtime_interpreters_head, f->interp);
	fake_set(f, f->interp, FIELD_interp_threads_head, f->thread);
	fake_set(f, f->thread, FIELD_thread_id, IDENT);
	fake_set(f, f->thread, FIELD_thread_native_id, TID);
	for (int i = 0; i <= FAKE_PERMANENT; i++) {
		fake_word(f, fake_list_head(f, i), fake_list_head(f, i));
		fake_word(f, fake_list_head(f, i) + 8, fake_list_head(f, i));
	}
	if (python_has(f->py, FIELD_thread_cframe))
		fake_set(f, f->thread, FIELD_thread_cframe, fake_place(f, 32));
}

uint64_t fake_track(struct fake *f, int generation, uint64_t object)
{
	uint64_t ring = fake_list_head(f, generation), head = object - 16, last = fake_read(f, ring + 8);

	fake_word(f, head, ring);
	fake_word(f, head + 8, last);
	fake_word(f, last, head);
	fake_word(f, ring + 8, head);
	return object;
}

void fake_set_modules(struct fake *f, uint64_t dict)
{
	fake_set(f, f->interp, FIELD_interp_modules, dict);
}

void fake_set_top_frame(struct fake *f, uint64_t frame)
{
	if (python_has(f->py, FIELD_thread_current_frame))
		fake_set(f, f->thread, FIELD_thread_current_frame, frame);
	else
		fake_set(f, fake_get(f, f->thread, FIELD_thread_cframe), FIELD_cframe_current_frame, frame);
}

void fake_set_running_loop(struct fake *f, uint64_t loop)
{
	uint64_t value = loop;

	if (python_has(f->py, FIELD_thread_running_loop)) {
		fake_set(f, f->thread, FIELD_thread_running_loop, loop);
		return;
	}
	if (python_has(f->py, FIELD_loopholder_loop))
		value = fake_holder(f, "_RunningLoopHolder", FIELD_loopholder_loop, loop);
	fake_set(f, f->thread, FIELD_thread_dict,
		fake_dict(f, fake_str(f, "__asyncio_running_event_loop__"), value));
}

/* A world ---------------------------------------------------------------------------------------------- */

struct maker {
	struct fake *f;
	struct fake_world *w;
	int generation;
	uint64_t future_class, task_class, loop_base; /* asyncio's classes of Python code */
	uint64_t tasks_module, futures_module, events_module, threading_module, main_task;
};

static uint64_t tracked(struct maker *m, uint64_t object)
{
	m->generation = (m->generation + 1) % (FAKE_PERMANENT + 1);
	return fake_track(m->f, m->generation, object);
}

static uint64_t named_module(struct maker *m, const char *name, const uint64_t *pairs, size_t count)
{
	uint64_t all[32] = {fake_str(m->f, "__name__"), fake_str(m->f, name)};

	ck_assert_uint_le(count + 2, 32);
	if (count)
		memcpy(all + 2, pairs, count * sizeof(*pairs));
	return tracked(m, fake_module(m->f, tracked(m, fake_dict_of(m->f, FAKE_UNICODE, all, count + 2))));
}

static uint64_t weakset(struct maker *m, const uint64_t *objects, size_t count)
{
	struct fake *f = m->f;
	uint64_t class = tracked(m, fake_class(f, &(struct fake_class){.name = "WeakSet",
							  .module = "_weakrefset",
							  .has_dict = true,
							  .attributes = {"data"}}));
	uint64_t refs[8];

	for (size_t i = 0; i < count; i++)
		refs[i] = tracked(m, fake_weakref(f, objects[i], 0));
	return tracked(m, fake_instance(f, class, tracked(m, fake_set_of(f, "set", refs, count))));
}

static void make_loop(struct maker *m)
{
	struct fake *f = m->f;
	uint64_t class, handles[2] = {fake_none(f), fake_none(f)};

	m->loop_base = tracked(m, fake_class(f, &(struct fake_class){.name = "AbstractEventLoop",
							.module = "asyncio.events",
							.has_dict = true}));
	class = tracked(m, fake_class(f, &(struct fake_class){.name = "EventLoop",
						 .module = "asyncio.unix_events",
						 .base = m->loop_base,
						 .has_dict = true,
						 .attributes = {"_ready", "_scheduled", "_closed",
							 "_stopping", "_debug", "slow_callback_duration"}}));
	m->w->loop = tracked(m, fake_instance(f, class, tracked(m, fake_deque_of(f, 62, handles, 2)),
					tracked(m, fake_list(f, fake_none(f))), fake_bool(f, false),
					fake_bool(f, false), fake_bool(f, true), fake_float(f, 0.1)));
	fake_set_running_loop(f, m->w->loop);
}

static uint64_t suspended(
	struct maker *m, const char *qualname, const char *local, uint64_t value, uint64_t awaits)
{
	struct fake *f = m->f;
	uint64_t code = fake_code(f, &(struct fake_code){.name = qualname, .locals = {local}});

	return tracked(m, fake_generator(f, &(struct fake_generator){.state = GEN_SUSPENDED,
						    .code = code,
						    .awaits = awaits,
						    .locals = {value},
						    .local_count = local != NULL}));
}

static uint64_t future_iter(struct maker *m, uint64_t future)
{
	return tracked(m, fake_holder(m->f, "_asyncio.FutureIter", FIELD_futureiter_future, future));
}

static void make_coroutines(struct maker *m)
{
	struct fake *f = m->f;
	struct fake_world *w = m->w;
	uint64_t origin;

	w->asyncgen = tracked(
		m, fake_generator(f, &(struct fake_generator){.type = "async_generator",
					     .state = GEN_SUSPENDED,
					     .code = fake_code(f, &(struct fake_code){.name = "rows"})}));
	w->future = tracked(m, fake_future(f, &(struct fake_future){.loop = w->loop}));
	w->inner = suspended(m, "inner", "rows", w->asyncgen, future_iter(m, w->future));
	w->worker = suspended(m, "worker", "cell", tracked(m, fake_cell(f, w->asyncgen)), w->inner);
	origin = tracked(m, fake_tuple(f, fake_tuple(f, fake_str(f, "/app/api.py"), fake_int(f, 88),
						  fake_str(f, "handle"))));
	w->orphan = tracked(
		m, fake_generator(f, &(struct fake_generator){.state = GEN_CREATED,
					     .code = fake_code(f, &(struct fake_code){.name = "sync_user",
									  .locals = {"uid"}}),
					     .origin = origin,
					     .locals = {fake_int(f, 42)},
					     .local_count = 1}));
	w->saver = tracked(
		m, fake_generator(f, &(struct fake_generator){.state = GEN_CREATED,
					     .code = fake_code(f, &(struct fake_code){.name = "save"})}));
}

static void make_tasks(struct maker *m)
{
	struct fake *f = m->f;
	struct fake_world *w = m->w;
	uint64_t waiter, name = f->version == FAKE_311 ? fake_str(f, "Task-7") : fake_int(f, 7), dict;

	w->task = tracked(m, fake_future(f, &(struct fake_future){.loop = w->loop,
						    .coroutine = w->worker,
						    .waiter = w->future,
						    .name = fake_str(f, "worker-1")}));
	fake_set(f, w->future, FIELD_future_callback0, tracked(m, fake_cfunction(f, "task_wakeup", w->task)));
	waiter = suspended(m, "waiter", NULL, 0, future_iter(m, w->task));
	w->waiting_task = tracked(
		m, fake_future(f,
			   &(struct fake_future){
				   .loop = w->loop, .coroutine = waiter, .waiter = w->task, .name = name}));
	m->main_task = tracked(m, fake_future(f, &(struct fake_future){.loop = w->loop,
							 .coroutine = w->running,
							 .name = fake_str(f, "main")}));
	m->future_class = tracked(
		m, fake_class(f, &(struct fake_class){
					 .name = "Future", .module = "asyncio.futures", .has_dict = true}));
	m->task_class = tracked(m, fake_class(f, &(struct fake_class){.name = "Task",
							 .module = "asyncio.tasks",
							 .base = m->future_class,
							 .has_dict = true}));
	dict = tracked(
		m, fake_dict(f, fake_str(f, "_coro"), suspended(m, "plain", NULL, 0, 0), fake_str(f, "_name"),
			   fake_str(f, "plain-task"), fake_str(f, "_loop"), w->loop));
	w->py_task = tracked(m, fake_instance_with_dict(f, m->task_class, dict));
}

static void make_stack(struct maker *m)
{
	struct fake *f = m->f;
	uint64_t select = fake_code(f, &(struct fake_code){.name = "select", .file = "/lib/selectors.py"});
	uint64_t main_code = fake_code(f, &(struct fake_code){.name = "main"}), module_frame, c_frame,
		 run_once;
	size_t inside = python_field(f->py, FIELD_gen_frame)->offset;

	module_frame = fake_frame(
		f, &(struct fake_frame){
			   .code = fake_code(f, &(struct fake_code){.name = "<module>", .locals = {"kept"}}),
			   .slots = (uint64_t[]){m->w->orphan},
			   .slot_count = 1,
			   .stacktop = -1});
	c_frame = fake_frame(f, &(struct fake_frame){.owner = 3, .previous = module_frame});
	m->w->running = tracked(
		m, fake_generator(f, &(struct fake_generator){.state = GEN_RUNNING,
					     .code = main_code,
					     .previous = f->version == FAKE_311 ? module_frame : c_frame}));
	run_once = fake_frame(
		f, &(struct fake_frame){.code = fake_code(f, &(struct fake_code){.name = "_run_once",
								     .file = "/lib/asyncio/base_events.py"}),
			   .previous = m->w->running + inside,
			   .stacktop = -1});
	fake_set_top_frame(
		f, fake_frame(f, &(struct fake_frame){.code = select, .previous = run_once, .stacktop = -1}));
}

static void make_asyncio_modules(struct maker *m)
{
	struct fake *f = m->f;
	struct fake_world *w = m->w;
	uint64_t registered[] = {w->task, w->waiting_task, w->py_task, 0};
	uint64_t set = weakset(m, registered, 4), current;

	current = tracked(m, fake_dict_of(f, FAKE_GENERAL, FAKE_LIST(w->loop, m->main_task)));
	m->tasks_module =
		f->version == FAKE_311
			? named_module(m, "asyncio.tasks",
				  FAKE_LIST(fake_str(f, "_all_tasks"), set, fake_str(f, "_current_tasks"),
					  current, fake_str(f, "_PyTask"), m->task_class))
			: named_module(m, "asyncio.tasks",
				  FAKE_LIST(fake_str(f, "_scheduled_tasks"), set, fake_str(f, "_eager_tasks"),
					  tracked(m, fake_set_object(f, m->main_task)),
					  fake_str(f, "_current_tasks"), current, fake_str(f, "_PyTask"),
					  m->task_class));
	m->futures_module =
		named_module(m, "asyncio.futures", FAKE_LIST(fake_str(f, "_PyFuture"), m->future_class));
	m->events_module =
		named_module(m, "asyncio.events", FAKE_LIST(fake_str(f, "AbstractEventLoop"), m->loop_base));
}

static void make_threading(struct maker *m)
{
	struct fake *f = m->f;
	uint64_t class = tracked(m, fake_class(f, &(struct fake_class){.name = "Thread",
							  .module = "threading",
							  .has_dict = true,
							  .attributes = {"_name"}}));
	uint64_t thread = tracked(m, fake_instance(f, class, fake_str(f, "MainThread")));

	m->threading_module = named_module(m, "threading",
		FAKE_LIST(fake_str(f, "_active"),
			tracked(m, fake_dict_of(f, FAKE_GENERAL, FAKE_LIST(fake_int(f, IDENT), thread)))));
}

static void link_lru(struct maker *m, uint64_t cache)
{
	struct fake *f = m->f;
	uint64_t root = cache + python_field(f->py, FIELD_lru_root)->offset, elem = fake_place(f, 64);

	fake_set(f, root, FIELD_lru_elem_next, elem);
	fake_set(f, elem, FIELD_lru_elem_next, root);
	fake_set(f, elem, FIELD_lru_elem_key, fake_str(f, "k"));
	fake_set(f, elem, FIELD_lru_elem_result, m->w->saver);
}

/* Containers of every other shape, in one list. */
static uint64_t make_shapes(struct maker *m)
{
	struct fake *f = m->f;
	uint64_t s = fake_str(f, "text"), one = fake_int(f, 1), cell = tracked(m, fake_cell(f, m->w->saver));
	uint64_t code = fake_code(f, &(struct fake_code){.name = "callback",
					     .qualname = "outer.<locals>.callback",
					     .locals = {"coro"},
					     .kinds = (const uint8_t[]){0x80}});
	uint64_t function = tracked(
		m, fake_function(f, "outer.<locals>.callback", code, tracked(m, fake_tuple(f, cell))));
	uint64_t slotted =
		tracked(m, fake_class(f, &(struct fake_class){.name = "Slots", .slots = {"left", "right"}}));
	uint64_t node = tracked(m, fake_object(f, slotted, 32)), lru, list, bitmap;
	uint64_t keys = fake_keys(f, FAKE_SPLIT, FAKE_LIST(fake_str(f, "a"), 0, fake_str(f, "b"), 0));

	fake_word(f, node + 16, function);
	fake_word(f, node + 24, node);
	lru = tracked(m, fake_object(f, fake_type(f, "functools._lru_cache_wrapper"), 152));
	link_lru(m, lru);
	bitmap = tracked(m, fake_object(f, fake_type(f, "hamt_bitmap_node"), 48));
	fake_set(f, bitmap, FIELD_var_size, 2);
	fake_word(f, bitmap + 32, fake_holder(f, "ContextVar", FIELD_contextvar_name, s));
	fake_word(f, bitmap + 40, m->w->orphan);
	list = tracked(m,
		fake_list(f, node, lru, bitmap, tracked(m, fake_set_object(f, s, FAKE_DELETED, one)),
			tracked(m, fake_set_of(f, "frozenset", FAKE_LIST(one))),
			tracked(m, fake_split_dict(f, keys, FAKE_LIST(s, 0))),
			tracked(m, fake_method(f, function, node)),
			tracked(m, fake_exception(f, "ValueError", fake_tuple(f, s, one))),
			tracked(m, fake_deque_of(f, 60, (uint64_t[]){s, one, s, one, s, node}, 6)),
			fake_bytes(f, "b\0'", 3), fake_bytearray(f, "xyz", 3), fake_complex(f, 1, -0.0),
			fake_int(f, INT64_MIN + 1), fake_str_wide(f, 2, (uint32_t[]){0x20ac, 0xd800}, 2),
			fake_str_wide(f, 4, (uint32_t[]){0x1f600}, 1), fake_str_loose(f, "loose"),
			tracked(m,
				fake_object(f,
					tracked(m, fake_spec_type(f, "ext.Blob", fake_type(f, "object"), 64)),
					64)),
			tracked(m, fake_holder(f, "async_generator_asend", FIELD_asend_generator,
					   m->w->asyncgen))));
	fake_word(f, fake_read(f, list + 24), list); /* it holds itself in the place of node */
	return list;
}

static void make_app(struct maker *m)
{
	struct fake *f = m->f;
	uint64_t class = tracked(m, fake_class(f, &(struct fake_class){.name = "Container",
							  .module = "app",
							  .has_dict = true,
							  .attributes = {"_pending"}}));
	uint64_t pending = tracked(
		m, fake_dict(f, fake_str(f, "user:41"), fake_none(f), fake_str(f, "user:42"), m->w->saver));

	m->w->container = tracked(m, fake_instance(f, class, pending));
	m->w->app_module = named_module(m, "app",
		FAKE_LIST(fake_str(f, "container"), m->w->container, fake_str(f, "SHAPES"), make_shapes(m)));
	m->w->main_module = named_module(m, "__main__",
		FAKE_LIST(fake_str(f, "gen"), m->w->asyncgen, fake_str(f, "py_task"), m->w->py_task));
}

void fake_world(struct fake *f, struct fake_world *w)
{
	struct maker m = {.f = f, .w = w};

	*w = (struct fake_world){0};
	fake_start(f);
	make_loop(&m);
	make_coroutines(&m);
	make_stack(&m);
	make_tasks(&m);
	make_asyncio_modules(&m);
	make_threading(&m);
	make_app(&m);
	fake_set_modules(
		f, tracked(&m, fake_dict(f, fake_str(f, "__main__"), w->main_module, fake_str(f, "app"),
				       w->app_module, fake_str(f, "asyncio.tasks"), m.tasks_module,
				       fake_str(f, "asyncio.futures"), m.futures_module,
				       fake_str(f, "asyncio.events"), m.events_module,
				       fake_str(f, "threading"), m.threading_module)));
}
