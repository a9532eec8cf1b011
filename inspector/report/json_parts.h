/* json_parts: the parts of the contract. Private to json.c. Each returns a new reference, or writes. */
#ifndef ASYNCINSPECT_REPORT_JSON_PARTS_H
#define ASYNCINSPECT_REPORT_JSON_PARTS_H

#include "inspector/report/json_out.h"
#include "inspector/report/view.h"

#include <jansson.h>

/* Small values. NULL text becomes null; bytes that are no UTF-8 are escaped. Address 0 becomes null. */
json_t *json_text(const char *text);
json_t *json_address(uint64_t address);

json_t *json_target(const struct view *view);

/* The arrays, element by element, so that a large answer is never in memory as a whole: how many there are,
 * and number i, as a new reference or written; NULL or nothing when the view leaves it out. */
size_t json_interpreter_count(const struct view *view);
json_t *json_interpreter(const struct view *view, size_t i);
size_t json_thread_count(const struct view *view);
void json_thread(struct json_out *out, const struct view *view, size_t i);
size_t json_loop_count(const struct view *view);
json_t *json_loop(const struct view *view, size_t i);
size_t json_task_count(const struct view *view);
void json_task(struct json_out *out, const struct view *view, size_t i);
size_t json_cycle_count(const struct view *view);
json_t *json_cycle(const struct view *view, size_t i);
size_t json_coroutine_count(const struct view *view);
void json_coroutine(struct json_out *out, const struct view *view, size_t i);
size_t json_orphan_count(const struct view *view);
json_t *json_orphan(const struct view *view, size_t i);
size_t json_finding_count(const struct view *view);
json_t *json_finding(const struct view *view, size_t i);
size_t json_object_count(const struct view *view);		 /* of refs and path */
void json_stacks(struct json_out *out, const struct view *view); /* of stacks */
json_t *json_check(const struct view *view);			 /* of check */
json_t *json_object_held(const struct view *view, size_t i);
size_t json_heap_count(const struct view *view);
json_t *json_heap(const struct view *view, size_t i);
json_t *json_heap_total(const struct view *view);
size_t json_layout_count(const struct view *view);
json_t *json_layout(const struct view *view, size_t i);

void json_link(struct json_out *out, const struct view *view, const struct link *link);
void json_chain(struct json_out *out, const char *name, const struct view *view, const struct chain *chain);
json_t *json_referrer_tree(const struct view *view, const struct retention *retention);
json_t *json_step(const struct view *view, const struct step *step);
json_t *json_path(const struct view *view, const struct path *path);
json_t *json_creation(const struct creation *creation);

#endif
