#include "inspector/python/refs_shapes.h"

#include "inspector/python/generator.h"

static bool give_named(struct ref_walk *walk, uint64_t target, const char *text)
{
	return ref_give(walk, &(struct ref){.target = target, .kind = EDGE_NAME, .text = text});
}

/* Include/internal/pycore_frame.h, _PyFrame_Traverse; globals and builtins are borrowed from the function. */
void refs_of_frame(struct ref_walk *walk, const struct pyframe *frame)
{
	if (!frame->code)
		return;
	give_named(walk, frame->frame_object, ".frame");
	give_named(walk, frame->locals_dict, ".f_locals");
	give_named(walk, frame->function, "<function>");
	give_named(walk, frame->code->address, ".f_code");
	for (uint32_t i = 0; i < frame->slots && !walk->is_stopped; i++) {
		struct ref ref = {
			.target = pyframe_slot(walk->py, frame, i), .number = i, .code = frame->code};

		ref.kind = i < frame->code->nlocalsplus ? EDGE_LOCAL : EDGE_STACK;
		ref_give(walk, &ref);
	}
}

/* Objects/genobject.c, gen_traverse. A generator that runs, whose frame is on a thread's stack as well, is
 * read as far as its locals. */
void refs_of_generator(struct ref_walk *walk, uint64_t address)
{
	struct pyframe frame;
	struct pygen gen;
	uint64_t value;

	if (!pygen_read(walk->py, address, &gen, NULL)) {
		walk->is_partial = true;
		return;
	}
	if (read_pointer(walk->py, address, FIELD_gen_name, &value, NULL))
		give_named(walk, value, ".__name__");
	if (read_pointer(walk->py, address, FIELD_gen_qualname, &value, NULL))
		give_named(walk, value, ".__qualname__");
	if (read_pointer(walk->py, address, FIELD_gen_origin, &value, NULL))
		give_named(walk, value, gen.kind == KIND_COROUTINE ? ".cr_origin" : "<finalizer>");
	if (gen.state == GEN_CLOSED)
		return;
	if (read_pointer(walk->py, address, FIELD_gen_exc_value, &value, NULL))
		give_named(walk, value, "<exception being handled>");
	if (pyframe_read(walk->py, gen.frame, &frame, NULL))
		refs_of_frame(walk, &frame);
	else
		walk->is_partial = true;
}

/* Objects/frameobject.c, frame_traverse: the frame's contents count only when the frame object owns them. */
void refs_of_frame_object(struct ref_walk *walk, uint64_t object)
{
	static const struct {
		enum field_id field;
		const char *edge;
	} members[] = {
		{FIELD_frameobject_back, ".f_back"},
		{FIELD_frameobject_trace, ".f_trace"},
		{FIELD_frameobject_extra_locals, "<extra locals>"},
		{FIELD_frameobject_locals_cache, "<locals cache>"},
	};
	struct pyframe frame;
	uint64_t value;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (python_has(walk->py, members[i].field) &&
			read_pointer(walk->py, object, members[i].field, &value, NULL))
			give_named(walk, value, members[i].edge);
	if (!read_pointer(walk->py, object, FIELD_frameobject_frame, &value, NULL) ||
		!pyframe_read(walk->py, value, &frame, NULL)) {
		walk->is_partial = true;
		return;
	}
	if (frame.owner == FRAME_BY_FRAME_OBJECT) {
		frame.frame_object = 0; /* itself: a borrowed pointer here */
		refs_of_frame(walk, &frame);
	}
}
