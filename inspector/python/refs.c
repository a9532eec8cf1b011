#include "inspector/python/refs.h"

#include "inspector/python/instance.h"
#include "inspector/python/memory.h"
#include "inspector/python/refs_shapes.h"
#include "inspector/python/repr.h"
#include "inspector/python/str.h"

/* Characters of a key in an edge: enough to tell keys apart, short enough for a line. */
#define KEY_LIMIT 60

bool ref_give(struct ref_walk *walk, const struct ref *ref)
{
	if (ref->target && !walk->is_stopped && !walk->visit(walk->context, ref))
		walk->is_stopped = true;
	return !walk->is_stopped;
}

static void give_slots(struct ref_walk *walk, const struct pytype *type, const struct body *body)
{
	for (size_t i = 0; i < type->member_count; i++) {
		const struct type_member *m = &type->members[i];

		if (m->offset + 8u > body->size)
			continue;
		if (!ref_give(walk, &(struct ref){.target = load_unsigned(body->bytes + m->offset, 8),
					    .kind = EDGE_SLOT,
					    .text = m->name}))
			return;
	}
}

/* The words of a C type that nothing describes: those that are the address of an object count, and say so. */
static void give_scan(struct ref_walk *walk, const struct pytype *type, const struct body *body)
{
	size_t member = 0;

	if (!walk->is_known)
		return;
	for (uint32_t at = (type->scan_from + 7) & ~7u; at + 8 <= type->scan_to && at + 8 <= body->size;
		at += 8) {
		uint64_t word = load_unsigned(body->bytes + at, 8);

		while (member < type->member_count && type->members[member].offset < at)
			member++;
		if ((member < type->member_count && type->members[member].offset == at) ||
			(int64_t)at == type->dictoffset)
			continue;
		if (word && word % 8 == 0 && walk->is_known(walk->context, word) &&
			!ref_give(walk, &(struct ref){.target = word, .kind = EDGE_SCAN, .number = at}))
			return;
	}
}

static void give_storage(struct ref_walk *walk, uint64_t object, const struct pytype *type)
{
	struct instance_storage storage;
	struct dict_iter iter;
	struct dict_entry entry;

	if (!instance_find_storage(walk->py, object, type, &storage, NULL)) {
		walk->is_partial = true;
		return;
	}
	if (storage.values) {
		if (!dict_open_split(walk->py, storage.keys, storage.values, storage.capacity, &iter, NULL)) {
			walk->is_partial = true;
			return;
		}
		while (dict_next(&iter, &entry))
			if (!ref_give(walk, &(struct ref){.target = entry.value,
						    .kind = EDGE_ATTRIBUTE,
						    .object = entry.key}))
				return;
	}
	ref_give(walk, &(struct ref){.target = storage.dict, .kind = EDGE_NAME, .text = ".__dict__"});
}

/* Of an object of variable size only the fixed part is borrowed: items are read by those that know them. */
bool refs_of_object(struct ref_walk *walk, uint64_t object, struct error *err)
{
	const struct pytype *type = pytype_of(walk->py, object, err);
	struct body body;

	if (!type)
		return false;
	walk->is_stopped = walk->is_partial = false;
	if (!body_open(walk->py, object, type->basicsize, &body, err))
		return false;
	refs_by_shape(walk, object, type);
	if (!walk->is_stopped)
		refs_by_table(walk, type, &body);
	if (!walk->is_stopped)
		give_slots(walk, type, &body);
	if (!walk->is_stopped && type->scan_to > type->scan_from)
		give_scan(walk, type, &body);
	if (!walk->is_stopped)
		give_storage(walk, object, type);
	if (!walk->is_stopped && type->is_heap)
		ref_give(walk,
			&(struct ref){.target = type->address, .kind = EDGE_NAME, .text = ".__class__"});
	return true;
}

static void append_key(
	struct python *py, uint64_t key, const char *before, const char *after, struct strbuf *out)
{
	strbuf_append(out, before);
	pyrepr_append(py, key, KEY_LIMIT, out);
	strbuf_append(out, after);
}

static void append_local(struct python *py, const struct ref *ref, struct strbuf *out)
{
	uint32_t i = (uint32_t)ref->number;
	const char *name = pycode_local_name(py, ref->code, i);
	bool is_cell = pycode_is_cell(ref->code, i) || pycode_is_free(ref->code, i);

	strbuf_printf(out, "<%s %s>", is_cell ? "cell" : "local", name ? name : "?");
}

void ref_append_edge(struct python *py, const struct ref *ref, struct strbuf *out)
{
	switch (ref->kind) {
	case EDGE_NAME:
		strbuf_append(out, ref->text);
		break;
	case EDGE_SLOT:
		strbuf_printf(out, ".%s", ref->text);
		break;
	case EDGE_ATTRIBUTE:
		strbuf_append_char(out, '.');
		if (!pystr_append(py, ref->object, KEY_LIMIT, out, NULL, NULL))
			strbuf_append_char(out, '?');
		break;
	case EDGE_VALUE:
		append_key(py, ref->object, "[", "]", out);
		break;
	case EDGE_VARIABLE:
		append_key(py, ref->object, "[", "]", out);
		break;
	case EDGE_KEY:
		append_key(py, ref->object, "<key ", ">", out);
		break;
	case EDGE_MEMBER:
		append_key(py, ref->object, "{", "}", out);
		break;
	case EDGE_INDEX:
		strbuf_printf(out, "[%llu]", (unsigned long long)ref->number);
		break;
	case EDGE_LOCAL:
		append_local(py, ref, out);
		break;
	case EDGE_STACK:
		strbuf_append(out, "<stack>");
		break;
	case EDGE_SCAN:
		strbuf_printf(out, "<+%llu>", (unsigned long long)ref->number);
		break;
	}
}
