"""Tasks that wait for a stuck one: directly, by gather(), shield(), wait() and wait_for() without a timeout."""
import asyncio
import _case

TASKS = {"stuck": "stuck", "direct": "stuck", "gather": "stuck", "shield": "stuck", "wait": "stuck", "wait-for": "stuck"}


async def stuck():
    future = asyncio.get_running_loop().create_future()
    await future


async def direct(task):
    await task
    _case.woken("direct")


async def by_gather(task):
    await asyncio.gather(task, asyncio.sleep(0))
    _case.woken("gather")


async def by_shield(task):
    await asyncio.shield(task)
    _case.woken("shield")


async def by_wait(task):
    await asyncio.wait([task])
    _case.woken("wait")


async def by_wait_for(task):
    await asyncio.wait_for(task, None)
    _case.woken("wait-for")


async def main():
    first = asyncio.create_task(stuck(), name="stuck")
    tasks = [asyncio.create_task(function(first), name=name) for function, name in (
        (direct, "direct"), (by_gather, "gather"), (by_shield, "shield"), (by_wait, "wait"),
        (by_wait_for, "wait-for"))]
    await asyncio.sleep(0.05)
    _case.ready()
    await asyncio.sleep(600)
    del tasks


asyncio.run(main())
