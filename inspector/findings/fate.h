/* fate: what may still become of a coroutine that was not started. */
#ifndef ASYNCINSPECT_FINDINGS_FATE_H
#define ASYNCINSPECT_FINDINGS_FATE_H

#include "inspector/asyncio/iterated.h"
#include "inspector/findings/model.h"

enum fate {
	FATE_COMING,  /* somebody is about to take it: executing code has it in hand; a loop that runs will
			 call  what it was given to; a frame goes through the container that it is in */
	FATE_PERHAPS, /* it lies in a queue, or was given to a timer: whoever takes it may await it */
	FATE_LOST,    /* nothing of the kind */
};

/* iterated: as iterated_find has it. */
enum fate fate_of(const struct model *model, const struct addrmap *iterated, const struct orphan *orphan);

#endif
