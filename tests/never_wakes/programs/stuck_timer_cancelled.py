"""A timer that was cancelled, and a descriptor that is no longer watched."""
import asyncio
import os
import _case

TASKS = {"timer": "stuck", "reader": "stuck"}


async def timer():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_later(600, future.set_result, None).cancel()
    await future
    _case.woken("timer")


async def reader(fd):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.add_reader(fd, future.set_result, None)
    loop.remove_reader(fd)
    await future
    _case.woken("reader")


async def main():
    fds = os.pipe()
    tasks = [asyncio.create_task(timer(), name="timer"), asyncio.create_task(reader(fds[0]), name="reader")]
    await asyncio.sleep(0.05)
    _case.ready()
    await asyncio.sleep(600)
    del tasks


asyncio.run(main())
