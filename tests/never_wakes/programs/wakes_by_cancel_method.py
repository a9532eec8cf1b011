"""A callback is the cancel() of a task: that task, and what it awaits, will be woken by it."""
import asyncio
import functools
import os
import _case

TASKS = {"plain": "wakes", "partial": "wakes", "outer": "wakes", "inner": "wakes"}


async def wait(name):
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        _case.woken(name)
        raise


async def outer():
    try:
        await asyncio.create_task(wait("inner"), name="inner")
    except asyncio.CancelledError:
        _case.woken("outer")


async def main():
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(wait("plain"), name="plain"), asyncio.create_task(wait("partial"), name="partial"),
             asyncio.create_task(outer(), name="outer")]
    pipes = [os.pipe() for _ in tasks]
    loop.add_reader(pipes[0][0], tasks[0].cancel)
    loop.add_reader(pipes[1][0], functools.partial(tasks[1].cancel))
    loop.add_reader(pipes[2][0], tasks[2].cancel)
    writes = [write for _, write in pipes]
    loop.add_reader(0, lambda: [loop.remove_reader(0)] + [os.write(write, b"x") for write in writes])
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
