/* All nodes once, and the leaves that they have. */
#include "inspector/graph/leaves.h"
#include "inspector/graph/sweep.h"
#include "tests/unit/held_fake.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_sweep(void);

#define STRETCH ((uint64_t)2 << 20) /* bytes of addresses, in sweep.c */

static struct fake *f;
static struct held_fake held;
static struct heap *heap;
static struct graph *graph;

static void forget_graph(void)
{
	graph_destroy(graph);
	graph = NULL;
	heap_destroy(heap);
	heap = NULL;
}

static void teardown(void)
{
	forget_graph();
	held_fake_close(&held);
	fake_destroy(f);
	f = NULL;
}

static void build(struct python *py, bool with_leaves)
{
	struct error err = ERROR_INIT;
	bool is_complete;

	forget_graph();
	heap = heap_walk(py, &is_complete, &err);
	ck_assert_msg(heap != NULL, "%s", err.text);
	graph = graph_build(py, heap, with_leaves);
	ck_assert_ptr_nonnull(graph);
}

struct visits {
	pthread_mutex_t lock;
	struct {
		const struct sweeper *sweeper;
		uint64_t stretch;
		uint32_t position;
	} last[64];	  /* of each sweeper */
	unsigned *counts; /* by node */
	uint64_t references, out_of_order, misnamed, unreadable;
};

static void visit(struct sweeper *s)
{
	uint64_t object = s->object;
	struct visits *v = s->context;
	uint32_t position = heap_position(heap, object), node;
	struct body body;
	size_t i = 0;

	pthread_mutex_lock(&v->lock);
	while (v->last[i].sweeper && v->last[i].sweeper != s)
		i++;
	v->out_of_order += v->last[i].sweeper && v->last[i].stretch == position * UINT64_C(8) / STRETCH &&
			   v->last[i].position >= position;
	v->last[i].sweeper = s;
	v->last[i].stretch = position * UINT64_C(8) / STRETCH;
	v->last[i].position = position;
	v->misnamed += !heap_index(heap, object, &node) || node != s->node;
	v->counts[s->node]++;
	pthread_mutex_unlock(&v->lock);
	if (!sweeper_body(s, 16, &body) || memcmp(body.bytes, "\0\0\0\0\0\0\0\0", 8) == 0)
		__atomic_fetch_add(&v->unreadable, 1, __ATOMIC_RELAXED);
	sweeper_read(s, sweeper_plan(s));
}

static void give(void *context, const uint64_t *targets, size_t count)
{
	struct visits *v = ((struct sweeper *)context)->context;
	uint32_t node;

	for (size_t i = 0; i < count; i++)
		if (heap_index(heap, targets[i], &node))
			__atomic_fetch_add(&v->references, 1, __ATOMIC_RELAXED);
}

static void visits_each_once(void)
{
	struct visits v = {
		.lock = PTHREAD_MUTEX_INITIALIZER, .counts = calloc(graph->count + 1, sizeof(unsigned))};

	sweep_run(graph, &(struct sweep){.visit = visit, .give = give, .context = &v});
	for (uint32_t n = 0; n < graph->count; n++)
		if (v.counts[n] != 1)
			ck_abort_msg("node %u: %u times", n, v.counts[n]);
	ck_assert_uint_eq(v.out_of_order, 0);
	ck_assert_uint_eq(v.misnamed, 0);
	ck_assert_uint_eq(v.unreadable, 0);
	ck_assert_uint_eq(v.references, graph->out.target_count);
	free(v.counts);
}

/* Lists that have the one before them, a str and a tuple that is not tracked. */
static void make_lists(int version, size_t lists)
{
	uint64_t before;

	f = fake_create_large(version, lists * 512 + ((size_t)1 << 20));
	fake_start(f);
	before = fake_track(f, 0, fake_list_of(f, NULL, 0));
	for (size_t i = 0; i < lists; i++) {
		uint64_t text = i % 3 ? fake_str(f, "leaf") : fake_int(f, 7);

		before = fake_track(f, 0, fake_list(f, before, text, fake_tuple(f, before, text)));
	}
}

START_TEST(sweep_visits_each_node_once)
{
	make_lists(_i, 50);
	build(f->py, false);
	visits_each_once();
}
END_TEST

START_TEST(sweep_of_nothing)
{
	f = fake_create(_i);
	fake_start(f);
	build(f->py, false);
	ck_assert_uint_eq(graph->count, 0);
	visits_each_once();
}
END_TEST

START_TEST(sweep_by_several_threads_visits_each_node_once)
{
	make_lists(_i, 10500);
	build(f->py, false);
	ck_assert_uint_eq(graph->count, 21001);
	visits_each_once();
}
END_TEST

START_TEST(sweep_piece_by_piece_visits_each_node_once)
{
	make_lists(_i, 10500);
	held_fake_open(&held, f, 1 << 16);
	build(held.py, false);
	ck_assert_uint_eq(graph->count, 21001);
	visits_each_once();
}
END_TEST

struct once {
	uint64_t *objects;
	size_t count, most;
};

static bool take_leaf(void *context, uint64_t object)
{
	struct once *o = context;

	if (o->count)
		ck_assert_uint_gt(object, o->objects[o->count - 1]);
	o->objects[o->count++] = object;
	return o->count < o->most;
}

static bool has_leaf(const struct leaf_set *set, uint64_t object)
{
	uint32_t position = heap_position(heap, object);

	return bit_is_set(set->bits, position);
}

START_TEST(leaves_are_what_nodes_have_and_is_no_node)
{
	uint64_t text, number, key, general, inner, shared, unheld, found[16];
	struct once o = {.objects = found, .most = 16};
	struct leaf_set set;

	f = fake_create(_i);
	fake_start(f);
	text = fake_str(f, "text");
	number = fake_int(f, 5);
	key = fake_str(f, "key");
	general = fake_int(f, 6);
	shared = fake_str(f, "shared");
	unheld = fake_str(f, "nobody has it");
	inner = fake_tuple(f, shared, shared);
	fake_track(f, 0, fake_list(f, text, inner, shared, text, FAKE_LOST, FAKE_NOWHERE));
	fake_track(f, 0, fake_dict(f, key, number));
	fake_track(f, 0, fake_dict_of(f, FAKE_GENERAL, FAKE_LIST(general, shared)));
	build(f->py, false);
	ck_assert_ptr_null(graph->leaves);
	leaf_set_find(graph, &set);
	ck_assert(has_leaf(&set, text) && has_leaf(&set, number) && has_leaf(&set, key));
	ck_assert(has_leaf(&set, general) && has_leaf(&set, shared));
	ck_assert(!has_leaf(&set, inner) && !has_leaf(&set, unheld));
	leaves_each(graph, take_leaf, &o);
	ck_assert_uint_eq(o.count, 5);
	o.count = 0;
	o.most = 2;
	leaves_each(graph, take_leaf, &o);
	ck_assert_uint_eq(o.count, 2);
	leaf_set_add(&set, graph, unheld);
	leaf_set_add(&set, graph, inner);
	leaf_set_add(&set, graph, FAKE_NOWHERE);
	leaf_set_add(&set, graph, text + 4);
	ck_assert(has_leaf(&set, unheld) && !has_leaf(&set, inner));
	leaf_set_deinit(&set);
	leaf_set_deinit(&set); /* again */
}
END_TEST

/* Found as the graph is built, by several threads, and from a process of which little is here. */
START_TEST(leaves_are_the_same_however_they_are_found)
{
	struct leaf_set first, set;

	make_lists(_i, 10500);
	build(f->py, true);
	ck_assert_ptr_nonnull(graph->leaves);
	leaf_set_find(graph, &first);
	build(f->py, false);
	leaf_set_find(graph, &set);
	ck_assert_uint_eq(set.word_count, first.word_count);
	ck_assert_mem_eq(set.bits, first.bits, set.word_count * sizeof(*set.bits));
	leaf_set_deinit(&set);
	held_fake_open(&held, f, 1 << 16);
	build(held.py, false);
	leaf_set_find(graph, &set);
	for (uint64_t at = FAKE_BASE; at < FAKE_BASE + f->size; at += 8)
		if (has_leaf(&set, at) != bit_is_set(first.bits, (uint32_t)((at - FAKE_BASE) / 8)))
			ck_abort_msg("0x%llx", (unsigned long long)at);
	leaf_set_deinit(&set);
	leaf_set_deinit(&first);
}
END_TEST

Suite *suite_sweep(void)
{
	Suite *suite = suite_create("sweep");
	TCase *tc = tcase_create("sweep");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, sweep_visits_each_node_once, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, sweep_of_nothing, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, sweep_by_several_threads_visits_each_node_once, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, sweep_piece_by_piece_visits_each_node_once, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, leaves_are_what_nodes_have_and_is_no_node, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, leaves_are_the_same_however_they_are_found, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
