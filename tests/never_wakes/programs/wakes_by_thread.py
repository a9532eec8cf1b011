"""A thread blocks in a read and has the future in a variable; another has it in a threading.local, and in a
queue.Queue that it will look into."""
import asyncio
import queue
import sys
import threading
import _case

TASKS = {"variable": "wakes", "local": "wakes", "queue": "wakes"}


def thread_with_variable(loop, future, go):
    go.wait()
    loop.call_soon_threadsafe(future.set_result, None)


LOCAL = threading.local()


def thread_with_local(loop, box, go):
    LOCAL.future = box.pop()
    go.wait()
    loop.call_soon_threadsafe(LOCAL.future.set_result, None)


def thread_with_queue(loop, jobs, go):
    go.wait()
    loop.call_soon_threadsafe(jobs.get().set_result, None)


def thread_of_input(go):
    sys.stdin.readline()
    go.set()


async def wait(function, wrap, go, name):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    threading.Thread(target=function, args=(loop, wrap(future), go), daemon=True).start()
    await future
    _case.woken(name)


def queue_of(future):
    jobs = queue.Queue()
    jobs.put(future)
    return jobs


async def main():
    go = threading.Event()
    tasks = [asyncio.create_task(wait(thread_with_variable, lambda f: f, go, "variable"), name="variable"),
             asyncio.create_task(wait(thread_with_local, lambda f: [f], go, "local"), name="local"),
             asyncio.create_task(wait(thread_with_queue, queue_of, go, "queue"), name="queue")]
    threading.Thread(target=thread_of_input, args=(go,), daemon=True).start()
    await asyncio.sleep(0.1)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
