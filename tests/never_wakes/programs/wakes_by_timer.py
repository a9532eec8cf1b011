"""A timer that looks now and then whether there is something to do, and then sets the future of its closure."""
import asyncio
import select
import _case

TASKS = {"waiter": "wakes"}
CLASSES = {"waiter": "outside"}


async def wait(loop):
    future = loop.create_future()

    def look():
        if select.select([0], [], [], 0)[0]:
            future.set_result(None)
        else:
            loop.call_later(0.05, look)

    loop.call_later(0.05, look)
    await future
    _case.woken("waiter")


async def main():
    task = asyncio.create_task(wait(asyncio.get_running_loop()), name="waiter")
    await asyncio.sleep(0)
    _case.ready()
    await asyncio.Event().wait()
    del task


asyncio.run(main())
