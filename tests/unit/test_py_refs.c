/* The references that leave an object, and what they are called. */
#include "inspector/python/refs.h"
#include "tests/unit/fake_python.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

Suite *suite_py_refs(void);

static struct fake *f;

static void teardown(void)
{
	fake_destroy(f);
	f = NULL;
}

struct edges {
	struct python *py;
	struct strbuf text; /* "edge=address " for each reference */
	size_t count, most;
	uint64_t known[8]; /* what a scan believes in */
};

static bool visit(void *context, const struct ref *ref)
{
	struct edges *e = context;

	ref_append_edge(e->py, ref, &e->text);
	strbuf_printf(&e->text, "=%llx ", (unsigned long long)ref->target);
	return ++e->count < e->most;
}

static bool is_known(void *context, uint64_t address)
{
	struct edges *e = context;

	for (size_t i = 0; i < 8; i++)
		if (e->known[i] == address)
			return true;
	return false;
}

static struct edges edges_of(uint64_t object, bool expected_partial)
{
	struct edges e = {.py = f->py, .most = SIZE_MAX};
	struct ref_walk walk = {.py = f->py, .visit = visit, .context = &e};
	struct error err = ERROR_INIT;

	ck_assert_msg(refs_of_object(&walk, object, &err), "%s", err.text);
	ck_assert_int_eq(walk.is_partial, expected_partial);
	return e;
}

/* The references of object are these pairs of an edge and a target, in this order, and no others. Ends with
 * NULL. */
static void assert_edges(uint64_t object, ...)
{
	struct edges e = edges_of(object, false);
	struct strbuf expected = STRBUF_INIT;
	const char *edge;
	va_list args;

	va_start(args, object);
	while ((edge = va_arg(args, const char *)))
		strbuf_printf(&expected, "%s=%llx ", edge, (unsigned long long)va_arg(args, uint64_t));
	va_end(args);
	ck_assert_str_eq(strbuf_text(&e.text), strbuf_text(&expected));
	strbuf_deinit(&e.text);
	strbuf_deinit(&expected);
}

START_TEST(refs_of_containers)
{
	uint64_t a, one, none, t;

	f = fake_create(_i);
	a = fake_str(f, "a");
	one = fake_int(f, 1);
	none = f->py->none;
	assert_edges(fake_list(f, a, 0, one), "[0]", a, "[2]", one, NULL);
	assert_edges(fake_tuple(f, one), "[0]", one, NULL);
	assert_edges(fake_deque_of(f, 63, (uint64_t[]){a, one}, 2), "[0]", a, "[1]", one, NULL);
	assert_edges(fake_set_object(f, a, FAKE_DELETED, one), "{'a'}", a, "{1}", one, NULL);
	assert_edges(fake_set_of(f, "frozenset", FAKE_LIST(one)), "{1}", one, NULL);
	assert_edges(fake_dict(f, a, none, 0, 0, fake_str(f, "user:42"), one), "['a']", none, "['user:42']",
		one, NULL);
	t = fake_tuple(f, a, one);
	assert_edges(fake_dict_of(f, FAKE_GENERAL, FAKE_LIST(t, none)), "[('a', 1)]", none, "<key ('a', 1)>",
		t, NULL);
	assert_edges(one, NULL);
	assert_edges(a, NULL);
}
END_TEST

START_TEST(refs_of_a_split_dict)
{
	uint64_t a, b, one, keys, dict;

	f = fake_create(_i);
	a = fake_str(f, "a");
	b = fake_str(f, "b");
	one = fake_int(f, 1);
	keys = fake_keys(f, FAKE_SPLIT, FAKE_LIST(a, 0, b, 0));
	dict = fake_split_dict(f, keys, FAKE_LIST(0, one));
	assert_edges(dict, "['b']", one, NULL);
	if (_i != FAKE_313)
		return;
	/* The values are those of an instance, which gives them itself. */
	fake_set(f, fake_get(f, dict, FIELD_dict_values), FIELD_values_embedded, 1);
	assert_edges(dict, NULL);
}
END_TEST

START_TEST(refs_of_an_instance)
{
	uint64_t class, object, one, dict;

	f = fake_create(_i);
	one = fake_int(f, 1);
	class = fake_class(f, &(struct fake_class){.name = "A", .has_dict = true, .attributes = {"x", "y"}});
	object = fake_instance(f, class, one, 0);
	assert_edges(object, ".x", one, ".__class__", class, NULL);
	dict = fake_dict(f, fake_str(f, "z"), one);
	assert_edges(fake_instance_with_dict(f, class, dict), ".__dict__", dict, ".__class__", class, NULL);
	class = fake_class(f, &(struct fake_class){.name = "B", .slots = {"left", "right"}});
	object = fake_object(f, class, 32);
	fake_word(f, object + 24, one);
	assert_edges(object, ".right", one, ".__class__", class, NULL);
	assert_edges(fake_object(f, fake_type(f, "object"), 16), NULL);
}
END_TEST

START_TEST(refs_of_functions_and_their_like)
{
	uint64_t code, function, cell, one, closure, qualname, m;

	f = fake_create(_i);
	one = fake_int(f, 1);
	cell = fake_cell(f, one);
	assert_edges(cell, ".cell_contents", one, NULL);
	assert_edges(fake_cell(f, 0), NULL);
	code = fake_code(f, &(struct fake_code){.name = "f"});
	closure = fake_tuple(f, cell);
	function = fake_function(f, "f", code, closure);
	qualname = fake_get(f, function, FIELD_function_qualname);
	assert_edges(function, ".__code__", code, ".__closure__", closure, ".__qualname__", qualname, NULL);
	m = fake_method(f, function, one);
	assert_edges(m, ".__func__", function, ".__self__", one, NULL);
	assert_edges(fake_cfunction(f, "task_wakeup", one), ".__self__", one, NULL);
	assert_edges(fake_weakref(f, one, m), ".__callback__", m, NULL); /* not what it refers to weakly */
	assert_edges(fake_module(f, one), ".__dict__", one, NULL);
}
END_TEST

START_TEST(refs_of_an_exception)
{
	uint64_t object, args;

	f = fake_create(_i);
	args = fake_tuple_of(f, NULL, 0);
	object = fake_exception(f, "ValueError", args);
	fake_set(f, object, FIELD_ref_exception_cause, object);
	assert_edges(object, ".args", args, ".__cause__", object, ".__class__",
		fake_get(f, object, FIELD_object_type), NULL);
}
END_TEST

START_TEST(refs_of_tasks_and_futures)
{
	uint64_t loop, task, name, coro, future, callback;

	f = fake_create(_i);
	loop = fake_object(f, fake_type(f, "object"), 16);
	coro = fake_cell(f, 0);
	name = fake_int(f, 7);
	callback = fake_cfunction(f, "task_wakeup", 0);
	future = fake_future(f, &(struct fake_future){.loop = loop, .callback0 = callback});
	assert_edges(future, "._loop", loop, "._callbacks[0][0]", callback, NULL);
	task = fake_future(
		f, &(struct fake_future){
			   .loop = loop, .coroutine = coro, .waiter = future, .name = name, .result = coro});
	assert_edges(task, "._loop", loop, "._result", coro, "._coro", coro, "._fut_waiter", future, "._name",
		name, NULL);
	assert_edges(
		fake_holder(f, "_asyncio.FutureIter", FIELD_futureiter_future, task), "<future>", task, NULL);
	assert_edges(fake_holder(f, "async_generator_asend", FIELD_asend_generator, task),
		"<async generator>", task, NULL);
}
END_TEST

START_TEST(refs_of_a_generator)
{
	static const uint8_t kinds[] = {0x20, 0x40};
	uint64_t code, gen, cell, one, name;
	struct fake_generator g = {.state = GEN_SUSPENDED};

	f = fake_create(_i);
	one = fake_int(f, 1);
	cell = fake_cell(f, one);
	g.code = code = fake_code(f, &(struct fake_code){.name = "f", .locals = {"x", "y"}, .kinds = kinds});
	name = fake_get(f, code, FIELD_code_qualname);
	g.awaits = f->py->none;
	g.locals[0] = one;
	g.locals[1] = cell;
	g.local_count = 2;
	g.origin = one;
	gen = fake_generator(f, &g);
	assert_edges(gen, ".__name__", name, ".__qualname__", name, ".cr_origin", one, ".f_code", code,
		"<local x>", one, "<cell y>", cell, "<stack>", f->py->none, NULL);
	g.type = "async_generator";
	g.state = GEN_CLOSED; /* what lies in its frame is stale */
	gen = fake_generator(f, &g);
	assert_edges(gen, ".__name__", name, ".__qualname__", name, "<finalizer>", one, NULL);
}
END_TEST

START_TEST(refs_of_a_frame_object_are_its_own_only)
{
	uint64_t object, frame, code, one;

	f = fake_create(_i);
	one = fake_int(f, 1);
	code = fake_code(f, &(struct fake_code){.name = "f", .locals = {"x"}});
	object = fake_object(f, fake_type(f, "frame"), 160);
	frame = fake_frame(f, &(struct fake_frame){.code = code,
				      .frame_object = object,
				      .slots = &one,
				      .slot_count = 1,
				      .stacktop = 1,
				      .owner = 2});
	fake_set(f, object, FIELD_frameobject_frame, frame);
	assert_edges(object, ".f_code", code, "<local x>", one, NULL);
	fake_set(f, frame, FIELD_frame_owner, 0); /* the thread's */
	assert_edges(object, NULL);
	fake_set(f, object, FIELD_frameobject_frame, FAKE_LOST);
	strbuf_deinit(&(struct strbuf){edges_of(object, true).text.text, 0, 0});
}
END_TEST

START_TEST(refs_of_context_variables)
{
	uint64_t node, var, one, child, array;

	f = fake_create(_i);
	one = fake_int(f, 1);
	var = fake_holder(f, "ContextVar", FIELD_contextvar_name, fake_str(f, "user"));
	child = fake_object(f, fake_type(f, "hamt_collision_node"), 48);
	fake_set(f, child, FIELD_var_size, 2);
	fake_word(f, child + 32, var);
	fake_word(f, child + 40, one);
	assert_edges(child, "[<ContextVar name='user'>]", one, "<key <ContextVar name='user'>>", var, NULL);
	node = fake_object(f, fake_type(f, "hamt_bitmap_node"), 64);
	fake_set(f, node, FIELD_var_size, 4);
	fake_word(f, node + 40, child); /* without a key */
	fake_word(f, node + 48, var);
	fake_word(f, node + 56, one);
	assert_edges(node, "<node>", child, "[<ContextVar name='user'>]", one,
		"<key <ContextVar name='user'>>", var, NULL);
	array = fake_object(f, fake_type(f, "hamt_array_node"), 280);
	fake_word(f, array + 16 + 8 * 31, node);
	assert_edges(array, "<node>", node, NULL);
}
END_TEST

START_TEST(refs_of_a_type)
{
	uint64_t base, class, mro, dict;

	f = fake_create(_i);
	assert_edges(fake_type(f, "list"), NULL); /* static */
	base = fake_class(f, &(struct fake_class){.name = "A"});
	class = fake_class(f, &(struct fake_class){.name = "B", .base = base});
	mro = fake_get(f, class, FIELD_type_mro);
	dict = fake_get(f, class, FIELD_type_dict);
	assert_edges(class, ".__mro__", mro, ".__base__", base, ".__dict__", dict, NULL);
}
END_TEST

START_TEST(refs_of_an_unknown_type_are_words_that_are_objects)
{
	uint64_t type, object, one, two;
	struct edges e = {.py = NULL, .most = SIZE_MAX};
	struct ref_walk walk = {.visit = visit, .is_known = is_known, .context = &e};

	f = fake_create(_i);
	one = fake_int(f, 1);
	two = fake_int(f, 2);
	type = fake_spec_type(f, "ext.Blob", fake_type(f, "object"), 64);
	object = fake_object(f, type, 64);
	fake_word(f, object + 16, one);
	fake_word(f, object + 24, two);	    /* nobody knows it */
	fake_word(f, object + 32, one + 4); /* misaligned */
	fake_word(f, object + 56, one);
	e.py = walk.py = f->py;
	e.known[0] = one;
	e.known[1] = one + 4;
	ck_assert(refs_of_object(&walk, object, NULL));
	ck_assert_uint_eq(e.count, 3);
	ck_assert(strstr(strbuf_text(&e.text), "<+16>=") && strstr(strbuf_text(&e.text), "<+56>="));
	strbuf_deinit(&e.text);
	assert_edges(object, ".__class__", type, NULL); /* without anybody to ask */
}
END_TEST

START_TEST(refs_end_when_the_visitor_says_so)
{
	uint64_t a, class, object;

	f = fake_create(_i);
	a = fake_str(f, "a");
	class = fake_class(f, &(struct fake_class){.name = "A", .has_dict = true, .attributes = {"x", "y"}});
	object = fake_instance(f, class, a, a);
	for (size_t most = 1; most < 4; most++) {
		struct edges e = {.py = f->py, .most = most};
		struct ref_walk walk = {.py = f->py, .visit = visit, .context = &e};

		ck_assert(refs_of_object(&walk, object, NULL));
		ck_assert(walk.is_stopped);
		ck_assert_uint_eq(e.count, most);
		strbuf_deinit(&e.text);
	}
}
END_TEST

START_TEST(refs_of_what_is_not_there_are_an_error)
{
	struct ref_walk walk = {.visit = visit};
	struct error err = ERROR_INIT;
	uint64_t object;

	f = fake_create(_i);
	walk.py = f->py;
	ck_assert(!refs_of_object(&walk, 0, &err));
	fake_assert_error(err, ERROR_UNMAPPED, 8);
	ck_assert(!refs_of_object(&walk, FAKE_LOST, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_SAVED);
	fake_next_ends(f, FAKE_UNMAPPED, 8);
	object = fake_object(f, fake_class(f, &(struct fake_class){.name = "A", .slots = {"x", "y"}}), 32);
	object = FAKE_UNMAPPED - 24;
	fake_set(f, object, FIELD_object_type,
		fake_class(f, &(struct fake_class){.name = "A", .slots = {"x", "y"}}));
	ck_assert(!refs_of_object(&walk, object, &err));
	fake_assert_error(err, ERROR_UNMAPPED, FAKE_UNMAPPED);
}
END_TEST

/* Parts that are damaged are left out, and the others are given. */
START_TEST(refs_of_damaged_objects_are_partial)
{
	uint64_t object, class;
	struct edges e;

	f = fake_create(_i);
	object = fake_list(f, f->py->none);
	fake_set(f, object, FIELD_list_items, FAKE_LOST);
	e = edges_of(object, true);
	ck_assert_uint_eq(e.count, 0);
	object = fake_dict(f, fake_str(f, "a"), f->py->none);
	fake_set(f, object, FIELD_dict_keys, FAKE_LOST);
	e = edges_of(object, true);
	ck_assert_uint_eq(e.count, 0);
	class = fake_class(f, &(struct fake_class){.name = "A", .has_dict = true, .attributes = {"x"}});
	object = fake_instance(f, class, f->py->none);
	fake_set(f, class, FIELD_heaptype_cached_keys, FAKE_LOST);
	e = edges_of(object, true);
	ck_assert_uint_eq(e.count, 1); /* the class */
	strbuf_deinit(&e.text);
	object = fake_object(f, fake_type(f, "hamt_bitmap_node"), 32);
	fake_set(f, object, FIELD_var_size, UINT64_MAX);
	e = edges_of(object, true);
	ck_assert_uint_eq(e.count, 0);
}
END_TEST

START_TEST(refs_with_names_that_cannot_be_read_have_a_placeholder)
{
	uint64_t class, object, items[2];
	struct edges e;

	f = fake_create(_i);
	class = fake_class(f, &(struct fake_class){.name = "A", .has_dict = true, .attributes = {"x"}});
	object = fake_instance(f, class, f->py->none);
	fake_word(f, fake_get(f, class, FIELD_heaptype_cached_keys) + 40, FAKE_LOST);
	assert_edges(object, ".?", f->py->none, ".__class__", class, NULL);
	items[0] = FAKE_LOST;
	items[1] = f->py->none;
	e = edges_of(fake_dict_of(f, FAKE_UNICODE, items, 2), false);
	ck_assert_ptr_nonnull(strstr(strbuf_text(&e.text), "[<unreadable object at 0x"));
	strbuf_deinit(&e.text);
}
END_TEST

/* The slots of a class with a base that says it is larger than the class. */
START_TEST(refs_of_slots_outside_of_the_object_are_not_read)
{
	uint64_t base, class, object, table;

	f = fake_create(_i);
	base = fake_class(f, &(struct fake_class){.name = "A", .basicsize = 1 << 20, .slots = {"x"}});
	table = fake_get(f, base, FIELD_type_members);
	fake_set(f, table, FIELD_memberdef_offset, (1 << 20) - 8);
	class = fake_class(
		f, &(struct fake_class){.name = "B", .base = base, .basicsize = 32, .slots = {"y"}});
	fake_next_ends(f, FAKE_UNMAPPED, 0);
	object = fake_object(f, class, 32);
	assert_edges(object, ".__class__", class, NULL);
}
END_TEST

static uint64_t lru_cache(size_t elements, size_t back_to)
{
	uint64_t cache = fake_object(f, fake_type(f, "functools._lru_cache_wrapper"), 160);
	uint64_t all[17] = {cache + python_field(f->py, FIELD_lru_root)->offset};

	for (size_t i = 1; i <= elements; i++) {
		all[i] = fake_place(f, 64);
		fake_set(f, all[i], FIELD_lru_elem_key, f->py->true_object);
		fake_set(f, all[i], FIELD_lru_elem_result, f->py->none);
		fake_set(f, all[i - 1], FIELD_lru_elem_next, all[i]);
	}
	fake_set(f, all[elements], FIELD_lru_elem_next, all[back_to]);
	return cache;
}

START_TEST(refs_of_a_cache_end_when_its_ring_does_not)
{
	struct edges e;

	f = fake_create(_i);
	e = edges_of(lru_cache(3, 0), false);
	ck_assert_uint_eq(e.count, 6);
	strbuf_deinit(&e.text);
	for (size_t back_to = 1; back_to <= 16; back_to++) {
		e = edges_of(lru_cache(16, back_to), true);
		ck_assert_uint_le(e.count, 4 * 2 * 16);
		strbuf_deinit(&e.text);
	}
}
END_TEST

Suite *suite_py_refs(void)
{
	Suite *suite = suite_create("py_refs");
	TCase *tc = tcase_create("py_refs");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, refs_of_containers, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_a_split_dict, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_an_instance, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_functions_and_their_like, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_an_exception, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_tasks_and_futures, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_a_generator, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_a_frame_object_are_its_own_only, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_context_variables, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_a_type, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_an_unknown_type_are_words_that_are_objects, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_end_when_the_visitor_says_so, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_what_is_not_there_are_an_error, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_damaged_objects_are_partial, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_with_names_that_cannot_be_read_have_a_placeholder, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_slots_outside_of_the_object_are_not_read, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, refs_of_a_cache_end_when_its_ring_does_not, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
