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
		ref.is_borrowed = ref.target && pyframe_slot_is_borrowed(walk->py, frame, i);
		ref_give(walk, &ref);
	}
}

/* Objects/genobject.c, gen_traverse: the frame's contents, when the frame is inside; up to 3.10 the frame
 * object and the code. A generator that runs, whose frame is on a thread's stack as well, is read as far as
 * its locals. */
static void give_generator_frame(struct ref_walk *walk, const struct pygen *gen)
{
	struct pyframe frame;
	uint64_t value;

	if (python_has(walk->py, FIELD_gen_frame_object)) {
		give_named(walk, gen->frame, gen->kind == KIND_COROUTINE ? ".cr_frame" : ".gi_frame");
		if (python_has(walk->py, FIELD_gen_code) &&
			read_pointer(walk->py, gen->address, FIELD_gen_code, &value, NULL))
			give_named(walk, value, "<code>");
		return;
	}
	if (gen->state == GEN_CLOSED)
		return;
	if (pyframe_read(walk->py, gen->frame, &frame, NULL))
		refs_of_frame(walk, &frame);
	else
		walk->is_partial = true;
}

void refs_of_generator(struct ref_walk *walk, uint64_t address)
{
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
	if (gen.kind == KIND_COROUTINE)
		give_named(walk, gen.origin, ".cr_origin");
	else if (gen.kind == KIND_ASYNCGEN && python_has(walk->py, FIELD_gen_finalizer) &&
		 read_pointer(walk->py, address, FIELD_gen_finalizer, &value, NULL))
		give_named(walk, value, "<finalizer>");
	if (gen.state != GEN_CLOSED && read_pointer(walk->py, address, FIELD_gen_exc_value, &value, NULL))
		give_named(walk, value, "<exception being handled>");
	if (gen.state != GEN_CLOSED && python_has(walk->py, FIELD_gen_exc_traceback) &&
		read_pointer(walk->py, address, FIELD_gen_exc_traceback, &value, NULL))
		give_named(walk, value, "<traceback being handled>");
	give_generator_frame(walk, &gen);
}

static void give_frame_members(struct ref_walk *walk, uint64_t object)
{
	static const struct {
		enum field_id field;
		const char *edge;
	} members[] = {
		{FIELD_frameobject_back, ".f_back"},
		{FIELD_frameobject_builtins, ".f_builtins"},
		{FIELD_frameobject_globals, ".f_globals"},
		{FIELD_frameobject_trace, ".f_trace"},
		{FIELD_frameobject_extra_locals, "<extra locals>"},
		{FIELD_frameobject_locals_cache, "<locals cache>"},
	};
	uint64_t value;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (python_has(walk->py, members[i].field) &&
			read_pointer(walk->py, object, members[i].field, &value, NULL))
			give_named(walk, value, members[i].edge);
}

/* Objects/frameobject.c, frame_traverse: from 3.11 on a frame's contents count only when the frame object
 * owns them; before, the object is the frame. */
void refs_of_frame_object(struct ref_walk *walk, uint64_t object)
{
	bool is_frame_itself = !python_has(walk->py, FIELD_frameobject_frame);
	uint64_t address = object;
	struct pyframe frame;

	give_frame_members(walk, object);
	if ((!is_frame_itself && !read_pointer(walk->py, object, FIELD_frameobject_frame, &address, NULL)) ||
		!pyframe_read(walk->py, address, &frame, NULL)) {
		walk->is_partial = true;
		return;
	}
	if (is_frame_itself || frame.owner == FRAME_BY_FRAME_OBJECT) {
		frame.frame_object = 0; /* itself: a borrowed pointer here */
		refs_of_frame(walk, &frame);
	}
}
