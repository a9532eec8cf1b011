/* Containers of the target, looked at through the layout: they have as many objects as they say, and nothing
 * else where objects should be. */
#include "inspector/python/layout_check_private.h"

#include <string.h>

#define ITEMS_MAX   256
#define ENTRIES_MAX 512
#define SLOTS_MAX   4096
#define LINKS_MAX   64
#define BLOCK_ITEMS 64 /* Modules/_collectionsmodule.c: BLOCKLEN */

typedef bool (*is_right_fn)(struct check *c, uint64_t object, size_t *objects);

/* Whether the objects of a kind are right through these fields, which hold or fall together. */
static void check_kind(struct check *c, size_t kind, is_right_fn is_right, const enum field_id *ids,
	size_t id_count, const char *why)
{
	struct outcome outcome = {.right = 0};

	for (size_t i = 0; i < c->samples->count[kind]; i++) {
		size_t objects = 0;
		bool holds = is_right(c, c->samples->at[kind][i], &objects);

		outcome.right += holds;
		outcome.wrong += !holds;
		outcome.objects += holds ? objects : 0;
	}
	for (size_t i = 0; i < id_count; i++)
		if (probe_has(&c->probe, ids[i]))
			check_outcome(c, ids[i], &outcome, why);
}

#define CHECK_KIND(c, kind, is_right, why, ...)                                                              \
	do {                                                                                                 \
		static const enum field_id ids[] = {__VA_ARGS__};                                            \
		check_kind(c, kind, is_right, ids, sizeof(ids) / sizeof(ids[0]), why);                       \
	} while (0)

static bool is_object(struct check *c, uint64_t address, size_t *objects)
{
	++*objects;
	return samples_offer(c->samples, address);
}

/* Objects, one after the other. */
static bool are_objects(struct check *c, uint64_t at, uint64_t count, size_t *objects)
{
	uint64_t item;

	for (uint64_t i = 0; i < count && i < ITEMS_MAX; i++)
		if (!probe_word(&c->probe, at + 8 * i, &item) || !is_object(c, item, objects))
			return false;
	return true;
}

static uint64_t offset_of(const struct check *c, enum field_id id)
{
	return c->result->fields[id].offset;
}

/* Dictionaries ---------------------------------------------------------------------------------------- */

/* Include/internal/pycore_dict.h, _dictvalues: from 3.13 on these have a capacity, next to it their number,
 * and know whether they are part of an instance; only then it is said whether they are valid. */
static bool are_right_values(struct check *c, uint64_t dict, uint64_t count, uint64_t used)
{
	const struct probe *p = &c->probe;
	uint64_t values, capacity, embedded, valid;
	uint8_t size;

	if (!probe_has(p, FIELD_values_capacity))
		return true;
	return probe_pointer(p, dict, FIELD_dict_values, &values) &&
	       probe_unsigned(p, values, FIELD_values_capacity, &capacity) && capacity >= count &&
	       probe_read(p, values + offset_of(c, FIELD_values_capacity) + 1, &size, 1) && size == used &&
	       probe_unsigned(p, values, FIELD_values_embedded, &embedded) && embedded <= 1 &&
	       (!embedded || (probe_unsigned(p, values, FIELD_values_valid, &valid) && valid == 1));
}

static bool is_right_dict(struct check *c, uint64_t dict, size_t *objects, bool is_split, bool is_general)
{
	struct probe_entries e;
	uint64_t used, found = 0;
	bool holds = true;

	if (!probe_unsigned(&c->probe, dict, FIELD_dict_used, &used) || used > ENTRIES_MAX)
		return true;
	if (!probe_entries_open(&c->probe, dict, ENTRIES_MAX, &e))
		return is_split || is_general;
	if ((e.values != 0) == is_split && e.is_general == is_general) {
		for (uint64_t i = 0; holds && i < e.count; i++) {
			uint64_t value = probe_entries_value(&e, i);

			if (!value)
				continue;
			found++;
			holds = is_object(c, value, objects) &&
				is_object(c, probe_entries_key(&e, i), objects);
		}
		holds &= found == used && (!is_split || are_right_values(c, dict, e.count, used));
	}
	probe_entries_close(&e);
	return holds;
}

static bool is_right_plain(struct check *c, uint64_t dict, size_t *objects)
{
	return is_right_dict(c, dict, objects, false, probe_has(&c->probe, FIELD_keys_size));
}

static bool is_right_general(struct check *c, uint64_t dict, size_t *objects)
{
	return is_right_dict(c, dict, objects, false, true);
}

static bool is_right_split(struct check *c, uint64_t dict, size_t *objects)
{
	return is_right_dict(c, dict, objects, true, probe_has(&c->probe, FIELD_keys_size));
}

/* Lists, sets, deques ---------------------------------------------------------------------------------- */

static bool is_right_list(struct check *c, uint64_t list, size_t *objects)
{
	const struct probe *p = &c->probe;
	uint64_t size, allocated, items;

	return probe_unsigned(p, list, FIELD_var_size, &size) &&
	       probe_unsigned(p, list, FIELD_list_allocated, &allocated) && allocated >= size &&
	       allocated <= 2 * size + 64 && probe_pointer(p, list, FIELD_list_items, &items) &&
	       (!size || are_objects(c, items, size, objects));
}

/* Objects/unicodeobject.c: a str keeps its hash, next to its length; a small int is its own. known counts
 * those. */
static bool is_hash_of(struct check *c, uint64_t key, uint64_t hash, size_t *known)
{
	uint64_t type = probe_type_of(&c->probe, key), own;

	if (type == c->str_type) {
		++*known;
		return probe_word(&c->probe, key + offset_of(c, FIELD_str_length) + 8, &own) && own == hash;
	}
	if (type == probe_symbol(&c->probe, "PyLong_Type") && probe_int(&c->probe, key, &own)) {
		++*known;
		return own == hash;
	}
	return true;
}

static bool walk_set(struct check *c, uint64_t set, size_t *objects, size_t *known)
{
	const struct probe *p = &c->probe;
	uint64_t fill, used, mask, table, key, hash, found = 0;
	uint64_t stride = p->fields[FIELD_sizeof_setentry].size;

	if (!probe_unsigned(p, set, FIELD_set_fill, &fill) ||
		!probe_unsigned(p, set, FIELD_set_used, &used) ||
		!probe_unsigned(p, set, FIELD_set_mask, &mask) || used > fill || fill > mask || mask < 7 ||
		(mask & (mask + 1)) || !probe_pointer(p, set, FIELD_set_table, &table))
		return false;
	if (mask >= SLOTS_MAX)
		return true;
	for (uint64_t i = 0; i <= mask; i++) {
		uint64_t entry = table + i * stride;

		if (!probe_pointer(p, entry, FIELD_setentry_key, &key) ||
			!probe_unsigned(p, entry, FIELD_setentry_hash, &hash))
			return false;
		if (!key || hash == UINT64_MAX) /* -1: its key was removed */
			continue;
		found++;
		if (!is_object(c, key, objects) || !is_hash_of(c, key, hash, known))
			return false;
	}
	return found == used;
}

static bool is_right_set(struct check *c, uint64_t set, size_t *objects)
{
	size_t known = 0;

	return walk_set(c, set, objects, &known);
}

static bool has_right_hashes(struct check *c, uint64_t set, size_t *objects)
{
	size_t all = 0;

	return walk_set(c, set, &all, objects);
}

/* Modules/_collectionsmodule.c, dequeobject: leftblock, rightblock, leftindex, rightindex. */
static bool is_end_of_deque(struct check *c, uint64_t deque, uint64_t block, uint64_t index)
{
	uint64_t right, last;

	return probe_word(&c->probe, deque + offset_of(c, FIELD_deque_leftblock) + 8, &right) &&
	       right == block &&
	       probe_word(&c->probe, deque + offset_of(c, FIELD_deque_leftindex) + 8, &last) && last == index;
}

static bool walk_deque(struct check *c, uint64_t deque, uint64_t *blocks, size_t *objects)
{
	const struct probe *p = &c->probe;
	uint64_t size, block, index, item, data = offset_of(c, FIELD_block_data);
	int64_t most;

	*blocks = 1;
	if (!probe_unsigned(p, deque, FIELD_var_size, &size) ||
		!probe_signed(p, deque, FIELD_deque_maxlen, &most) || most < -1 ||
		(most >= 0 && size > (uint64_t)most) ||
		!probe_pointer(p, deque, FIELD_deque_leftblock, &block) || block % 8 ||
		!probe_unsigned(p, deque, FIELD_deque_leftindex, &index) || index >= BLOCK_ITEMS)
		return false;
	for (uint64_t i = 0; i < size && i < ITEMS_MAX; i++, index++) {
		if (index == BLOCK_ITEMS) {
			index = 0;
			++*blocks;
			if (!probe_pointer(p, block, FIELD_block_right, &block) || !block)
				return false;
		}
		if (!probe_word(p, block + data + 8 * index, &item) || !is_object(c, item, objects))
			return false;
	}
	return size >= ITEMS_MAX || is_end_of_deque(c, deque, block, index - 1);
}

static bool is_right_deque(struct check *c, uint64_t deque, size_t *objects)
{
	uint64_t blocks;

	return walk_deque(c, deque, &blocks, objects);
}

static bool is_right_long_deque(struct check *c, uint64_t deque, size_t *objects)
{
	uint64_t blocks;
	bool holds = walk_deque(c, deque, &blocks, objects);

	if (blocks == 1)
		*objects = 0;
	return holds || blocks == 1;
}

/* The tree of a context, and cached results ------------------------------------------------------------- */

/* Python/hamt.c: pairs of a variable and its value, or of NULL and a node. */
static bool are_pairs(struct check *c, uint64_t node, enum field_id array, size_t *objects)
{
	uint64_t count, key, value, at = node + offset_of(c, array);
	enum type_kind kind;
	bool is_exact;

	if (!probe_unsigned(&c->probe, node, FIELD_var_size, &count) || count % 2 || count > ITEMS_MAX)
		return false;
	for (uint64_t i = 0; i < count; i += 2) {
		if (!probe_word(&c->probe, at + 8 * i, &key) ||
			!probe_word(&c->probe, at + 8 * i + 8, &value) || !is_object(c, value, objects))
			return false;
		if (key && (!samples_kind(c->samples, key, &kind, &is_exact) || kind != KIND_CONTEXTVAR))
			return false;
	}
	return true;
}

static bool is_right_bitmap(struct check *c, uint64_t node, size_t *objects)
{
	return are_pairs(c, node, FIELD_hamt_bitmap_array, objects);
}

static bool is_right_collision(struct check *c, uint64_t node, size_t *objects)
{
	return are_pairs(c, node, FIELD_hamt_collision_array, objects);
}

static bool is_right_array(struct check *c, uint64_t node, size_t *objects)
{
	uint64_t child, size = c->result->fields[FIELD_hamt_array_array].size;

	for (uint64_t i = 0; i < size / 8; i++)
		if (!probe_word(&c->probe, node + offset_of(c, FIELD_hamt_array_array) + 8 * i, &child) ||
			(child && !is_object(c, child, objects)))
			return false;
	return true;
}

/* Modules/_functoolsmodule.c: a ring. */
static bool is_right_cache(struct check *c, uint64_t cache, size_t *objects)
{
	const struct probe *p = &c->probe;
	uint64_t root = cache + offset_of(c, FIELD_lru_root), at = root, key, result;

	for (int i = 0; i < LINKS_MAX; i++) {
		if (!probe_pointer(p, at, FIELD_lru_elem_next, &at) || !at)
			return false;
		if (at == root)
			return true;
		if (!probe_pointer(p, at, FIELD_lru_elem_key, &key) || !is_object(c, key, objects) ||
			!probe_pointer(p, at, FIELD_lru_elem_result, &result) ||
			!is_object(c, result, objects))
			return false;
	}
	return true;
}

/* What has text or numbers ------------------------------------------------------------------------------ */

static bool is_right_str(struct check *c, uint64_t str, size_t *objects)
{
	const struct probe *p = &c->probe;
	uint64_t kind, compact, ascii, ready = 1, length;

	++*objects;
	return probe_unsigned(p, str, FIELD_str_kind, &kind) && (kind == 1 || kind == 2 || kind == 4) &&
	       probe_unsigned(p, str, FIELD_str_compact, &compact) &&
	       probe_unsigned(p, str, FIELD_str_ascii, &ascii) && (!ascii || kind == 1) &&
	       probe_unsigned(p, str, FIELD_str_length, &length) && length >> 40 == 0 &&
	       (!probe_has(p, FIELD_str_ready) || probe_unsigned(p, str, FIELD_str_ready, &ready)) &&
	       ready == 1 && compact == 1;
}

static bool is_right_bytes(struct check *c, uint64_t bytes, size_t *objects)
{
	uint64_t size;
	uint8_t end;

	++*objects;
	return probe_unsigned(&c->probe, bytes, FIELD_var_size, &size) && size >> 40 == 0 &&
	       probe_read(&c->probe, bytes + offset_of(c, FIELD_bytes_value) + size, &end, 1) && end == 0;
}

/* Objects/bytearrayobject.c: a NUL follows what it holds. */
static bool is_right_bytearray(struct check *c, uint64_t array, size_t *objects)
{
	uint64_t size, start;
	uint8_t end;

	if (!probe_unsigned(&c->probe, array, FIELD_var_size, &size) || size >> 40 ||
		!probe_pointer(&c->probe, array, FIELD_bytearray_start, &start))
		return false;
	*objects += size > 0;
	return !size || (probe_read(&c->probe, start + size, &end, 1) && end == 0);
}

/* Objects/moduleobject.c: there is a state when its definition asks for one; 0 bytes may have a pointer, too.
 */
static bool is_right_module(struct check *c, uint64_t module, size_t *objects)
{
	const struct probe *p = &c->probe;
	uint64_t def = 0, state;
	int64_t size = 0;

	if (!probe_pointer(p, module, FIELD_module_state, &state))
		return false;
	if (probe_has(p, FIELD_module_state_size)) {
		if (!probe_signed(p, module, FIELD_module_state_size, &size))
			return false;
	} else if (!probe_pointer(p, module, FIELD_module_def, &def) ||
		   (def && !probe_signed(p, def, FIELD_moduledef_size, &size))) {
		return false;
	}
	*objects += size > 0;
	return size >= -1 && size < 1 << 20 && state % 8 == 0 && (!size || (size > 0) == (state != 0));
}

static bool is_right_definition(struct check *c, uint64_t module, size_t *objects)
{
	uint64_t def;
	int64_t size;

	if (!probe_pointer(&c->probe, module, FIELD_module_def, &def))
		return false;
	*objects += def != 0;
	return !def ||
	       (probe_signed(&c->probe, def, FIELD_moduledef_size, &size) && size >= -1 && size < 1 << 20);
}

/* Most modules are of Python code and have no state: of those that have one, or a size, the most are right,
 * and some have something in it. */
static void check_modules(struct check *c)
{
	static const enum field_id ids[] = {FIELD_module_state, FIELD_module_state_size};
	static const char why[] = "modules have no such state";
	struct outcome outcome = {.right = 0};

	for (size_t i = 0; i < c->samples->count[KIND_MODULE]; i++) {
		uint64_t module = c->samples->at[KIND_MODULE][i], state = 0;
		size_t objects = 0;
		bool holds = is_right_module(c, module, &objects);

		probe_pointer(&c->probe, module, FIELD_module_state, &state);
		outcome.right += holds && state;
		outcome.wrong += !holds;
		outcome.objects += holds ? objects : 0;
	}
	for (size_t i = 0; i < 2; i++) {
		check_outcome(c, ids[i], &outcome, why);
		if (outcome.right && !outcome.objects)
			check_field(c, ids[i], false, why);
	}
}

static bool is_identifier(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.<>";

	return *text && text[strspn(text, allowed)] == '\0';
}

static bool is_right_method(struct check *c, uint64_t method, size_t *objects)
{
	uint64_t def, name;
	char text[64];

	++*objects;
	return probe_pointer(&c->probe, method, FIELD_cfunction_def, &def) &&
	       probe_pointer(&c->probe, def, FIELD_methoddef_name, &name) &&
	       probe_cstring(&c->probe, name, text, sizeof(text)) && is_identifier(text);
}

/* PEP 703 and before: an object that is alive has references. Of a free-threaded build they are split. */
static bool has_references(struct check *c, uint64_t object, size_t *objects)
{
	uint64_t count;

	++*objects;
	return probe_unsigned(&c->probe, object, FIELD_object_refcnt, &count) && count;
}

/* Code -------------------------------------------------------------------------------------------------- */

#define CODE_GENERATORS                                                                                      \
	(0x20 | 0x80 | 0x200) /* Include/cpython/code.h: generator, coroutine, async generator */

/* 3.11 and later: what makes a generator comes before the first instruction that is traced. */
static bool is_right_code(struct check *c, uint64_t code, size_t *objects)
{
	const struct probe *p = &c->probe;
	uint64_t first, units, flags, arguments;

	++*objects;
	if (!probe_unsigned(p, code, FIELD_code_argcount, &arguments) || arguments > UINT16_MAX)
		return false;
	if (!probe_has(p, FIELD_code_firsttraceable))
		return true;
	return probe_unsigned(p, code, FIELD_code_firsttraceable, &first) &&
	       probe_unsigned(p, code, FIELD_var_size, &units) && first < units &&
	       probe_unsigned(p, code, FIELD_code_flags, &flags) && (!(flags & CODE_GENERATORS) || first > 0);
}

static void check_floats(struct check *c)
{
	uint64_t info, item, size;
	double value = 0;

	/* sys.float_info is a tuple that begins with the largest float: Include/structseq.h. */
	if (!c->interp || !probe_pointer(&c->probe, c->interp, FIELD_interp_sysdict, &info) ||
		!probe_dict_get(&c->probe, info, "float_info", &info) ||
		!probe_unsigned(&c->probe, info, FIELD_var_size, &size) || !size ||
		!probe_word(&c->probe, info + offset_of(c, FIELD_tuple_items), &item) ||
		probe_type_of(&c->probe, item) != probe_symbol(&c->probe, "PyFloat_Type"))
		return;
	if (!probe_read(&c->probe, item + offset_of(c, FIELD_float_value), &value, sizeof(value)))
		value = 0;
	check_field(c, FIELD_float_value, value == 0x1.fffffffffffffp+1023,
		"sys.float_info.max has another value there");
}

void check_shapes(struct check *c)
{
	static const char other[] = "containers of this process have something else there";

	if (!c->interp || !c->modules)
		return;
	CHECK_KIND(c, KIND_DICT, is_right_plain, other, FIELD_dict_used, FIELD_dict_keys);
	CHECK_KIND(c, SAMPLES_GENERAL, is_right_general, other, FIELD_entry_key, FIELD_entry_value,
		FIELD_sizeof_entry);
	CHECK_KIND(c, SAMPLES_SPLIT, is_right_split, other, FIELD_values_array, FIELD_values_capacity,
		FIELD_values_embedded);
	CHECK_KIND(c, SAMPLES_EMBEDDED, is_right_split, other, FIELD_values_array, FIELD_values_capacity,
		FIELD_values_embedded, FIELD_values_valid);
	CHECK_KIND(c, KIND_LIST, is_right_list, other, FIELD_list_items, FIELD_list_allocated);
	CHECK_KIND(c, KIND_SET, is_right_set, other, FIELD_set_fill, FIELD_set_used, FIELD_set_mask,
		FIELD_set_table, FIELD_setentry_key, FIELD_sizeof_setentry);
	CHECK_KIND(c, KIND_SET, has_right_hashes, other, FIELD_setentry_hash);
	CHECK_KIND(c, KIND_DEQUE, is_right_deque, other, FIELD_deque_leftblock, FIELD_deque_leftindex,
		FIELD_deque_maxlen, FIELD_block_data);
	CHECK_KIND(c, KIND_DEQUE, is_right_long_deque, other, FIELD_block_right);
	CHECK_KIND(c, KIND_HAMTBITMAP, is_right_bitmap, other, FIELD_hamt_bitmap_array);
	CHECK_KIND(c, KIND_HAMTCOLLISION, is_right_collision, other, FIELD_hamt_collision_array);
	CHECK_KIND(c, KIND_HAMTARRAY, is_right_array, other, FIELD_hamt_array_array);
	CHECK_KIND(c, KIND_LRUCACHE, is_right_cache, other, FIELD_lru_root, FIELD_lru_elem_next,
		FIELD_lru_elem_key, FIELD_lru_elem_result);
	CHECK_KIND(c, KIND_STR, is_right_str, "strings of this process are in no state that there is",
		FIELD_str_kind, FIELD_str_compact, FIELD_str_ascii, FIELD_str_ready);
	CHECK_KIND(c, KIND_BYTES, is_right_bytes, "no bytes end there", FIELD_bytes_value);
	CHECK_KIND(c, KIND_BYTEARRAY, is_right_bytearray, "no bytes end there", FIELD_bytearray_start);
	check_modules(c);
	if (probe_has(&c->probe, FIELD_moduledef_size) && probe_has(&c->probe, FIELD_module_def))
		CHECK_KIND(c, KIND_MODULE, is_right_definition, "definitions of modules have no such size",
			FIELD_module_def, FIELD_moduledef_size);
	CHECK_KIND(c, KIND_CFUNCTION, is_right_method, "functions have no names there", FIELD_cfunction_def,
		FIELD_methoddef_name);
	CHECK_KIND(c, KIND_CODE, is_right_code, "code of this process has other numbers there",
		FIELD_code_firsttraceable, FIELD_code_flags, FIELD_code_argcount);
	if (probe_has(&c->probe, FIELD_object_refcnt))
		CHECK_KIND(c, KIND_FUNCTION, has_references, "objects have no references there",
			FIELD_object_refcnt);
	check_floats(c);
}
