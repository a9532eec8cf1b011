"""An executor's job that runs, and one that waits for a thread; of the default executor and of another."""
import asyncio
import concurrent.futures
import sys
import threading
import _case

TASKS = {"running": "wakes", "waiting": "wakes", "default": "wakes"}
CLASSES = {"running": "outside", "waiting": "outside", "default": "outside"}


async def wait(executor, function, name):
    await asyncio.get_running_loop().run_in_executor(executor, function)
    _case.woken(name)


async def main():
    go = threading.Event()
    executor = concurrent.futures.ThreadPoolExecutor(1)

    def read():
        sys.stdin.readline()
        go.set()

    tasks = [asyncio.create_task(wait(executor, read, "running"), name="running"),
             asyncio.create_task(wait(executor, int, "waiting"), name="waiting"),
             asyncio.create_task(wait(None, go.wait, "default"), name="default")]
    await asyncio.sleep(0.1)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
