"""A task that nothing refers to: its finally will set an event when the collector destroys it.  It is in nobody's
hands, and yet it does something."""
import asyncio
import gc
import _case

TASKS = {"waiter": "wakes"}


async def forgotten(event):
    future = asyncio.get_running_loop().create_future()
    try:
        await future
    finally:
        event.set()


async def wait(event):
    await event.wait()
    _case.woken("waiter")


async def start():
    event = asyncio.Event()
    asyncio.create_task(forgotten(event), name="forgotten")
    return asyncio.create_task(wait(event), name="waiter")


async def main():
    task = await start()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)     # "Task was destroyed but it is pending!"
    await asyncio.sleep(0.01)
    loop.add_reader(0, lambda: (loop.remove_reader(0), gc.collect()))
    _case.ready()
    await task


gc.disable()
asyncio.run(main())
