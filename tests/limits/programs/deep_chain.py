"""One task, "deep", whose coroutines await each other --depth deep, and one more, "next"."""
import asyncio
import sys
import threading

import park

ARGS = park.arguments(depth=3000)


async def even(left, future):
    if left == 0:
        return await future
    return await odd(left - 1, future)


async def odd(left, future):
    if left == 0:
        return await future
    return await even(left - 1, future)


async def done():
    future = asyncio.get_running_loop().create_future()
    future.set_result(None)
    for _ in range(200):        # from 3.12 on a call that ran often takes no C stack
        await even(20, future)


async def main():
    loop = asyncio.get_running_loop()
    await done()
    tasks = [loop.create_task(even(ARGS.depth, loop.create_future()), name="deep"),
             loop.create_task(even(1, loop.create_future()), name="next")]
    await asyncio.sleep(0)
    for task in tasks:
        if task.done():
            raise SystemExit("this Python cannot: %r" % task.exception())
    await park.ready()


sys.setrecursionlimit(10 * ARGS.depth + 1000)
if ARGS.depth <= 3000:
    asyncio.run(main())
else:
    threading.stack_size(1 << 30)
    thread = threading.Thread(target=asyncio.run, args=(main(),), name="deep")
    thread.start()
    thread.join()
