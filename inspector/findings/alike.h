/* alike: orphans that are the same mistake made many times: one function, held in the same way. */
#ifndef ASYNCINSPECT_FINDINGS_ALIKE_H
#define ASYNCINSPECT_FINDINGS_ALIKE_H

#include "inspector/findings/findings.h"

/* Which orphans a rule is about. */
typedef bool (*orphan_filter_fn)(const struct model *model, const struct orphan *orphan, const void *context);

/* Adds a finding for each group of alike orphans that pass the filter. Two are alike when they are of one
 * function and their first paths differ in indices and keys only. The title is "FUNCTION(ARGUMENTS)" of the
 * first, with a count when there are more; evidence tells the place, where it was created, and the holders.
 */
void findings_of_orphans(struct model *model, const char *rule, enum severity severity,
	orphan_filter_fn filter, const void *context, const char *advice);

#endif
