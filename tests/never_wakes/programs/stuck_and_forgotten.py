"""A stuck task that nothing refers to but what it waits for: the collector will destroy it, and nothing wakes it.  The
classes in C and in Python."""
import asyncio
import asyncio.futures
import asyncio.tasks
import gc
import _case

TASKS = {"c": "stuck", "python": "stuck"}


async def wait(make, name):
    future = make(loop=asyncio.get_running_loop())
    await future
    _case.woken(name)


async def main():
    loop = asyncio.get_running_loop()
    asyncio.create_task(wait(asyncio.Future, "c"), name="c")
    asyncio.tasks._PyTask(wait(asyncio.futures._PyFuture, "python"), loop=loop, name="python")
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.sleep(600)


gc.disable()
asyncio.run(main())
