"""Tasks that were begun at once, by the eager factory: one is stuck, one is not."""
import asyncio
import _case

SINCE = (3, 12)
TASKS = {"stuck": "stuck", "behind": "stuck", "free": "wakes"}


async def stuck():
    await asyncio.Event().wait()


async def behind(task):
    await task
    _case.woken("behind")


async def free(event):
    await event.wait()
    _case.woken("free")


def start(loop):
    event = asyncio.Event()
    loop.add_reader(0, lambda: (loop.remove_reader(0), event.set()))
    first = asyncio.create_task(stuck(), name="stuck")
    return [first, asyncio.create_task(behind(first), name="behind"), asyncio.create_task(free(event), name="free")]


async def main():
    loop = asyncio.get_running_loop()
    loop.set_task_factory(asyncio.eager_task_factory)
    tasks = start(loop)
    _case.ready()
    await tasks[2]
    await asyncio.sleep(600)


asyncio.run(main())
