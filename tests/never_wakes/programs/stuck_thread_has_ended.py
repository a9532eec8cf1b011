"""The thread that was to set the future has ended."""
import asyncio
import threading
import _case

TASKS = {"waiter": "stuck"}


def answer(loop, future, fails):
    if not fails:
        loop.call_soon_threadsafe(future.set_result, None)


async def wait():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    thread = threading.Thread(target=answer, args=(loop, future, True))
    thread.start()
    thread.join()
    await future
    _case.woken("waiter")


async def main():
    task = asyncio.create_task(wait(), name="waiter")
    await asyncio.sleep(0.05)
    _case.ready()
    await asyncio.sleep(600)
    del task


asyncio.run(main())
