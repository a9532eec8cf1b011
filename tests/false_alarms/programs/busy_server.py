"""A server and its clients in one process, with no bug, busy in every way that asyncio knows.

What a careless rule would take for a mistake happens here all the time, for a moment each:
coroutines made and awaited later, tasks that have failed and whose awaiter comes soon,
cancelled tasks that clean up, timeouts, locks in one order with many waiters, queues whose
workers are between get() and task_done(), threads that hand coroutines to the loop, jobs in
executors, async generators between two steps, short computations.
"""
import argparse
import asyncio
import collections
import concurrent.futures
import contextlib
import os
import random
import sys
import threading
import time

PARSER = argparse.ArgumentParser()
PARSER.add_argument("--hold", type=float, default=600)
PARSER.add_argument("--truth")
ARGS = PARSER.parse_args()
ROUNDS = collections.Counter()
BACKGROUND = set()
SINCE_311 = sys.version_info >= (3, 11)


async def echo(reader, writer):
    try:
        while True:
            line = await reader.readline()
            if not line:
                break
            await asyncio.sleep(random.random() * 0.01)
            writer.write(line)
            await writer.drain()
    finally:
        writer.close()


async def client(port):
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(10):
            writer.write(b"%d\n" % number)
            assert await reader.readline() == b"%d\n" % number
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        ROUNDS["client"] += 1


async def step(delay=0.002):
    await asyncio.sleep(delay)
    return delay


async def fail(delay=0.0):
    await asyncio.sleep(delay)
    raise ValueError("as it should")


async def gathers():
    while True:
        await asyncio.gather(*(step(random.random() * 0.01) for _ in range(20)))
        await asyncio.gather(*(fail() for _ in range(5)), return_exceptions=True)
        await asyncio.gather(asyncio.gather(step(), step()), step())
        ROUNDS["gathers"] += 1


async def one_after_the_other():
    while True:
        coroutines = [step(0.001) for _ in range(5)]
        for coroutine in coroutines:
            await coroutine
        waiting = iter([step(0.001), step(0.001)])
        for coroutine in waiting:
            await coroutine
        ROUNDS["one after the other"] += 1


async def failures():
    while True:
        task = asyncio.create_task(fail(0.001))
        try:
            await task
        except ValueError:
            pass
        done, _ = await asyncio.wait([asyncio.create_task(fail(0.001)) for _ in range(4)])
        for task in done:
            assert task.exception()
        ROUNDS["failures"] += 1


async def stubborn_cleanup():
    try:
        await asyncio.sleep(100)
    finally:
        await asyncio.sleep(0.01)
        with contextlib.suppress(KeyError):
            {}["nothing"]
        await asyncio.sleep(0.01)


class Resource:
    async def __aenter__(self):
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_):
        await asyncio.sleep(0.01)


async def with_resource():
    async with Resource():
        await asyncio.sleep(100)


async def outer_of_cancelled():
    await asyncio.create_task(stubborn_cleanup())


async def cancellations():
    while True:
        tasks = [asyncio.create_task(function()) for function in
                 (stubborn_cleanup, with_resource, outer_of_cancelled)]
        tasks.append(asyncio.create_task(gather_of_cancelled()))
        if SINCE_311:
            tasks.append(asyncio.create_task(group_of_cancelled()))
        await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ROUNDS["cancellations"] += 1


async def gather_of_cancelled():
    await asyncio.gather(stubborn_cleanup(), with_resource())


async def group_of_cancelled():
    async with asyncio.TaskGroup() as group:
        group.create_task(stubborn_cleanup())
        group.create_task(with_resource())


async def timeouts():
    while True:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.005)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stubborn_cleanup(), 0.005)
        if SINCE_311:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.005):
                    await asyncio.sleep(100)
            await asyncio.sleep(0.005)
            with contextlib.suppress(ExceptionGroup):
                async with asyncio.TaskGroup() as group:
                    group.create_task(fail(0.002))
                    group.create_task(stubborn_cleanup())
        await asyncio.shield(step())
        for first in asyncio.as_completed([step(0.001), step(0.003)]):
            await first
        ROUNDS["timeouts"] += 1


async def locks(first, second, semaphore, condition):
    while True:
        async with first:
            await asyncio.sleep(0)
            async with second:
                await asyncio.sleep(0.001)
        async with semaphore:
            async with first:
                await asyncio.sleep(0)
        async with condition:
            condition.notify_all()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(condition.wait(), 0.01)
        ROUNDS["locks"] += 1


async def queue_worker(queue):
    while True:
        item = await queue.get()
        try:
            await asyncio.sleep(item)
        finally:
            queue.task_done()


class Pool:
    """Workers that reach the queue through an object, and finish items in batches."""

    def __init__(self):
        self.queue = asyncio.Queue(maxsize=4)

    async def work(self):
        while True:
            batch = [await self.queue.get(), await self.queue.get()]
            await self.handle(batch)
            for _ in batch:
                self.queue.task_done()

    async def handle(self, batch):
        await asyncio.sleep(sum(batch))

    async def feed(self):
        while True:
            for _ in range(10):
                await self.queue.put(0.001)
            await self.queue.join()
            ROUNDS["pool"] += 1


async def queues():
    queue = asyncio.Queue()
    workers = [asyncio.create_task(queue_worker(queue)) for _ in range(3)]
    while True:
        for _ in range(9):
            queue.put_nowait(random.random() * 0.01)
        await queue.join()
        ROUNDS["queues"] += len(workers) // 3


async def jobs():
    loop = asyncio.get_running_loop()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        while True:
            await asyncio.gather(*(loop.run_in_executor(pool, time.sleep, 0.002)
                                   for _ in range(6)))
            await loop.run_in_executor(None, sum, range(10000))
            ROUNDS["jobs"] += 1


async def numbers():
    for number in range(5):
        yield number
        await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def managed():
    await asyncio.sleep(0)
    yield
    await asyncio.sleep(0)


async def generators():
    while True:
        async for _ in numbers():
            await asyncio.sleep(0.001)
        async with managed():
            await asyncio.sleep(0.001)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(managed())
            await asyncio.sleep(0.001)
        assert [number async for number in numbers()]
        ROUNDS["generators"] += 1


async def computations():
    while True:
        await asyncio.sleep(0.01)
        sum(range(200000))
        ROUNDS["computations"] += 1


async def fire_and_keep():
    while True:
        task = asyncio.create_task(step(0.02))
        BACKGROUND.add(task)
        task.add_done_callback(BACKGROUND.discard)
        await asyncio.sleep(0.003)
        later = asyncio.create_task(step(0.001))    # awaited after something else
        other = asyncio.gather(step(0.001), step(0.001))
        other.add_done_callback(lambda done: done.result())
        await step(0.004)
        await later
        await other
        ROUNDS["fire and keep"] += 1


async def late_callers(loop):
    async def call():
        loop.call_later(0.005, asyncio.ensure_future, step(0.001))
        await asyncio.sleep(0.02)

    while True:
        await call()
        ROUNDS["late"] += 1


def outside(loop):
    """A thread that has the loop do things, as threads do."""
    while True:
        asyncio.run_coroutine_threadsafe(step(0.001), loop).result()
        done = threading.Event()
        loop.call_soon_threadsafe(done.set)
        done.wait()
        with contextlib.suppress(ValueError):
            asyncio.run_coroutine_threadsafe(fail(), loop).result()
        ROUNDS["threads"] += 1


async def another_loop():
    while True:
        await asyncio.gather(step(), step())
        ROUNDS["other loop"] += 1


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    first, second = asyncio.Lock(), asyncio.Lock()
    shared = (first, second, asyncio.Semaphore(2), asyncio.Condition())
    pool = Pool()
    kinds = [gathers, one_after_the_other, failures, cancellations, timeouts, queues, jobs,
             generators, computations, fire_and_keep]
    busy = [asyncio.create_task(function()) for function in kinds for _ in range(2)]
    busy += [asyncio.create_task(client(port)) for _ in range(10)]
    busy += [asyncio.create_task(locks(*shared)) for _ in range(6)]
    busy += [asyncio.create_task(pool.work()), asyncio.create_task(pool.feed())]
    busy += [asyncio.create_task(late_callers(asyncio.get_running_loop()))]
    for _ in range(2):
        threading.Thread(target=outside, args=(asyncio.get_running_loop(),), daemon=True).start()
    threading.Thread(target=lambda: asyncio.run(another_loop()), daemon=True).start()
    while len(ROUNDS) < 16:                         # all kinds are in full swing
        await asyncio.sleep(0.01)
    print("READY", os.getpid(), flush=True)
    done, _ = await asyncio.wait(busy, timeout=ARGS.hold, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()                               # none of them ever ends


asyncio.run(main())
