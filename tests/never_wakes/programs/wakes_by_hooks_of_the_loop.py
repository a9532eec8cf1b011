"""The loop's exception handler and its task factory have events."""
import asyncio
import _case

TASKS = {"handler": "wakes", "factory": "wakes"}
CLASSES = {"handler": "outside", "factory": "outside"}


async def wait(event, name):
    await event.wait()
    _case.woken(name)


async def nothing():
    pass


def start(loop):
    events = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(wait(event, name), name=name) for event, name in zip(events, TASKS)]
    first, second = events

    def factory(loop, coroutine, **options):
        second.set()
        return asyncio.Task(coroutine, loop=loop, **options)

    def go():
        loop.remove_reader(0)
        loop.create_task(nothing())
        raise ValueError("to be handled")

    loop.set_exception_handler(lambda *_: first.set())
    loop.set_task_factory(factory)
    loop.add_reader(0, go)
    return tasks


async def main():
    tasks = start(asyncio.get_running_loop())
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
