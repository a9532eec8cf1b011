"""--workers workers that wait for a queue, as many handlers that each wait for a task of their own, one parent
that waits for all handlers and a task that all handlers share as well."""
import asyncio

import park

ARGS = park.arguments(workers=120)


async def worker(queue):
    while True:
        await queue.get()


async def query():
    await asyncio.get_running_loop().create_future()


async def handler(shared):
    own = asyncio.ensure_future(query())
    await asyncio.gather(own, shared)


async def serve(handlers):
    await asyncio.gather(*handlers)


async def main():
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue()
    shared = loop.create_task(query(), name="shared")
    workers = [loop.create_task(worker(queue), name="worker-%d" % i) for i in range(ARGS.workers)]
    handlers = [loop.create_task(handler(shared), name="handler-%d" % i) for i in range(ARGS.workers)]
    server = loop.create_task(serve(handlers), name="server")
    await park.ready()
    del workers, server


asyncio.run(main())
