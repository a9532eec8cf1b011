#include "tests/unit/fake_python.h"

#include <check.h>
#include <string.h>

#define BLOCK_ITEMS 64

uint64_t fake_none(struct fake *f)
{
	return f->py->none;
}

uint64_t fake_bool(struct fake *f, bool value)
{
	uint64_t known = value ? f->py->true_object : f->py->false_object, object;

	if (known)
		return known;
	object = fake_int(f, value);
	fake_set(f, object, FIELD_object_type, fake_type(f, "bool"));
	return object;
}

static uint64_t str_header(
	struct fake *f, size_t size, size_t length, unsigned kind, bool compact, bool ascii)
{
	uint64_t object = fake_object(f, fake_type(f, "str"), size);

	fake_set(f, object, FIELD_str_length, length);
	fake_set(f, object, FIELD_str_kind, kind);
	fake_set(f, object, FIELD_str_compact, compact);
	fake_set(f, object, FIELD_str_ascii, ascii);
	return object;
}

uint64_t fake_str(struct fake *f, const char *ascii)
{
	size_t length = strlen(ascii), header = python_sizeof(f->py, FIELD_sizeof_str_ascii);
	uint64_t object = str_header(f, header + length + 1, length, 1, true, true);

	fake_write(f, object + header, ascii, length);
	return object;
}

uint64_t fake_str_wide(struct fake *f, unsigned width, const uint32_t *characters, size_t count)
{
	size_t header = python_sizeof(f->py, FIELD_sizeof_str_compact);
	uint64_t object = str_header(f, header + width * (count + 1), count, width, true, false);

	for (size_t i = 0; i < count; i++)
		fake_write(f, object + header + width * i, &characters[i], width);
	return object;
}

uint64_t fake_str_loose(struct fake *f, const char *ascii)
{
	size_t size = python_field(f->py, FIELD_str_data)->offset + 8;
	uint64_t object = str_header(f, size, strlen(ascii), 1, false, true);

	fake_set(f, object, FIELD_str_data, fake_cstring(f, ascii));
	return object;
}

uint64_t fake_int_digits(struct fake *f, bool is_negative, const uint32_t *digits, size_t count)
{
	size_t start = python_field(f->py, FIELD_int_digits)->offset;
	uint64_t object = fake_object(f, fake_type(f, "int"), start + 4 * (count ? count : 1));

	if (python_has(f->py, FIELD_int_tag))
		fake_set(f, object, FIELD_int_tag, count << 3 | (!count ? 1 : is_negative ? 2 : 0));
	else
		fake_set(f, object, FIELD_var_size, is_negative ? 0 - (uint64_t)count : count);
	fake_write(f, object + start, digits, 4 * count);
	return object;
}

uint64_t fake_int(struct fake *f, int64_t value)
{
	uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	uint32_t digits[3] = {size & 0x3fffffff, size >> 30 & 0x3fffffff, (uint32_t)(size >> 60)};

	return fake_int_digits(f, value < 0, digits, digits[2] ? 3 : digits[1] ? 2 : digits[0] ? 1 : 0);
}

uint64_t fake_float(struct fake *f, double value)
{
	uint64_t object = fake_object(f, fake_type(f, "float"), 24);

	fake_write(f, object + python_field(f->py, FIELD_float_value)->offset, &value, 8);
	return object;
}

uint64_t fake_complex(struct fake *f, double real, double imag)
{
	uint64_t object = fake_object(f, fake_type(f, "complex"), 32);

	fake_write(f, object + python_field(f->py, FIELD_complex_real)->offset, &real, 8);
	fake_write(f, object + python_field(f->py, FIELD_complex_imag)->offset, &imag, 8);
	return object;
}

uint64_t fake_bytes(struct fake *f, const void *bytes, size_t size)
{
	size_t start = python_field(f->py, FIELD_bytes_value)->offset;
	uint64_t object = fake_object(f, fake_type(f, "bytes"), start + size + 1);

	fake_set(f, object, FIELD_var_size, size);
	fake_write(f, object + start, bytes, size);
	return object;
}

uint64_t fake_bytearray(struct fake *f, const void *bytes, size_t size)
{
	uint64_t object = fake_object(f, fake_type(f, "bytearray"), 56), data = fake_place(f, size);

	fake_set(f, object, FIELD_var_size, size);
	fake_set(f, object, FIELD_bytearray_start, data);
	fake_write(f, data, bytes, size);
	return object;
}

uint64_t fake_tuple_of(struct fake *f, const uint64_t *items, size_t count)
{
	uint64_t object = fake_object(f, fake_type(f, "tuple"), 24 + 8 * count);

	fake_set(f, object, FIELD_var_size, count);
	fake_write(f, object + python_field(f->py, FIELD_tuple_items)->offset, items, 8 * count);
	return object;
}

uint64_t fake_list_of(struct fake *f, const uint64_t *items, size_t count)
{
	uint64_t object = fake_object(f, fake_type(f, "list"), 40), array = fake_place(f, 8 * count);

	fake_set(f, object, FIELD_var_size, count);
	fake_set(f, object, FIELD_list_items, array);
	fake_set(f, object, FIELD_list_allocated, count);
	fake_write(f, array, items, 8 * count);
	return object;
}

uint64_t fake_keys(struct fake *f, int kind, const uint64_t *pairs, size_t count)
{
	size_t entries = count / 2, log2_size = 3, stride = kind == FAKE_GENERAL ? 24 : 16;
	size_t header = python_field(f->py, FIELD_keys_indices)->offset;
	size_t key = kind == FAKE_GENERAL ? 8 : 0;
	uint64_t keys, at;

	while (((size_t)2 << log2_size) / 3 < entries)
		log2_size++;
	keys = fake_place(f, header + ((size_t)1 << log2_size) + stride * entries);
	fake_set(f, keys, FIELD_keys_refcnt, 1);
	fake_set(f, keys, FIELD_keys_log2_size, log2_size);
	fake_set(f, keys, FIELD_keys_log2_index_bytes, log2_size);
	fake_set(f, keys, FIELD_keys_kind, (uint64_t)kind);
	fake_set(f, keys, FIELD_keys_nentries, entries);
	at = keys + header + (UINT64_C(1) << log2_size);
	for (size_t i = 0; i < entries; i++) {
		fake_word(f, at + i * stride + key, pairs[2 * i]);
		if (kind != FAKE_SPLIT)
			fake_word(f, at + i * stride + key + 8, pairs[2 * i + 1]);
	}
	return keys;
}

static uint64_t dict_with(struct fake *f, uint64_t keys, uint64_t values, size_t used)
{
	uint64_t object = fake_object(f, fake_type(f, "dict"), 48);

	fake_set(f, object, FIELD_dict_keys, keys);
	fake_set(f, object, FIELD_dict_values, values);
	fake_set(f, object, FIELD_dict_used, used);
	return object;
}

uint64_t fake_dict_of(struct fake *f, int kind, const uint64_t *pairs, size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i + 1 < count; i += 2)
		used += pairs[i] != 0;
	return dict_with(f, fake_keys(f, kind, pairs, count), 0, used);
}

uint64_t fake_split_dict(struct fake *f, uint64_t keys, const uint64_t *values, size_t count)
{
	size_t start = python_field(f->py, FIELD_values_array)->offset, used = 0;
	uint64_t array = fake_place(f, start + 8 * count);

	fake_write(f, array + start, values, 8 * count);
	if (python_has(f->py, FIELD_values_capacity))
		fake_set(f, array, FIELD_values_capacity, count);
	for (size_t i = 0; i < count; i++)
		used += values[i] != 0;
	return dict_with(f, keys, array, used);
}

uint64_t fake_set_of(struct fake *f, const char *tp_name, const uint64_t *items, size_t count)
{
	uint64_t object = fake_object(f, fake_type(f, tp_name), 200), table;
	size_t slots = 8, used = 0;

	while (slots < 2 * count)
		slots *= 2;
	table = fake_place(f, 16 * slots);
	for (size_t i = 0; i < count; i++) {
		bool is_deleted = items[i] == FAKE_DELETED;

		/* The dummy is a real object: only the hash tells. */
		fake_word(f, table + 32 * i, is_deleted ? fake_none(f) : items[i]);
		fake_word(f, table + 32 * i + 8, is_deleted ? UINT64_MAX : 1000 + i);
		used += !is_deleted;
	}
	fake_set(f, object, FIELD_set_fill, count);
	fake_set(f, object, FIELD_set_used, used);
	fake_set(f, object, FIELD_set_mask, slots - 1);
	fake_set(f, object, FIELD_set_table, table);
	return object;
}

uint64_t fake_deque_of(struct fake *f, size_t left, const uint64_t *items, size_t count)
{
	uint64_t object = fake_object(f, fake_type(f, "collections.deque"), 216);
	size_t size = python_sizeof(f->py, FIELD_sizeof_block);
	uint64_t block = fake_place(f, size);

	fake_set(f, object, FIELD_var_size, count);
	fake_set(f, object, FIELD_deque_leftblock, block);
	fake_set(f, object, FIELD_deque_leftindex, left);
	fake_set(f, object, FIELD_deque_maxlen, UINT64_MAX); /* -1: unbounded */
	for (size_t i = 0; i < count; i++, left++) {
		if (left == BLOCK_ITEMS) {
			uint64_t right = fake_place(f, size);

			fake_set(f, block, FIELD_block_right, right);
			block = right;
			left = 0;
		}
		fake_word(f, block + python_field(f->py, FIELD_block_data)->offset + 8 * left, items[i]);
	}
	return object;
}

uint64_t fake_deque_block(struct fake *f, uint64_t deque)
{
	return fake_get(f, deque, FIELD_deque_leftblock);
}

uint64_t fake_holder(struct fake *f, const char *tp_name, enum field_id id, uint64_t object)
{
	uint64_t holder = fake_object(f, fake_type(f, tp_name), 64);

	fake_set(f, holder, id, object);
	return holder;
}

uint64_t fake_cell(struct fake *f, uint64_t contents)
{
	return fake_holder(f, "cell", FIELD_cell_contents, contents);
}

uint64_t fake_method(struct fake *f, uint64_t function, uint64_t self)
{
	uint64_t object = fake_holder(f, "method", FIELD_method_function, function);

	fake_set(f, object, FIELD_method_self, self);
	return object;
}

uint64_t fake_cfunction(struct fake *f, const char *name, uint64_t self)
{
	uint64_t def = fake_place(f, 32), object;

	fake_set(f, def, FIELD_methoddef_name, fake_cstring(f, name));
	object = fake_holder(f, "builtin_function_or_method", FIELD_cfunction_def, def);
	fake_set(f, object, FIELD_cfunction_self, self);
	return object;
}

uint64_t fake_function(struct fake *f, const char *qualname, uint64_t code, uint64_t closure)
{
	uint64_t object = fake_object(f, fake_type(f, "function"), 144);

	fake_set(f, object, FIELD_function_qualname, fake_str(f, qualname));
	fake_set(f, object, FIELD_function_code, code);
	fake_set(f, object, FIELD_function_closure, closure);
	return object;
}

uint64_t fake_module(struct fake *f, uint64_t dict)
{
	return fake_holder(f, "module", FIELD_module_dict, dict);
}

uint64_t fake_weakref(struct fake *f, uint64_t object, uint64_t callback)
{
	uint64_t ref = fake_holder(f, "weakref", FIELD_weakref_object, object ? object : fake_none(f));

	fake_set(f, ref, FIELD_weakref_callback, callback);
	return ref;
}

uint64_t fake_exception(struct fake *f, const char *name, uint64_t args)
{
	uint64_t class =
		fake_class(f, &(struct fake_class){.name = name, .base = fake_type(f, "BaseException")});
	uint64_t object = fake_object(f, class, 72);

	fake_set(f, object, FIELD_exception_args, args);
	return object;
}
