/* json_parts: the arrays of the contract. Private to json.c. Each returns a new reference. */
#ifndef ASYNCINSPECT_REPORT_JSON_PARTS_H
#define ASYNCINSPECT_REPORT_JSON_PARTS_H

#include "inspector/report/view.h"

#include <jansson.h>

/* Small values. NULL text becomes null; bytes that are no UTF-8 are escaped. Address 0 becomes null. */
json_t *json_text(const char *text);
json_t *json_address(uint64_t address);

json_t *json_target(const struct view *view);
json_t *json_interpreters(const struct view *view);
json_t *json_threads(const struct view *view);
json_t *json_loops(const struct view *view);
json_t *json_tasks(const struct view *view);
json_t *json_coroutines(const struct view *view);
json_t *json_orphans(const struct view *view);
json_t *json_findings(const struct view *view);
json_t *json_layout(const struct view *view);
json_t *json_object_held(const struct view *view); /* of refs and path */

json_t *json_link(const struct view *view, const struct link *link);
json_t *json_chain(const struct view *view, const struct chain *chain);
json_t *json_step(const struct view *view, const struct step *step);
json_t *json_path(const struct view *view, const struct path *path);
json_t *json_creation(const struct creation *creation);

/* The variables of a frame: names and values. */
json_t *json_locals(const struct view *view, const struct pyframe *frame);

#endif
