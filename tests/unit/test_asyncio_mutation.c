/* A whole program in memory whose bytes are changed at random: whatever it says, the readers end, stay inside
 * of what is mapped, and free what they took. */
#include "inspector/asyncio/creation.h"
#include "inspector/graph/census.h"
#include "inspector/graph/native_refs.h"
#include "inspector/graph/referrer_tree.h"
#include "inspector/graph/retained.h"
#include "inspector/graph/retention.h"
#include "inspector/python/repr.h"
#include "inspector/python/size.h"
#include "tests/unit/fake_python.h"

#include <stdlib.h>
#include <string.h>

Suite *suite_asyncio_mutation(void);

#define ROUNDS	  300 /* for each version and number of changes */
#define OBJECTS	  40  /* of which the holders are asked for in each round */
#define REPR_SIZE 200

static struct fake *f;

static void teardown(void)
{
	fake_destroy(f);
	f = NULL;
}

/* xorshift64*: the same numbers everywhere. */
static uint64_t random_number(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static bool see_ref(void *context, const struct ref *ref)
{
	struct strbuf *s = context;

	if (s->length < 100000)
		ref_append_edge(f->py, ref, s);
	return true;
}

static void print_object(uint64_t object)
{
	struct strbuf s = STRBUF_INIT;
	struct ref_walk walk = {.py = f->py, .visit = see_ref, .context = &s};
	struct error err = ERROR_INIT;

	pyrepr_append(f->py, object, REPR_SIZE, &s);
	refs_of_object(&walk, object, &err);
	pyobject_size(f->py, object);
	strbuf_deinit(&s);
}

static void ask_for_holders(const struct asyncio *a, struct graph *graph)
{
	uint64_t objects[OBJECTS];
	struct retention retentions[OBJECTS];
	struct retention_graph g = {.a = a, .graph = graph};
	size_t count = 0;
	struct retained retained;
	struct census census;
	struct roots roots;
	struct reach reach;

	roots_find(a, graph, &roots);
	reach_compute(graph, &roots, &reach);
	g.roots = &roots;
	g.reach = &reach;
	for (size_t i = 0; i < a->coroutine_count && count < OBJECTS / 2; i++)
		objects[count++] = a->coroutines[i].gen.address;
	for (uint32_t node = 0; count < OBJECTS && node < graph->count;
		node += 1 + graph->count / (OBJECTS / 2))
		objects[count++] = heap_address(graph->heap, node);
	retention_find(&g, objects, count, 3, retentions);
	retained_compute(graph, &roots, &retained);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_le(retained_of(&retained, objects[i]), retained.bytes[0]);
	retained_deinit(&retained);
	native_refs_find(&g, retentions, count);
	for (size_t i = 0; i < count; i++) {
		struct referrer_tree tree;

		referrer_tree_find(&g, objects[i], 4, 8, &tree);
		referrer_tree_deinit(&tree);
	}
	census_take(graph, &census);
	ck_assert_uint_ge(census.count + census.unreadable, graph->count);
	census_deinit(&census);
	reach_deinit(&reach);
	roots_deinit(&roots);
}

/* Everything that reads, over everything that there is. */
static void read_everything(void)
{
	const struct asyncio_options options = {.needs_heap = true};
	struct error err = ERROR_INIT;
	struct asyncio *a = asyncio_collect(f->py, &options, &err);
	struct graph *graph;

	if (!a) {
		ck_assert_int_ne(err.kind, ERROR_NONE);
		return;
	}
	graph = graph_build(f->py, a->heap, false);
	ask_for_holders(a, graph);
	for (uint32_t node = 0; node < graph->count; node++)
		print_object(heap_address(graph->heap, node));
	for (size_t i = 0; i < a->coroutine_count; i++) {
		struct creation creation;

		asyncio_is_orphan(a, &a->coroutines[i]);
		creation_of_coroutine(f->py, a->coroutines[i].gen.origin, &creation);
	}
	graph_destroy(graph);
	asyncio_destroy(a);
}

/* The offset of a word to spoil: most are of something that is there, not of the room in between. */
static size_t choose_word(size_t used, uint64_t *random)
{
	size_t at = 0;
	uint64_t word;

	for (int tries = 0; tries < 50; tries++) {
		at = random_number(random) % (used - 8) & ~(size_t)7;
		memcpy(&word, f->memory + at, 8);
		if (word || random_number(random) % 64 == 0)
			break;
	}
	return at;
}

/* What damage looks like: a bit, a byte, a word that is negative, huge, zero, another address, another word.
 */
static void spoil(size_t used, uint64_t *random)
{
	size_t word = choose_word(used, random), other = choose_word(used, random);
	uint8_t *byte = f->memory + word + random_number(random) % 8;
	const uint64_t words[] = {0, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, FAKE_LOST, FAKE_NOWHERE,
		FAKE_UNMAPPED - 8, FAKE_BASE + word, FAKE_BASE + other, FAKE_BASE + other + 4};

	switch (random_number(random) % 4) {
	case 0:
		*byte ^= (uint8_t)(1u << random_number(random) % 8);
		break;
	case 1:
		*byte = (uint8_t)random_number(random);
		break;
	case 2:
		memcpy(f->memory + word, &words[random_number(random) % 10], 8);
		break;
	default:
		memmove(f->memory + word, f->memory + other, 8);
	}
}

static void run_rounds(uint64_t seed, int changes)
{
	uint64_t random = seed;
	struct fake_world world;
	uint8_t *whole;
	size_t used;

	fake_world(f, &world);
	used = f->used;
	whole = malloc(used);
	ck_assert_ptr_nonnull(whole);
	memcpy(whole, f->memory, used);
	read_everything();
	ck_assert_uint_eq(f->py->unreadable, 0);
	for (int round = 0; round < ROUNDS; round++) {
		memcpy(f->memory, whole, used);
		fake_forget(f);
		for (int i = 0; i < changes; i++)
			spoil(used, &random);
		read_everything();
	}
	free(whole);
}

START_TEST(a_few_changes_do_no_harm)
{
	f = fake_create(_i);
	run_rounds(UINT64_C(0x9e3779b97f4a7c15), 12);
}
END_TEST

START_TEST(many_changes_do_no_harm)
{
	f = fake_create(_i);
	run_rounds(UINT64_C(0xd1b54a32d192ed03), 300);
}
END_TEST

/* Each pointer of the program in turn leads nowhere, to itself, or to what was not saved. */
START_TEST(every_pointer_may_be_wrong)
{
	const uint64_t wrong[] = {FAKE_LOST, 0, UINT64_MAX};
	struct fake_world world;
	size_t used;

	f = fake_create(_i);
	fake_world(f, &world);
	used = f->used;
	for (size_t at = 4096, turn = 0; at + 8 <= used; at += 8) {
		uint64_t *word = (uint64_t *)(void *)(f->memory + at), old = *word;

		if (old - FAKE_BASE >= f->size || turn++ % 7) /* one of seven, each another way */
			continue;
		*word = turn % 4 == 3 ? FAKE_BASE + at : wrong[turn % 4];
		fake_forget(f);
		read_everything();
		*word = old;
	}
}
END_TEST

Suite *suite_asyncio_mutation(void)
{
	Suite *suite = suite_create("asyncio_mutation");
	TCase *tc = tcase_create("asyncio_mutation");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_few_changes_do_no_harm, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, many_changes_do_no_harm, 0, FAKE_VERSIONS);
	tcase_add_loop_test(tc, every_pointer_may_be_wrong, 0, FAKE_VERSIONS);
	suite_add_tcase(suite, tc);
	return suite;
}
