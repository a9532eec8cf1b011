"""A chain: a task that can be woken has the event of a second, that of a third; a fourth is woken by the callback of
the third's end, a fifth awaits the fourth, a sixth is in a gather() and a seventh behind a shield()."""
import asyncio
import _case

TASKS = dict.fromkeys(("1", "2", "3", "4", "5", "6", "7"), "wakes")
CLASSES = dict.fromkeys(TASKS, "outside")


async def step(event, following, name):
    await event.wait()
    _case.woken(name)
    if following:
        following.set()


async def wait(future, name):
    await future
    _case.woken(name)


async def by_gather(task):
    await asyncio.gather(task, asyncio.sleep(0))
    _case.woken("6")


async def by_shield(task):
    await asyncio.shield(task)
    _case.woken("7")


def start(loop):
    events = [asyncio.Event() for _ in range(3)] + [None]
    tasks = [asyncio.create_task(step(events[n], events[n + 1], str(n + 1)), name=str(n + 1)) for n in range(3)]
    future = loop.create_future()
    tasks[2].add_done_callback(lambda _: future.set_result(None))
    tasks.append(asyncio.create_task(wait(future, "4"), name="4"))
    tasks.append(asyncio.create_task(wait(tasks[3], "5"), name="5"))
    tasks.append(asyncio.create_task(by_gather(tasks[3]), name="6"))
    tasks.append(asyncio.create_task(by_shield(tasks[3]), name="7"))
    first = events[0]
    loop.add_reader(0, lambda: (loop.remove_reader(0), first.set()))
    return tasks


async def main():
    tasks = start(asyncio.get_running_loop())
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
