/* place: file names as a reader wants them. */
#ifndef ASYNCINSPECT_FINDINGS_PLACE_H
#define ASYNCINSPECT_FINDINGS_PLACE_H

#include "inspector/findings/facts.h"

/* Below the standard library or site-packages without what is before it ("asyncio/queues.py"), below the
 * folder of the main program relative to that, otherwise whole. Borrowed from file. */
const char *place_file(const struct facts *facts, const char *file);

/* Whether a file belongs to the standard library (or is frozen into it): not the user's own code. */
bool place_is_library(const char *file);

/* Whether it belongs to that or to an installed package. */
bool place_is_installed(const char *file);

#endif
