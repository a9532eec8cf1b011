"""The task that was to set the event has returned early."""
import asyncio
import _case

TASKS = {"waiter": "stuck"}


async def wait(event):
    await event.wait()
    _case.woken("waiter")


async def prepare(event, fails):
    if fails:
        return                                          # the bug
    event.set()


async def start():
    event = asyncio.Event()
    tasks = [asyncio.create_task(wait(event), name="waiter"), asyncio.create_task(prepare(event, True))]
    await asyncio.sleep(0.01)
    return tasks


async def main():
    tasks = await start()
    _case.ready()
    await asyncio.sleep(600)
    del tasks


asyncio.run(main())
