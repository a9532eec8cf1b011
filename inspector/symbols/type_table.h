/* type_table: C types read from DWARF into plain structs, each once, found by the offset of its DIE.
 *
 * Everything learned lives until the table is destroyed. Bounded: a damaged or hostile file runs out of the
 * table's budget, after which every type is unknown and type_table_spend returns false. */
#ifndef ASYNCINSPECT_SYMBOLS_TYPE_TABLE_H
#define ASYNCINSPECT_SYMBOLS_TYPE_TABLE_H

#include "inspector/symbols/die_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TYPE_NONE UINT64_MAX

struct type_member {
	const char *name; /* NULL: anonymous */
	uint64_t type;	  /* offset of its DIE, or TYPE_NONE */
	bool has_offset;  /* the place is understood */
	uint64_t bit;	  /* where it begins, in bits from the start of the struct; bytes times 8 */
	uint32_t bits;	  /* width of a bit-field; 0 otherwise */
};

struct type_enumerator {
	const char *name;
	int64_t value;
};

enum type_form {
	TYPE_UNKNOWN,
	TYPE_SCALAR,	/* base types, pointers */
	TYPE_ALIAS,	/* typedef, const, volatile, restrict, atomic: the same as target */
	TYPE_AGGREGATE, /* struct, union, class */
	TYPE_ENUM,
	TYPE_ARRAY, /* of rows times target: rows[0] elements */
};

struct type {
	enum type_form form;
	uint64_t offset;
	bool is_complete; /* false: a declaration, whose members are elsewhere */
	uint64_t size;	  /* bytes; not for aliases and arrays, use type_size */
	uint64_t target;  /* aliases and arrays */
	uint64_t rows;	  /* array: elements; 0 when unknown */
	uint64_t row;	  /* array: targets in one element (the product of the inner dimensions) */
	const struct type_member *members;
	const struct type_enumerator *enumerators;
	size_t count; /* of members or enumerators */
};

struct type_table;

/* The reader is borrowed. */
struct type_table *type_table_create(struct die_reader *reader);
void type_table_destroy(struct type_table *table); /* NULL is allowed */

/* The type at an offset; never NULL. */
const struct type *type_at(struct type_table *table, uint64_t offset);

/* The same through aliases, to the type that they lead to. */
const struct type *type_resolved(struct type_table *table, uint64_t offset);

/* Size in bytes. False: unknown or incomplete. An array of unknown length has the size 0. */
bool type_size(struct type_table *table, const struct type *type, uint64_t *size);

/* Size in bytes of one element of an array. */
bool type_stride(struct type_table *table, const struct type *array, uint64_t *size);

/* Takes cost from the budget. False when it is spent. */
bool type_table_spend(struct type_table *table, size_t cost);

#endif
