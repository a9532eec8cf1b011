"""A loop that does not run now and will be run again; and one of another thread, whose task sets a future of this."""
import asyncio
import sys
import threading
import _case

TASKS = {"stopped": "wakes", "other": "wakes"}


async def wait(event, name):
    await event.wait()
    _case.woken(name)


async def start(event, name):
    task = asyncio.create_task(wait(event, name), name=name)
    await asyncio.sleep(0)
    return task


async def make_event():
    return asyncio.Event()


def run_other(go, ready):
    async def body():
        event = asyncio.Event()
        task = await start(event, "other")
        ready.set()
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, lambda: (go.wait(), loop.call_soon_threadsafe(event.set)))
        await task

    asyncio.run(body())


def main():
    loop = asyncio.new_event_loop()
    event = loop.run_until_complete(make_event())
    task = loop.run_until_complete(start(event, "stopped"))
    go, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=run_other, args=(go, ready))
    thread.start()
    ready.wait()
    import time
    time.sleep(0.1)
    _case.ready()
    sys.stdin.readline()
    go.set()
    thread.join()
    event.set()
    loop.run_until_complete(task)


main()
