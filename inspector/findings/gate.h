/* gate: what `check` is asked to look at and to fail on, for use in CI.
 *
 * --rules a,b          only these rules are run
 * --fail-on GATE,...   the check fails when one of the gates is met
 *
 * A gate is a rule, or a severity, which stands for all findings of that severity and worse; with >N it is
 * met when there are more than N cases of it (finding.cases: a finding of ten alike counts as ten), without
 * when there are any: "never-awaited>2", "deadlock", "error". Without --fail-on the only gate is "warning".
 */
#ifndef ASYNCINSPECT_FINDINGS_GATE_H
#define ASYNCINSPECT_FINDINGS_GATE_H

#include "inspector/findings/findings.h"

struct gate {
	char *text;		/* as it was given; owned */
	const char *rule;	/* static; NULL: any rule */
	enum severity severity; /* of the findings that count, or worse */
	size_t most;		/* so many cases are allowed */
	size_t count;		/* so many there are; set by gates_evaluate */
	bool is_met;
};

struct gates {
	size_t count;
	struct gate *items; /* owned */
};

/* The names of all rules, separated by commas and blanks. Caller frees. */
char *rules_list(void);

/* Names of rules, separated by commas, as bits 1 << (index in rules). ERROR_NOT_FOUND: a name is unknown. */
bool rules_parse(const char *text, uint64_t *wanted, struct error *err);

/* Gates, separated by commas, are added to those that are there. */
bool gates_parse(const char *text, struct gates *gates, struct error *err);

/* A gate about a rule that is not among wanted could never be met: an error. */
bool gates_fit_rules(const struct gates *gates, uint64_t wanted, struct error *err);

/* Counts, of a model whose rules were run. True when one is met. */
bool gates_evaluate(struct gates *gates, const struct model *model);

void gates_deinit(struct gates *gates);

#endif
