"""A barrier for three that two have come to, and the third has given up."""
import asyncio
import _case

SINCE = (3, 11)
TASKS = {"first": "stuck", "second": "stuck"}


async def meet(barrier, name):
    if name == "third":
        return
    await barrier.wait()
    _case.woken(name)


async def start():
    barrier = asyncio.Barrier(3)
    tasks = [asyncio.create_task(meet(barrier, name), name=name) for name in ("first", "second", "third")]
    await asyncio.sleep(0.01)
    return tasks


async def main():
    tasks = await start()
    _case.ready()
    await asyncio.sleep(600)
    del tasks


asyncio.run(main())
