/* in_hand: objects that executing code has in hand: what becomes of them, nobody can say yet. */
#ifndef ASYNCINSPECT_FINDINGS_IN_HAND_H
#define ASYNCINSPECT_FINDINGS_IN_HAND_H

#include "inspector/findings/model.h"

/* The pending task in whose frames a way goes on; NULL none. Borrowed from asyncio. */
const struct task *path_task(const struct asyncio *a, const struct path *path);

/* A way that starts at a variable or the value stack of a frame that executes, and is short: the object
 * itself, or a list of such that is just being made; or one through the frames of a task that is not parked:
 * it runs, or is about to. Frames that wait for the loop that they run are not meant, and no frame of a
 * thread whose loop polls. */
bool path_is_in_hand(const struct model *model, const struct path *path);

/* It has references that nothing found accounts for, and some loop is in a callback: they may be of the value
 * stack of a frame that executes, or of the C code that this called, and be no more in a moment. No way tells
 * of them where another was found. */
bool may_be_in_hands_of_c(const struct model *model, const struct retention *retention);

/* Held in no other way than that, by all ways that were looked for, the shortest ones. */
bool is_in_hand(const struct model *model, const struct retention *retention);

#endif
