"""What is dropped, or collected, sets an event as it goes: __del__, weakref.finalize, a callback of a weak reference,
the finally of a generator, and all of that in cycles that the collector has not come to yet."""
import asyncio
import gc
import weakref
import _case

TASKS = {"del": "wakes", "finalize": "wakes", "callback": "wakes", "generator": "wakes", "cycle-del": "wakes",
         "cycle-generator": "wakes", "cycle-callback": "wakes"}
KEPT = []


class Thing:
    event = None

    def __del__(self):
        if self.event:
            self.event.set()


def held(event):
    try:
        yield
    finally:
        event.set()


async def wait(event, name):
    await event.wait()
    _case.woken(name)


def start(loop):
    events = {name: asyncio.Event() for name in TASKS}
    box = [Thing(), Thing(), Thing(), held(events["generator"])]
    box[0].event = events["del"]
    weakref.finalize(box[1], events["finalize"].set)
    KEPT.append(weakref.ref(box[2], lambda _, event=events["callback"]: event.set()))
    next(box[3])

    cycle = Thing()
    cycle.event, cycle.me = events["cycle-del"], cycle
    generator = held(events["cycle-generator"])
    next(generator)
    ring = [generator]
    ring.append(ring)
    lost = Thing()
    lost.me = lost
    KEPT.append(weakref.ref(lost, lambda _, event=events["cycle-callback"]: event.set()))

    def go():
        loop.remove_reader(0)
        box.clear()
        gc.collect()

    loop.add_reader(0, go)
    return [asyncio.create_task(wait(events[name], name), name=name) for name in TASKS]


async def main():
    tasks = start(asyncio.get_running_loop())
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.wait(tasks)


gc.disable()
asyncio.run(main())
