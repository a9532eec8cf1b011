"""A loop in each of two threads.  Task 'asker' of the first waits by run_coroutine_threadsafe() for a task of the
second, 'answer'; a third thread blocks for another one, 'late'; task 'job' of the first waits for a job of an
executor's thread, which joins the third."""
import asyncio
import concurrent.futures
import threading

import park

park.arguments()
OTHER = asyncio.new_event_loop()
STARTED = threading.Semaphore(0)


async def answer(name):
    task = asyncio.current_task()
    if hasattr(task, "set_name"):
        task.set_name(name)
    STARTED.release()
    await asyncio.get_running_loop().create_future()


def serve():
    asyncio.set_event_loop(OTHER)
    OTHER.run_forever()


def block():
    asyncio.run_coroutine_threadsafe(answer("late"), OTHER).result()


def execute(thread):
    STARTED.release()
    thread.join()


async def ask():
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(answer("answer"), OTHER))


async def employ(pool, thread):
    await asyncio.get_running_loop().run_in_executor(pool, execute, thread)


async def main():
    loop = asyncio.get_running_loop()
    threading.Thread(target=serve, name="other", daemon=True).start()
    blocked = threading.Thread(target=block, name="blocked", daemon=True)
    blocked.start()
    pool = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="pool")
    tasks = [loop.create_task(ask(), name="asker"), loop.create_task(employ(pool, blocked), name="job")]
    await asyncio.sleep(0)
    await loop.run_in_executor(None, lambda: [STARTED.acquire() for _ in range(3)])
    await park.ready()
    del tasks


asyncio.run(main())
