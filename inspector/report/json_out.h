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
#include <string.h>

struct json_out {
	char *text; /* owned; what was not handed over yet; no NUL ends it */
	size_t length, capacity;
	FILE *file;	 /* borrowed; where it goes */
	char last;	 /* that was handed over */
	bool has_failed; /* it could not be written */
};

/* Of a member, with its length; NULL: an element of an array has none. */
struct json_name {
	const char *text;
	size_t length;
};

void json_out_deinit(struct json_out *out);

/* Hands over to the file what has gathered; unless all shall be, only when it is worth a system call. */
void json_out_flush(struct json_out *out, bool all);

void json_put_raw(struct json_out *out, const char *text); /* between two elements */

void json_put_object_as(struct json_out *out, struct json_name name); /* begins one */
void json_end_object(struct json_out *out);
void json_put_array_as(struct json_out *out, struct json_name name);
void json_end_array(struct json_out *out);

void json_put_text_as(struct json_out *out, struct json_name name, const char *text); /* NULL becomes null */
void json_put_address_as(struct json_out *out, struct json_name name, uint64_t address); /* 0 becomes null */
void json_put_integer_as(struct json_out *out, struct json_name name, int64_t value);
void json_put_boolean_as(struct json_out *out, struct json_name name, bool value);
void json_put_null_as(struct json_out *out, struct json_name name);
void json_put(struct json_out *out, const char *name, json_t *value); /* takes the reference */

/* The same, by the name alone. Inline, so that nobody counts the letters of a name that stands in the source:
 * there are a hundred names a task. */
static inline struct json_name json_name(const char *name)
{
	return (struct json_name){name, name ? strlen(name) : 0};
}

static inline void json_put_object(struct json_out *out, const char *name)
{
	json_put_object_as(out, json_name(name));
}

static inline void json_put_array(struct json_out *out, const char *name)
{
	json_put_array_as(out, json_name(name));
}

static inline void json_put_text(struct json_out *out, const char *name, const char *text)
{
	json_put_text_as(out, json_name(name), text);
}

static inline void json_put_address(struct json_out *out, const char *name, uint64_t address)
{
	json_put_address_as(out, json_name(name), address);
}

static inline void json_put_integer(struct json_out *out, const char *name, int64_t value)
{
	json_put_integer_as(out, json_name(name), value);
}

static inline void json_put_boolean(struct json_out *out, const char *name, bool value)
{
	json_put_boolean_as(out, json_name(name), value);
}

static inline void json_put_null(struct json_out *out, const char *name)
{
	json_put_null_as(out, json_name(name));
}

#endif
