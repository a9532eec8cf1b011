"""A StreamReader that no transport feeds; the join() of a queue whose worker is stuck on another."""
import asyncio
import _case

TASKS = {"reader": "stuck", "joiner": "stuck", "worker": "stuck"}


async def read():
    await asyncio.StreamReader().readline()
    _case.woken("reader")


async def join(queue):
    await queue.join()
    _case.woken("joiner")


async def work(queue):
    await queue.get()
    await asyncio.Queue().get()
    queue.task_done()


async def start():
    queue = asyncio.Queue()
    queue.put_nowait(1)
    return [asyncio.create_task(join(queue), name="joiner"), asyncio.create_task(work(queue), name="worker"),
            asyncio.create_task(read(), name="reader")]


async def main():
    tasks = await start()
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.sleep(600)
    del tasks


asyncio.run(main())
