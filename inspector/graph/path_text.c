#include "inspector/graph/path_text.h"

#include "inspector/python/memory.h"
#include "inspector/python/str.h"

#include <ctype.h>
#include <string.h>

#define NAME_LIMIT 200

struct writer {
	const struct asyncio *a;
	struct python *py;
	struct strbuf expression; /* so far */
	bool is_phrase;		  /* "local 'x' of ...": must be bracketed before an attribute follows */
	bool in_dict;		  /* the last step led to an instance dictionary: keys are attributes */
	uint64_t closure_of;	  /* the last step led to the __closure__ of this function */
	uint64_t cell_function;	  /* the last step led to a cell of this function's closure */
	uint64_t cell_number;
};

static void phrase(struct writer *w, const char *before, const char *after)
{
	struct strbuf s = STRBUF_INIT;

	strbuf_append(&s, before);
	strbuf_append(&s, strbuf_text(&w->expression));
	strbuf_append(&s, after);
	strbuf_deinit(&w->expression);
	w->expression = s;
	w->is_phrase = true;
}

static void suffix(struct writer *w, const char *text)
{
	if (w->is_phrase)
		phrase(w, "(", ")");
	w->is_phrase = false;
	strbuf_append(&w->expression, text);
}

static void replace(struct writer *w, bool is_phrase)
{
	strbuf_reset(&w->expression);
	w->is_phrase = is_phrase;
}

static bool is_identifier(const char *text)
{
	if (!*text || isdigit((unsigned char)*text))
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && *text != '_' && !((unsigned char)*text & 0x80))
			return false;
	return true;
}

/* What was found by scanning is marked: "<+32?>". */
static void edge_suffix(struct writer *w, const struct ref *ref)
{
	struct strbuf s = STRBUF_INIT;

	if (ref_is_exact(ref))
		ref_append_edge(w->py, ref, &s);
	else
		strbuf_printf(&s, "<+%llu?>", (unsigned long long)ref->number);
	suffix(w, strbuf_text(&s));
	strbuf_deinit(&s);
}

/* A value of an instance dictionary: ".name" when the key is one. */
static void dict_suffix(struct writer *w, const struct ref *ref)
{
	const char *key = w->in_dict ? pystr_arena(w->py, ref->object, NAME_LIMIT, NULL) : NULL;

	if (key && is_identifier(key)) {
		if (w->expression.length || w->is_phrase)
			suffix(w, ".");
		strbuf_append_safe(&w->expression, key);
	} else {
		if (w->in_dict)
			suffix(w, ".__dict__");
		edge_suffix(w, ref);
	}
}

static void append_task(struct writer *w, size_t task)
{
	strbuf_append(&w->expression, "task '");
	strbuf_append_safe(&w->expression, w->a->tasks[task].name);
	strbuf_append_char(&w->expression, '\'');
}

static const char *local_name(struct writer *w, const struct ref *ref)
{
	const char *name = pycode_local_name(w->py, ref->code, (uint32_t)ref->number);

	return name ? name : "?";
}

/* The generator that slots belong to: up to 3.10 they are in its frame object. */
static uint64_t generator_of(struct writer *w, uint64_t object)
{
	const struct pytype *type = pytype_of(w->py, object, NULL);
	struct pyframe frame;

	if (type && type->kind == KIND_FRAME && !python_has(w->py, FIELD_frameobject_frame) &&
		pyframe_read(w->py, object, &frame, NULL) && frame.generator)
		return frame.generator;
	return object;
}

/* A slot of a coroutine or generator that a task drives, by the task; of any other, by how it was reached. */
static void generator_slot(struct writer *w, const struct step *step)
{
	size_t index = asyncio_find_coroutine(w->a, generator_of(w, step->from));
	const struct coroutine *c = index == NO_INDEX ? NULL : &w->a->coroutines[index];
	const struct pytype *type = pytype_of(w->py, step->from, NULL);
	const char *what = c ? c->gen.kind == KIND_ASYNCGEN ? "async generator " : "coroutine "
			   : type && type->kind == KIND_FRAME && generator_of(w, step->from) == step->from
				   ? ""
				   : "generator ";
	struct strbuf head = STRBUF_INIT;

	if (step->ref.kind == EDGE_LOCAL) {
		strbuf_append(&head, "local '");
		strbuf_append_safe(&head, local_name(w, &step->ref));
		strbuf_append(&head, "' of ");
	} else {
		strbuf_append(&head, "value stack of ");
	}
	if (c && c->task != NO_INDEX) {
		replace(w, true);
		strbuf_printf(&w->expression, "%s%s", strbuf_text(&head), what);
		strbuf_append_safe(&w->expression, c->qualname);
		strbuf_append(&w->expression, " in ");
		append_task(w, c->task);
	} else {
		strbuf_append(&head, what);
		phrase(w, strbuf_text(&head), "");
	}
	strbuf_deinit(&head);
}

static void closure_cell(struct writer *w)
{
	const struct pycode *code = NULL;
	struct strbuf head = STRBUF_INIT;
	const char *name = NULL;
	uint64_t address;

	if (read_pointer(w->py, w->cell_function, FIELD_function_code, &address, NULL))
		code = pycode_at(w->py, address, NULL);
	if (code)
		name = pycode_free_name(w->py, code, (uint32_t)w->cell_number);
	strbuf_append(&head, "closure cell '");
	strbuf_append_safe(&head, name ? name : "?");
	strbuf_append(&head, "' of ");
	phrase(w, strbuf_text(&head), "");
	strbuf_deinit(&head);
}

/* Inside of a context: from its variables to the value, nodes in between are nobody's business. */
static bool is_context_inside(const struct pytype *type, const struct ref *ref)
{
	if (ref->kind != EDGE_NAME)
		return false;
	return (type->kind == KIND_CONTEXT && strcmp(ref->text, "<variables>") == 0) ||
	       type->kind == KIND_HAMT || type->kind == KIND_HAMTBITMAP || type->kind == KIND_HAMTARRAY ||
	       type->kind == KIND_HAMTCOLLISION;
}

static void write_name(struct writer *w, const struct pytype *type, const struct step *step)
{
	const char *text = step->ref.text;

	if (strcmp(text, ".__dict__") == 0) {
		w->in_dict = true;
	} else if (type->kind == KIND_FUNCTION && strcmp(text, ".__closure__") == 0) {
		w->closure_of = step->from;
	} else if (w->cell_function && type->kind == KIND_CELL) {
		closure_cell(w);
		w->cell_function = 0;
	} else if (strcmp(text, ".cr_frame") == 0 || strcmp(text, ".gi_frame") == 0) {
		/* Up to 3.10 a step of its own: whose local it is, is told with the local. */
	} else if (!is_context_inside(type, &step->ref)) {
		suffix(w, text);
	}
}

static void write_step(struct writer *w, const struct step *step)
{
	const struct pytype *type = pytype_of(w->py, step->from, NULL);
	size_t task = asyncio_find_task(w->a, step->from);
	bool was_in_dict = w->in_dict;
	uint64_t function = w->closure_of;

	if (!type)
		return;
	if (task != NO_INDEX) {
		replace(w, false);
		append_task(w, task);
	}
	w->closure_of = 0;
	switch (step->ref.kind) {
	case EDGE_NAME:
		write_name(w, type, step);
		break;
	case EDGE_VALUE:
		dict_suffix(w, &step->ref);
		break;
	case EDGE_MEMBER:
		phrase(w, "member of ", "");
		break;
	case EDGE_KEY:
		phrase(w, "key of ", "");
		break;
	case EDGE_LOCAL:
	case EDGE_STACK:
		generator_slot(w, step);
		break;
	case EDGE_INDEX:
		if (function) {
			w->cell_function = function;
			w->cell_number = step->ref.number;
			break;
		}
		edge_suffix(w, &step->ref);
		break;
	default:
		edge_suffix(w, &step->ref);
	}
	if (was_in_dict)
		w->in_dict = false;
}

static void thread_text(struct writer *w, size_t thread)
{
	const struct pythread *t = &w->a->threads.threads[thread];

	if (t->name) {
		strbuf_append(&w->expression, "thread '");
		strbuf_append_safe(&w->expression, t->name);
		strbuf_append_char(&w->expression, '\'');
	} else {
		strbuf_printf(&w->expression, "thread %llu", (unsigned long long)t->native_id);
	}
}

static void write_frame_root(struct writer *w, const struct root *root)
{
	const struct pyframe *frame = &w->a->threads.threads[root->thread].frames[root->frame];

	w->is_phrase = true;
	if (root->ref.kind == EDGE_LOCAL) {
		strbuf_append(&w->expression, "local '");
		strbuf_append_safe(&w->expression, local_name(w, &root->ref));
		strbuf_append(&w->expression, "' of ");
	} else if (root->ref.kind == EDGE_STACK) {
		strbuf_append(&w->expression, "value stack of ");
	} else {
		strbuf_append(&w->expression, "frame of ");
	}
	strbuf_append_safe(&w->expression, frame->code->qualname);
	strbuf_append(&w->expression, "() in ");
	thread_text(w, root->thread);
}

static void write_root(struct writer *w, const struct path *path)
{
	const struct root *root = path->root;

	if (!root) {
		strbuf_append(&w->expression, "an object held from native code");
		w->is_phrase = true;
		return;
	}
	switch (root->kind) {
	case ROOT_MODULE:
		strbuf_append_safe(&w->expression, root->name);
		break;
	case ROOT_FRAME:
		write_frame_root(w, root);
		break;
	case ROOT_LOOP:
		strbuf_append(&w->expression, "running loop of ");
		thread_text(w, root->thread);
		w->is_phrase = true;
		break;
	case ROOT_THREAD:
		strbuf_printf(&w->expression, "%s of ", root->name);
		thread_text(w, root->thread);
		w->is_phrase = true;
		break;
	case ROOT_TYPE:
		strbuf_append_safe(&w->expression, root->name);
		if (strcmp(root->ref.text, ".__dict__") == 0)
			w->in_dict = true;
		else
			strbuf_append(&w->expression, root->ref.text);
		break;
	case ROOT_INTERPRETER:
		strbuf_append(&w->expression, root->name);
		/* The names of these dictionaries are those of the modules. */
		w->in_dict = strcmp(root->name, "sys") == 0 || strcmp(root->name, "builtins") == 0;
		break;
	}
}

const char *path_text(const struct asyncio *a, const struct path *path)
{
	struct writer w = {.a = a, .py = a->py};
	const char *text;
	size_t first = path->root && path->root->kind != ROOT_MODULE ? 1 : 0;

	write_root(&w, path);
	for (size_t i = first; i < path->count; i++)
		write_step(&w, &path->steps[i]);
	text = arena_strdup(a->py->arena, strbuf_text(&w.expression));
	strbuf_deinit(&w.expression);
	return text;
}
