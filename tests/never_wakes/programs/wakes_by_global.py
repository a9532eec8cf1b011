"""What code looks up when it is called: a global, an attribute of a class, a default argument, sys.modules, a cache."""
import asyncio
import functools
import sys
import types
import _case

TASKS = {"global": "wakes", "class": "wakes", "default": "wakes", "module": "wakes", "cache": "wakes"}
CLASSES = dict.fromkeys(TASKS, "idle")
EVENTS = {}


class Registry:
    event = None


@functools.lru_cache()
def cached():
    return asyncio.Event()


async def wait(event, name):
    await event.wait()
    _case.woken(name)


def go():
    asyncio.get_running_loop().remove_reader(0)
    EVENTS["global"].set()
    Registry.event.set()
    set_default()
    sys.modules["made_at_run_time"].event.set()
    cached().set()


async def main():
    global set_default
    loop = asyncio.get_running_loop()
    EVENTS["global"] = asyncio.Event()
    Registry.event = asyncio.Event()
    sys.modules["made_at_run_time"] = module = types.ModuleType("made_at_run_time")
    module.event = asyncio.Event()

    def set_default(event=asyncio.Event()):
        event.set()

    events = [EVENTS["global"], Registry.event, set_default.__defaults__[0], module.event, cached()]
    tasks = [asyncio.create_task(wait(event, name), name=name) for event, name in zip(events, TASKS)]
    del events, module
    loop.add_reader(0, go)
    await asyncio.sleep(0)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
