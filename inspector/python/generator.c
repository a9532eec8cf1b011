#include "inspector/python/generator.h"

#include "inspector/python/era.h"
#include "inspector/python/memory.h"
#include "inspector/python/str.h"

#define NAME_LIMIT 4096

bool kind_is_generator(enum type_kind kind)
{
	return kind == KIND_GENERATOR || kind == KIND_COROUTINE || kind == KIND_ASYNCGEN;
}

const char *gen_state_name(enum gen_state state)
{
	static const char *const names[] = {"created", "suspended", "running", "closed"};

	return names[state];
}

/* Include/internal/pycore_frame.h, enum _framestate: the numbers move, the names stay. */
static bool decode_state(struct python *py, struct pygen *gen, struct error *err)
{
	int64_t raw = gen->raw_state;

	if (raw == python_field(py, FIELD_state_created)->value)
		gen->state = GEN_CREATED;
	else if (raw == python_field(py, FIELD_state_suspended)->value ||
		 (python_has(py, FIELD_state_suspended_await) &&
			 raw == python_field(py, FIELD_state_suspended_await)->value))
		gen->state = GEN_SUSPENDED;
	else if (raw == python_field(py, FIELD_state_executing)->value)
		gen->state = GEN_RUNNING;
	else if (raw > python_field(py, FIELD_state_executing)->value &&
		 raw <= python_field(py, FIELD_state_cleared)->value)
		gen->state = GEN_CLOSED;
	else
		return error_at(err, ERROR_CORRUPT, gen->address,
			"the generator at 0x%llx has the impossible state %lld",
			(unsigned long long)gen->address, (long long)raw);
	return true;
}

bool generator_state_inside(struct python *py, struct pygen *gen, struct error *err)
{
	struct body body;

	if (!body_open(py, gen->address, python_field(py, FIELD_gen_frame)->offset, &body, err))
		return false;
	gen->raw_state = body_signed(py, &body, FIELD_gen_state);
	gen->frame = gen->address + python_field(py, FIELD_gen_frame)->offset;
	return decode_state(py, gen, err);
}

bool generator_state_of_frame_object(struct python *py, struct pygen *gen, struct error *err)
{
	if (!read_pointer(py, gen->address, FIELD_gen_frame_object, &gen->frame, err))
		return false;
	if (!gen->frame) {
		gen->state = GEN_CLOSED;
		return true;
	}
	return read_signed(py, gen->frame, FIELD_frameobject_state, &gen->raw_state, err) &&
	       decode_state(py, gen, err);
}

bool generator_state_by_flags(struct python *py, struct pygen *gen, struct error *err)
{
	uint64_t running;
	int64_t lasti;

	if (!read_pointer(py, gen->address, FIELD_gen_frame_object, &gen->frame, err) ||
		!read_unsigned(py, gen->address, FIELD_gen_running, &running, err))
		return false;
	if (!gen->frame) {
		gen->state = GEN_CLOSED;
		return true;
	}
	if (!read_signed(py, gen->frame, FIELD_frameobject_lasti, &lasti, err))
		return false;
	gen->state = running ? GEN_RUNNING : lasti < 0 ? GEN_CREATED : GEN_SUSPENDED;
	return true;
}

bool pygen_read(struct python *py, uint64_t address, struct pygen *gen, struct error *err)
{
	return pygen_read_typed(py, address, pytype_of(py, address, err), gen, err);
}

bool pygen_read_typed(
	struct python *py, uint64_t address, const struct pytype *type, struct pygen *gen, struct error *err)
{
	*gen = (struct pygen){.address = address};
	if (!type)
		return false;
	if (!kind_is_generator(type->kind))
		return error_at(err, ERROR_CORRUPT, address, "the object at 0x%llx is a %s, not a generator",
			(unsigned long long)address, type->name);
	gen->kind = type->kind;
	if (gen->kind == KIND_COROUTINE && !read_pointer(py, address, FIELD_gen_origin, &gen->origin, err))
		return false;
	return py->era->read_state(py, gen, err);
}

const char *pygen_qualname(struct python *py, const struct pygen *gen)
{
	uint64_t name;

	if (!read_pointer(py, gen->address, FIELD_gen_qualname, &name, NULL))
		return NULL;
	return pystr_arena(py, name, NAME_LIMIT, NULL);
}

bool pygen_frame(struct python *py, const struct pygen *gen, struct pyframe *frame, struct error *err)
{
	if (gen->state == GEN_CLOSED)
		return error_at(err, ERROR_NOT_FOUND, gen->address, "a closed generator has no frame");
	if (!pyframe_read(py, gen->frame, frame, err))
		return false;
	return frame->code ||
	       error_at(err, ERROR_CORRUPT, gen->address, "the frame of a generator has no code");
}

/* The awaited object is the uppermost of the frame's stack, or just below it. */
static bool take_awaited(struct python *py, const struct pygen *gen, const struct pyframe *frame,
	uint64_t *awaited, struct error *err)
{
	if (!frame->code || frame->slots <= frame->code->nlocalsplus + py->era->slots_above_awaited)
		return error_at(err, ERROR_CORRUPT, gen->address, "%s awaits, but its stack is empty",
			frame->code ? frame->code->qualname : "?");
	*awaited = pyframe_slot(py, frame, frame->slots - 1 - py->era->slots_above_awaited);
	return true;
}

static bool is_awaiting(struct python *py, const struct pygen *gen, bool *awaiting, struct error *err)
{
	*awaiting = false;
	return gen->state != GEN_SUSPENDED || py->era->is_awaiting(py, gen, awaiting, err);
}

bool pygen_awaited_in(struct python *py, const struct pygen *gen, const struct pyframe *frame,
	uint64_t *awaited, struct error *err)
{
	bool awaiting;

	*awaited = 0;
	return is_awaiting(py, gen, &awaiting, err) &&
	       (!awaiting || take_awaited(py, gen, frame, awaited, err));
}

bool pygen_awaited(struct python *py, const struct pygen *gen, uint64_t *awaited, struct error *err)
{
	struct pyframe frame;
	bool awaiting;

	*awaited = 0;
	return is_awaiting(py, gen, &awaiting, err) &&
	       (!awaiting || (pyframe_read(py, gen->frame, &frame, err) &&
				     take_awaited(py, gen, &frame, awaited, err)));
}

uint64_t pygen_of_frame(struct python *py, const struct pyframe *frame)
{
	(void)py;
	return frame->generator;
}
