"""A future that only the waiting task itself has; the task is kept."""
import asyncio
import _case

TASKS = {"waiter": "stuck"}


async def wait():
    answer = asyncio.get_running_loop().create_future()
    await answer
    _case.woken("waiter")


async def main():
    task = asyncio.create_task(wait(), name="waiter")
    await asyncio.sleep(0)
    _case.ready()
    await asyncio.sleep(600)
    del task


asyncio.run(main())
