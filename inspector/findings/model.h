/* model: everything that was found out about one target, for reports and rules.
 *
 * Built once by a command, from the layers below; plain results, no target reads needed to go through it
 * except to print an object (repr) that it names. */
#ifndef ASYNCINSPECT_FINDINGS_MODEL_H
#define ASYNCINSPECT_FINDINGS_MODEL_H

#include "inspector/asyncio/asyncio.h"
#include "inspector/asyncio/creation.h"
#include "inspector/findings/facts.h"
#include "inspector/graph/await_graph.h"
#include "inspector/graph/retained.h"
#include "inspector/graph/retention.h"
#include "inspector/graph/wake.h"
#include "inspector/python/python.h"

struct argument {
	const char *name;
	const char *stars; /* "", "*" or "**": how the parameter is declared */
	const char *value; /* repr, cut; "<unset>" for a variable that was deleted */
};

struct orphan {
	size_t coroutine; /* index in asyncio's coroutines */
	size_t argument_count;
	struct argument *arguments;
	struct creation creation;
	struct retention retention;
};

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };

/* What a rule has to say. All strings in the arena of py. */
struct finding {
	const char *rule; /* "never-awaited" */
	enum severity severity;
	const char *title; /* one line */
	size_t cases;	   /* how many alike it stands for: 1, or a group; a deadlock of five tasks is one */
	size_t object_count;
	uint64_t *objects; /* addresses of all that it is about */
	size_t evidence_count;
	const char **evidence; /* one line each */
	bool is_inferred;
	const char *advice; /* one line */
};

struct model {
	struct python *py;	    /* borrowed */
	struct asyncio *asyncio;    /* owned */
	struct await_graph *awaits; /* owned: who waits for whom */
	struct graph *graph;	    /* owned; NULL: not asked for */
	struct roots roots;
	struct reach reach; /* empty once sizes were computed: model_retention_graph finds it again */
	struct retained retained;
	bool has_retained; /* sizes were computed */
	struct facts facts;
	size_t orphan_count;
	struct orphan *orphans; /* owned; in order of address */
	bool has_orphans;	/* they were looked for */
	size_t finding_count;
	struct finding *findings; /* owned; worst first */
	bool is_interrupted;
	bool has_findings;	 /* the rules were run */
	struct retention *loops; /* owned; who holds each loop; NULL: no graph */
	struct wakes wakes;	 /* what can wake each task; count 0: not asked for, or no tasks */
	bool has_wakes;
};

struct model_options {
	bool needs_heap;     /* walk the heap */
	size_t tasks_most;   /* as in struct asyncio_options */
	bool needs_graph;    /* and make the graph */
	bool needs_orphans;  /* and find out who holds orphans */
	bool needs_wakes;    /* and find out what can wake each task */
	bool needs_findings; /* and run the rules */
	uint64_t rules;	     /* these alone: bits 1 << (index in rules of findings.h); 0: all */
	bool may_be_partial; /* when the user interrupts it, what is known by then is an answer too */
	bool needs_leaves;   /* with a graph: what is referred to and no node of it */
	bool without_roots;  /* with a graph: nobody asks what leads to its nodes */
	bool needs_retained; /* with a graph, and unless memory is scarce: what would be freed with each
				object */
	bool needs_loops;    /* as in struct asyncio_options; with a graph also who holds each */
	size_t paths_most;   /* paths for each orphan */
	size_t repr_limit;   /* characters of an argument's value */
};

/* NULL when the interpreters cannot be read, or ERROR_INTERRUPTED. A model that is_interrupted lacks what
 * would have come then: the heap, the graph, orphans, findings. */
struct model *model_build(struct python *py, const struct model_options *options, struct error *err);
void model_destroy(struct model *model); /* NULL is allowed */

/* What retention_find needs; borrowed from the model. */
struct retention_graph model_retention_graph(const struct model *model);

#endif
