"""Callbacks of descriptors: a closure, a partial, a bound method, an object two steps away."""
import asyncio
import functools
import os
import _case

TASKS = {"closure": "wakes", "partial": "wakes", "method": "wakes", "far": "wakes"}
CLASSES = {"closure": "outside", "partial": "outside", "method": "outside", "far": "outside"}


class Box:
    def __init__(self, event):
        self.inner = {"events": [event]}

    def set(self):
        self.inner["events"][0].set()


async def wait(event, name):
    await event.wait()
    _case.woken(name)


def start(loop):
    events = {name: asyncio.Event() for name in TASKS}
    closure, far = events["closure"], Box(events["far"])
    callbacks = [lambda: closure.set(), functools.partial(asyncio.Event.set, events["partial"]),
                 events["method"].set, far.set]
    pipes = [os.pipe() for _ in callbacks]
    for (read, _), callback in zip(pipes, callbacks):
        loop.add_reader(read, callback)
    writes = [write for _, write in pipes]
    loop.add_reader(0, lambda: [loop.remove_reader(0)] + [os.write(write, b"x") for write in writes])
    return [asyncio.create_task(wait(event, name), name=name) for name, event in events.items()]


async def main():
    tasks = start(asyncio.get_running_loop())
    await asyncio.sleep(0)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
