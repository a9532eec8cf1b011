#include "inspector/python/repr.h"

#include "inspector/python/dict.h"
#include "inspector/python/generator.h"
#include "inspector/python/int.h"
#include "inspector/python/memory.h"
#include "inspector/python/repr_text.h"
#include "inspector/python/sequence.h"
#include "inspector/python/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX  6
#define NAME_LIMIT 200

struct printer {
	struct python *py;
	struct strbuf *out;
	size_t end; /* length of out at which printing stops */
	unsigned depth;
	uint64_t open[DEPTH_MAX]; /* the containers around what is printed now */
};

static void print(struct printer *p, uint64_t address);

static bool is_full(const struct printer *p)
{
	return p->out->length >= p->end;
}

/* What follows the last element that was printed: how many more there are, when the length is believable. */
static void print_cut(struct printer *p, uint64_t length, uint64_t done)
{
	strbuf_append(p->out, "...");
	if (length > done)
		strbuf_printf(p->out, " +%llu", (unsigned long long)(length - done));
}

/* Opens a container. When it is open already, or too many are, prints that and returns false. */
static bool enter(struct printer *p, uint64_t address, const char *cycle, const char *too_deep)
{
	for (unsigned i = 0; i < p->depth; i++) {
		if (p->open[i] == address) {
			strbuf_append(p->out, cycle);
			return false;
		}
	}
	if (p->depth == DEPTH_MAX) {
		strbuf_append(p->out, too_deep);
		return false;
	}
	p->open[p->depth++] = address;
	return true;
}

static void print_plain(struct printer *p, const struct pytype *type, uint64_t address)
{
	strbuf_append_char(p->out, '<');
	strbuf_append_safe(p->out, type->full_name);
	strbuf_printf(p->out, " at 0x%llx>", (unsigned long long)address);
}

static void print_sequence(struct printer *p, const struct pytype *type, uint64_t address)
{
	static const char *const brackets[][3] = {
		{"[", "]", "[...]"},
		{"(", ")", "(...)"},
		{"{", "}", "{...}"},
		{"frozenset({", "})", "frozenset({...})"},
		{"deque([", "])", "deque([...])"},
	};
	const char *const *b = brackets[type->kind == KIND_LIST	       ? 0
					: type->kind == KIND_TUPLE     ? 1
					: type->kind == KIND_SET       ? 2
					: type->kind == KIND_FROZENSET ? 3
								       : 4];
	struct sequence_iter iter;
	uint64_t length = 0, item, done = 0;

	sequence_length(p->py, address, type->kind, &length, NULL);
	if (!length && (type->kind == KIND_SET || type->kind == KIND_FROZENSET)) {
		strbuf_append(p->out, type->kind == KIND_SET ? "set()" : "frozenset()");
		return;
	}
	if (!sequence_open(p->py, address, type->kind, &iter, NULL)) {
		print_plain(p, type, address);
		return;
	}
	if (!enter(p, address, b[2], b[2]))
		return;
	strbuf_append(p->out, b[0]);
	while (sequence_next(&iter, &item)) {
		if (done)
			strbuf_append(p->out, ", ");
		if (is_full(p)) {
			print_cut(p, length, done);
			break;
		}
		print(p, item);
		done++;
	}
	if (type->kind == KIND_TUPLE && length == 1)
		strbuf_append_char(p->out, ',');
	strbuf_append(p->out, b[1]);
	p->depth--;
}

static void print_dict(struct printer *p, const struct pytype *type, uint64_t address)
{
	struct dict_iter iter;
	struct dict_entry entry;
	uint64_t length = 0, done = 0;

	pydict_length(p->py, address, &length, NULL);
	if (!dict_open(p->py, address, &iter, NULL)) {
		print_plain(p, type, address);
		return;
	}
	if (!enter(p, address, "{...}", "{...}"))
		return;
	strbuf_append_char(p->out, '{');
	while (dict_next(&iter, &entry)) {
		if (done)
			strbuf_append(p->out, ", ");
		if (is_full(p)) {
			print_cut(p, length, done);
			break;
		}
		print(p, entry.key);
		strbuf_append(p->out, ": ");
		print(p, entry.value);
		done++;
	}
	strbuf_append_char(p->out, '}');
	p->depth--;
}

/* BaseException.__repr__: the class and its arguments, one of them without a comma. */
static void print_exception(struct printer *p, const struct pytype *type, uint64_t address)
{
	uint64_t args, length = 0, item;

	strbuf_append_safe(p->out, type->name);
	if (!read_pointer(p->py, address, FIELD_exception_args, &args, NULL) ||
		!sequence_length(p->py, args, KIND_TUPLE, &length, NULL)) {
		strbuf_append(p->out, "(?)");
		return;
	}
	if (!enter(p, address, "(...)", "(...)"))
		return;
	if (length == 1 && sequence_item(p->py, args, 0, &item, NULL)) {
		strbuf_append_char(p->out, '(');
		print(p, item);
		strbuf_append_char(p->out, ')');
	} else {
		print(p, args);
	}
	p->depth--;
}

static void print_named(struct printer *p, const char *what, uint64_t name, uint64_t address)
{
	const char *text = pystr_arena(p->py, name, NAME_LIMIT, NULL);

	strbuf_printf(p->out, "<%s ", what);
	strbuf_append_safe(p->out, text ? text : "?");
	strbuf_printf(p->out, " at 0x%llx>", (unsigned long long)address);
}

static void print_generator(struct printer *p, const struct pytype *type, uint64_t address)
{
	uint64_t name;

	if (read_pointer(p->py, address, FIELD_gen_qualname, &name, NULL))
		print_named(p, type->kind == KIND_ASYNCGEN ? "async_generator" : type->name, name, address);
	else
		print_plain(p, type, address);
}

static void print_function(struct printer *p, const struct pytype *type, uint64_t address)
{
	uint64_t name;

	if (read_pointer(p->py, address, FIELD_function_qualname, &name, NULL))
		print_named(p, "function", name, address);
	else
		print_plain(p, type, address);
}

static void print_method(struct printer *p, const struct pytype *type, uint64_t address)
{
	uint64_t function, name, self;
	const char *text;

	if (!read_pointer(p->py, address, FIELD_method_function, &function, NULL) ||
		!read_pointer(p->py, address, FIELD_method_self, &self, NULL) ||
		!read_pointer(p->py, function, FIELD_function_qualname, &name, NULL) ||
		!(text = pystr_arena(p->py, name, NAME_LIMIT, NULL))) {
		print_plain(p, type, address);
		return;
	}
	if (!enter(p, address, "<bound method>", "<bound method>"))
		return;
	strbuf_append(p->out, "<bound method ");
	strbuf_append_safe(p->out, text);
	strbuf_append(p->out, " of ");
	print(p, self);
	strbuf_append_char(p->out, '>');
	p->depth--;
}

static void print_cfunction(struct printer *p, const struct pytype *type, uint64_t address)
{
	uint64_t def, name;
	const char *text;

	if (!read_pointer(p->py, address, FIELD_cfunction_def, &def, NULL) ||
		!read_pointer(p->py, def, FIELD_methoddef_name, &name, NULL) ||
		!(text = read_cstring(p->py, name, NAME_LIMIT, NULL))) {
		print_plain(p, type, address);
		return;
	}
	strbuf_append(p->out, "<built-in function ");
	strbuf_append_safe(p->out, text);
	strbuf_append_char(p->out, '>');
}

static void print_type(struct printer *p, uint64_t address)
{
	const struct pytype *type = pytype_at(p->py, address, NULL);

	strbuf_append(p->out, "<class '");
	strbuf_append_safe(p->out, type ? type->full_name : "?");
	strbuf_append(p->out, "'>");
}

static void print_module(struct printer *p, const struct pytype *type, uint64_t address)
{
	uint64_t dict, name;
	const char *text;

	if (!read_pointer(p->py, address, FIELD_module_dict, &dict, NULL) ||
		!pydict_get(p->py, dict, "__name__", &name, NULL) ||
		!(text = pystr_arena(p->py, name, NAME_LIMIT, NULL))) {
		print_plain(p, type, address);
		return;
	}
	strbuf_append(p->out, "<module '");
	strbuf_append_safe(p->out, text);
	strbuf_append(p->out, "'>");
}

static void print_contextvar(struct printer *p, const struct pytype *type, uint64_t address)
{
	uint64_t name;

	if (!python_has(p->py, FIELD_contextvar_name) ||
		!read_pointer(p->py, address, FIELD_contextvar_name, &name, NULL)) {
		print_plain(p, type, address);
		return;
	}
	strbuf_append(p->out, "<ContextVar name=");
	print(p, name);
	strbuf_append_char(p->out, '>');
}

static void print_by_kind(struct printer *p, const struct pytype *type, uint64_t address)
{
	size_t room = is_full(p) ? 0 : p->end - p->out->length;

	switch (type->kind) {
	case KIND_NONE:
		strbuf_append(p->out, "None");
		break;
	case KIND_ELLIPSIS:
		strbuf_append(p->out, "Ellipsis");
		break;
	case KIND_NOTIMPLEMENTED:
		strbuf_append(p->out, "NotImplemented");
		break;
	case KIND_BOOL:
	case KIND_INT:
	case KIND_FLOAT:
	case KIND_COMPLEX:
		if (!repr_number(p->py, address, type, p->out))
			print_plain(p, type, address);
		break;
	case KIND_STR:
	case KIND_BYTES:
	case KIND_BYTEARRAY:
		if (!repr_text(p->py, address, type, room, p->out))
			print_plain(p, type, address);
		break;
	case KIND_LIST:
	case KIND_TUPLE:
	case KIND_SET:
	case KIND_FROZENSET:
	case KIND_DEQUE:
		print_sequence(p, type, address);
		break;
	case KIND_DICT:
		print_dict(p, type, address);
		break;
	case KIND_EXCEPTION:
		print_exception(p, type, address);
		break;
	case KIND_GENERATOR:
	case KIND_COROUTINE:
	case KIND_ASYNCGEN:
		print_generator(p, type, address);
		break;
	case KIND_FUNCTION:
		print_function(p, type, address);
		break;
	case KIND_METHOD:
		print_method(p, type, address);
		break;
	case KIND_CFUNCTION:
	case KIND_CMETHOD:
		print_cfunction(p, type, address);
		break;
	case KIND_TYPE:
		print_type(p, address);
		break;
	case KIND_MODULE:
		print_module(p, type, address);
		break;
	case KIND_CONTEXTVAR:
		print_contextvar(p, type, address);
		break;
	default:
		print_plain(p, type, address);
	}
}

/* A subclass may print itself otherwise, but an exception hardly does. */
static bool prints_as_its_kind(const struct pytype *type)
{
	return type->is_exact || type->kind == KIND_EXCEPTION || type->kind == KIND_TYPE;
}

static void print(struct printer *p, uint64_t address)
{
	struct error err = ERROR_INIT;
	const struct pytype *type = pytype_of(p->py, address, &err);

	if (!type) {
		strbuf_printf(p->out, "<unreadable object at 0x%llx: %s>", (unsigned long long)address,
			error_kind_name(err.kind));
		return;
	}
	if (prints_as_its_kind(type))
		print_by_kind(p, type, address);
	else
		print_plain(p, type, address);
}

void pyrepr_append(struct python *py, uint64_t address, size_t limit, struct strbuf *out)
{
	struct printer p = {.py = py, .out = out, .end = out->length + limit};

	print(&p, address);
}

const char *pyrepr(struct python *py, uint64_t address, size_t limit)
{
	struct strbuf s = STRBUF_INIT;
	char *text;

	pyrepr_append(py, address, limit, &s);
	text = arena_strndup(py->arena, strbuf_text(&s), s.length);
	strbuf_deinit(&s);
	return text;
}
