/* json_out: JSON that is written member after member, without being a tree in memory first. An answer has a
 * hundred values a task; making a tree of them and walking it costs three times as much as all that is read
 * of the target. What is no such list is made as a tree by the library, and joined in with json_put.
 *
 * The first argument is the name of the member, which needs no escapes; NULL for an element of an array. */
#ifndef ASYNCINSPECT_REPORT_JSON_OUT_H
#define ASYNCINSPECT_REPORT_JSON_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_out {
	char *text; /* owned; what was not handed over yet; no NUL ends it */
	size_t length, capacity;
	FILE *file;	 /* borrowed; where it goes */
	char last;	 /* that was handed over */
	bool has_failed; /* it could not be written */
};

void json_out_deinit(struct json_out *out);

/* Hands over to the file what has gathered; unless all shall be, only when it is worth a system call. */
void json_out_flush(struct json_out *out, bool all);

void json_put_raw(struct json_out *out, const char *text); /* between two elements */

void json_put_object(struct json_out *out, const char *name); /* begins one */
void json_end_object(struct json_out *out);
void json_put_array(struct json_out *out, const char *name);
void json_end_array(struct json_out *out);

void json_put_text(struct json_out *out, const char *name, const char *text);	 /* NULL becomes null */
void json_put_address(struct json_out *out, const char *name, uint64_t address); /* 0 becomes null */
void json_put_integer(struct json_out *out, const char *name, int64_t value);
void json_put_boolean(struct json_out *out, const char *name, bool value);
void json_put_null(struct json_out *out, const char *name);
void json_put(struct json_out *out, const char *name, json_t *value); /* takes the reference */

#endif
