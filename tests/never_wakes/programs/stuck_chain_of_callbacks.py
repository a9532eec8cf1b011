"""One future is set by another's callback, and that by a third's, which is lost."""
import asyncio
import _case

TASKS = {"waiter": "stuck"}


async def wait():
    loop = asyncio.get_running_loop()
    first, second, third = (loop.create_future() for _ in range(3))
    first.add_done_callback(lambda _: second.set_result(None))
    second.add_done_callback(lambda _: third.set_result(None))
    await third
    _case.woken("waiter")


async def main():
    task = asyncio.create_task(wait(), name="waiter")
    await asyncio.sleep(0)
    _case.ready()
    await asyncio.sleep(600)
    del task


asyncio.run(main())
