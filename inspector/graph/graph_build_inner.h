/* graph_build_inner: what graph_build.c reads, graph_place.c gives numbers to, and graph_fill.c reads again.
 * For these alone. */
#ifndef ASYNCINSPECT_GRAPH_GRAPH_BUILD_INNER_H
#define ASYNCINSPECT_GRAPH_GRAPH_BUILD_INNER_H

#include "inspector/base/addrmap.h"
#include "inspector/base/big.h"
#include "inspector/base/parallel.h"
#include "inspector/graph/graph.h"
#include "inspector/python/refs_targets.h"

#include <pthread.h>

/* Words of bits in a part: 2 MiB of addresses. Threads take parts one after another. */
#define PART_WORDS AHEAD_WORDS

/* The references of the tracked objects of a part stand one behind the other in the streams of the thread
 * that took it. */
struct part {
	uint32_t worker;
	uint64_t first_count, first_target; /* in the streams of that worker */
};

/* Objects that are read for the first time, in order: what a list or a dictionary has elsewhere in memory is
 * fetched some objects before it is read. Targets of several objects are looked up at once: each lies
 * somewhere else, and the processor waits for all of them together. */
#define COMING_OBJECTS	 16 /* a power of two */
#define GATHERED_OBJECTS 128
#define GATHERED_TARGETS 256 /* when there are so many they are looked up */

struct gathered {
	struct coming {
		uint64_t object, room;
		const struct ref_plan *plan;
		const uint8_t *bytes;
	} coming[COMING_OBJECTS];	 /* the i-th at i % COMING_OBJECTS */
	uint32_t first, end;		 /* of those that come */
	uint32_t ends[GATHERED_OBJECTS]; /* of each object: how many targets wait then (struct ref_reader) */
	uint32_t count;
	uint32_t open; /* targets that were looked up of the object that is being read */
};

/* While building, targets are positions: numbers come when all nodes are there. */
struct worker {
	struct build *build;
	struct python *py; /* owned: a fork */
	struct ref_reader reader;
	struct stream counts, targets; /* of the objects in parts */
	struct stream met;	       /* positions of untracked objects, as they become known */
	struct stream scanned;	       /* positions of objects whose turn comes last */
	uint64_t read;		       /* of met */
	/* Of the objects that are in no part, and that have a bit in build->added. */
	struct stream late, late_counts, late_targets;
	struct stream *goes_to; /* targets or late_targets */
	uint64_t given;		/* targets, of all objects so far */
	struct gathered gathered;
	uint64_t scanned_read, filled;		     /* of scanned; of late, when they are read again */
	size_t looked, looked_to;		     /* words of asked: from here on, up to there */
	struct stream tracebacks, weakrefs, statics; /* positions */
	size_t partial;
};

struct build {
	struct graph *graph;
	struct heap *heap;
	/* One bit for each position: objects that are read apart from their part, since they are untracked or
	 * have memory that is scanned; and what was looked at and is no node. */
	uint64_t *added, *leaves;
	bool with_leaves; /* they are wanted afterwards */
	/* Memory is scarce: a look at each target, wherever it is, would take too long, and there is no room
	 * for what they are before they have numbers. So all are read twice: at first only what is untracked
	 * is marked in asked, and looked at in the order of addresses, and then again for numbers. */
	bool reads_twice;
	uint64_t *asked;
	pthread_mutex_t lock;	/* of unknown */
	struct addrmap unknown; /* reading twice: positions of nodes that no scan knows, see is_known */
	struct part *parts;
	size_t part_count;
	size_t next_part; /* atomic */
	uint64_t most_edges;
	unsigned worker_count;
	struct worker workers[PARALLEL_MOST];
};

static inline size_t build_part_end(const struct build *b, size_t part)
{
	size_t end = (part + 1) * PART_WORDS;

	return end < b->heap->word_count ? end : b->heap->word_count;
}

static inline bool build_is_interrupted(const struct build *b)
{
	return progress_is_interrupted(b->graph->py->progress);
}

/* Whether workers should stop for now: between two objects nothing of the target is borrowed. */
static inline bool build_is_paused(const struct build *b)
{
	return build_is_interrupted(b) || target_is_full(b->graph->py->target);
}

/* The same for who goes through single objects, this one the i-th: to ask costs more than to read some. */
static inline bool build_is_paused_at(const struct build *b, uint64_t i)
{
	return i % 64 == 0 && build_is_paused(b);
}

/* All workers, once, from the first part on. */
static inline void build_run(struct build *b, void (*work)(void *context, unsigned thread))
{
	b->next_part = 0;
	parallel_run(b->worker_count, work, b);
}

/* All workers from where they are, again and again, with room made in between, until has_ended says so or the
 * user wants an end. */
static inline void build_run_on(struct build *b, void (*work)(void *context, unsigned thread),
	bool (*has_ended)(const struct build *b))
{
	do {
		parallel_run(b->worker_count, work, b);
		target_ease(b->graph->py->target);
	} while (!has_ended(b) && !build_is_interrupted(b));
}

/* graph_gather.c: targets that a worker's reader gives (targets_fn, its context is the worker). Positions of
 * those that are nodes go to goes_to, and how many those of each object are that has ended to counts; NULL, 0
 * for objects that have ended without any. What is untracked and a node gets its bit in added, and a place in
 * met. */
void build_take_targets(void *context, const uint64_t *targets, size_t count);

/* The same when all are read twice: no more than how many there are. */
void build_count_targets(void *context, const uint64_t *targets, size_t count);

/* All nodes are in bits of the heap and in added: gives them numbers, and the graph its edges. */
void build_place(struct build *b);

/* Its parts: numbers for all nodes; once all degrees are known, places for their edges. */
void build_number(struct build *b);
void build_place_runs(struct build *b);

/* Writes the numbers of count targets, which stand from *at on in a stream, as positions; *at is moved. */
void build_place_run(
	const struct build *b, uint32_t *to, uint64_t count, const struct stream *targets, uint64_t *at);

/* The same of the edges of the nodes in a word of bits, but for those that are read apart. */
void build_place_word(struct build *b, size_t word, const struct stream *targets, uint64_t *at);

/* The same by reading all objects again: numbers are there, edges are not. */
void build_fill(struct build *b);

/* Whether instances of a type are nodes; object: one of them. */
bool build_is_node_type(struct python *py, const struct pytype *type, uint64_t object);

/* graph_ask.c: looks at what is marked in asked; what is a node gets its bit in added and a place in met of
 * some worker. False when there was none. */
bool build_look_at_asked(struct build *b);

#endif
