#include "inspector/python/gil.h"

#include "inspector/python/interp.h"
#include "inspector/python/memory.h"

#include <sys/syscall.h>

/* The lock of an interpreter. */
struct gil {
	uint64_t address;
	size_t size;
	uint64_t holder; /* a thread state; 0: nobody holds it */
};

const char *gil_role_name(enum gil_role role)
{
	static const char *const names[] = {
		[GIL_HOLDS] = "holds", [GIL_WAITS] = "waits", [GIL_WITHOUT] = "without"};

	return names[role];
}

static bool is_thread(const struct pythreads *threads, uint64_t address)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->threads[i].address == address)
			return true;
	return false;
}

static bool find_lock(struct python *py, const struct pythreads *threads, size_t interp, struct gil *gil)
{
	uint64_t locked;

	if (python_is_free_threaded(py) || !python_has(py, FIELD_gil_locked) ||
		!python_has(py, FIELD_gil_last_holder) || !python_has(py, FIELD_sizeof_gil))
		return false;
	if (python_has(py, FIELD_runtime_gil))
		gil->address = py->runtime + python_field(py, FIELD_runtime_gil)->offset;
	else if (!read_pointer(py, threads->interps[interp].address, FIELD_interp_gil, &gil->address, NULL) ||
		 !gil->address)
		return false;
	gil->size = python_sizeof(py, FIELD_sizeof_gil);
	if (!read_unsigned(py, gil->address, FIELD_gil_locked, &locked, NULL) || locked > 1 ||
		!read_pointer(py, gil->address, FIELD_gil_last_holder, &gil->holder, NULL))
		return false;
	if (!locked)
		gil->holder = 0;
	return !gil->holder || is_thread(threads, gil->holder);
}

static enum gil_role role_of(const struct gil *gil, const struct pythread *thread)
{
	const struct system_call *call = &thread->call;

	if (gil->holder == thread->address)
		return GIL_HOLDS;
	/* Or it was just woken: it waits in rounds of some milliseconds. */
	return call->number == SYS_futex && call->arguments[0] - gil->address < gil->size ? GIL_WAITS
											  : GIL_WITHOUT;
}

void gil_find(struct python *py, struct pythreads *threads)
{
	struct gil gil = {0};
	size_t interp = SIZE_MAX;
	bool is_known = false;

	for (size_t i = 0; i < threads->count; i++) {
		struct pythread *thread = &threads->threads[i];

		if (thread->interp != interp)
			is_known = find_lock(py, threads, thread->interp, &gil);
		interp = thread->interp;
		thread->gil = is_known ? role_of(&gil, thread) : GIL_UNKNOWN;
	}
}
