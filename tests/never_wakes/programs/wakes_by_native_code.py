"""A reference that C code has, where no object tells of it: by ctypes, one to the future and one to what leads to it."""
import asyncio
import ctypes
import _case

TASKS = {"future": "wakes", "dictionary": "wakes"}
ADDRESSES = []


async def wait(future, name):
    await future
    _case.woken(name)


def go():
    asyncio.get_running_loop().remove_reader(0)
    ctypes.cast(ADDRESSES[0], ctypes.py_object).value.set_result(None)
    ctypes.cast(ADDRESSES[1], ctypes.py_object).value["future"].set_result(None)


def start(loop):
    first, second = loop.create_future(), loop.create_future()
    box = {"future": second}
    for thing in (first, box):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
        ADDRESSES.append(id(thing))
    return [asyncio.create_task(wait(first, "future"), name="future"),
            asyncio.create_task(wait(second, "dictionary"), name="dictionary")]


async def main():
    loop = asyncio.get_running_loop()
    tasks = start(loop)
    loop.add_reader(0, go)
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
