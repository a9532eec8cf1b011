"""Code that is suspended or was not begun, in the hands of a callback: a generator, a coroutine that will become a
task, an async generator."""
import asyncio
import _case

TASKS = {"generator": "wakes", "coroutine": "wakes", "async-generator": "wakes"}


def generate(event):
    yield
    event.set()


async def run(event):
    event.set()


async def generate_async(event):
    yield
    event.set()


async def wait(event, name):
    await event.wait()
    _case.woken(name)


async def start(loop):
    events = [asyncio.Event() for _ in TASKS]
    generator, coroutine, async_generator = generate(events[0]), run(events[1]), generate_async(events[2])
    next(generator)
    await async_generator.__anext__()
    kept = []

    def go():
        loop.remove_reader(0)
        next(generator, None)
        kept.append(loop.create_task(coroutine))
        kept.append(loop.create_task(step()))

    async def step():
        async for _ in async_generator:
            pass

    loop.add_reader(0, go)
    return [asyncio.create_task(wait(event, name), name=name) for event, name in zip(events, TASKS)]


async def main():
    tasks = await start(asyncio.get_running_loop())
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
