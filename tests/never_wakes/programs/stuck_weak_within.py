"""Weak references to the future that the stuck task itself has help nobody; nor does a task that others have."""
import asyncio
import weakref
import _case

TASKS = {"weak": "stuck", "known": "stuck"}


async def weak():
    future = asyncio.get_running_loop().create_future()
    references = [weakref.ref(future), weakref.WeakSet([future])]
    await future
    _case.woken("weak")
    del references


async def known():
    await asyncio.get_running_loop().create_future()
    _case.woken("known")


def look(tasks):
    asyncio.get_running_loop().remove_reader(0)
    for task in tasks:
        assert not task.done()


async def main():
    tasks = [asyncio.create_task(weak(), name="weak"), asyncio.create_task(known(), name="known")]
    asyncio.get_running_loop().add_reader(0, look, tasks)
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.sleep(600)


asyncio.run(main())
