/* wanted: the questions of type_query, sorted by the names to look for, and the best answers so far.
 *
 * A name can have several definitions in a file: repetitions in every unit, and strangers that happen to
 * share it. Each different one is tried against all questions that mention the name, and the one that
 * answers the most of them counts, the first of equals. */
#ifndef ASYNCINSPECT_SYMBOLS_WANTED_H
#define ASYNCINSPECT_SYMBOLS_WANTED_H

#include "inspector/symbols/type_query.h"
#include "inspector/symbols/type_table.h"

struct wanted;
struct wanted_name;

/* The queries are borrowed. */
struct wanted *wanted_create(const struct type_query *queries, size_t count);
void wanted_destroy(struct wanted *wanted); /* NULL is allowed */

/* The entry of a type's name that is asked for and not yet answered in full. NULL: nothing to do. */
struct wanted_name *wanted_find(struct wanted *wanted, const char *name);

/* A number that tells two definitions of a name apart; says whether it is new for this name. After a bound
 * of definitions nothing is new. */
bool wanted_is_new(struct wanted *wanted, struct wanted_name *name, uint64_t definition);

/* Tries a definition: a complete struct, union or enum, or any other type that a typedef leads to. */
void wanted_try(
	struct wanted *wanted, struct wanted_name *name, struct type_table *table, const struct type *type);

/* Whether enumerators are still asked for in whatever enum they are. */
bool wanted_any_enum(const struct wanted *wanted);

/* Answers such questions from an enum. */
void wanted_try_enum(struct wanted *wanted, const struct type *type);

/* Writes the answers, one for each query. */
void wanted_answers(const struct wanted *wanted, struct type_answer *answers);

#endif
