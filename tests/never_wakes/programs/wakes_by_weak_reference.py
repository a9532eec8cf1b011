"""Nobody but the task has the future, or the Event; but somebody who runs has a weak reference."""
import asyncio
import weakref
import _case

TASKS = {"reference": "wakes", "set": "wakes", "dictionary": "wakes", "method": "wakes"}


async def wait(box, name):
    event = box.pop()
    await event.wait()
    _case.woken(name)


class Event(asyncio.Event):
    pass


def start(loop):
    events = {name: Event() for name in TASKS}
    reference, group = weakref.ref(events["reference"]), weakref.WeakSet([events["set"]])
    values = weakref.WeakValueDictionary(only=events["dictionary"])
    method = weakref.WeakMethod(events["method"].set)

    def go():
        loop.remove_reader(0)
        reference().set()
        for event in group:
            event.set()
        values["only"].set()
        method()()

    loop.add_reader(0, go)
    return [asyncio.create_task(wait([events[name]], name), name=name) for name in TASKS]


async def main():
    tasks = start(asyncio.get_running_loop())
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
