/* name_order: strverscmp for names that are mostly alike. */
#ifndef ASYNCINSPECT_BASE_NAME_ORDER_H
#define ASYNCINSPECT_BASE_NAME_ORDER_H

#include <stddef.h>

/* Has the sign of strverscmp(a, b): "task-9" comes before "task-10". The lengths are those of strlen. Several
 * times as fast where the names begin alike, as those of a service's tasks do. */
int name_compare(const char *a, size_t a_length, const char *b, size_t b_length);

#endif
