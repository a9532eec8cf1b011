"""Workers wait for a queue whose producer has returned."""
import asyncio
import _case

TASKS = {"worker-0": "stuck", "worker-1": "stuck"}


async def work(queue, name):
    while True:
        await queue.get()
        _case.woken(name)


async def produce():
    queue = asyncio.Queue()
    tasks = [asyncio.create_task(work(queue, "worker-%d" % n), name="worker-%d" % n) for n in (0, 1)]
    await asyncio.sleep(0)
    return tasks


async def main():
    tasks = await produce()
    _case.ready()
    await asyncio.sleep(600)
    del tasks


asyncio.run(main())
