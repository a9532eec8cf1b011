/* held_fake: a process that has the memory of a fake_python at the same addresses, held, and read with as
 * little of it here as is wanted: what a reader says of one has to be what it says of the other. */
#ifndef ASYNCINSPECT_TESTS_HELD_FAKE_H
#define ASYNCINSPECT_TESTS_HELD_FAKE_H

#include "tests/unit/child.h"
#include "tests/unit/fake_python.h"

struct held_fake {
	struct child child;
	struct target *target; /* owned */
	struct python *py;     /* owned: a fork of the fake's */
};

/* As the memory is now; kept_most: as in struct target_options. Fails the test when it cannot be had. */
void held_fake_open(struct held_fake *h, struct fake *f, uint64_t kept_most);
void held_fake_close(struct held_fake *h);

#endif
