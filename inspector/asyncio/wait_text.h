/* wait_text: what a task waits for, and what will end the wait, in words: once all is collected. */
#ifndef ASYNCINSPECT_ASYNCIO_WAIT_TEXT_H
#define ASYNCINSPECT_ASYNCIO_WAIT_TEXT_H

struct asyncio;

/* Sets name, connection, holders, text and wakes_by of the waits of all tasks. Needs everything else. Of a
 * live process the addresses of sockets are asked of the kernel (endpoint.h). */
void waits_describe(struct asyncio *a);

#endif
