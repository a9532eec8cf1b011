"""A lock that a task took by acquire() and had no release() for; a semaphore and a condition likewise."""
import asyncio
import _case

TASKS = {"lock": "stuck", "semaphore": "stuck", "condition": "stuck"}


async def take(lock):
    await lock.acquire()                                # the bug: no release


async def use(lock, name):
    async with lock:
        _case.woken(name)


async def wait(condition):
    async with condition:
        await condition.wait()                          # nobody has it to notify
    _case.woken("condition")


async def start():
    lock, semaphore = asyncio.Lock(), asyncio.Semaphore(1)
    await asyncio.gather(take(lock), take(semaphore))
    tasks = [asyncio.create_task(use(lock, "lock"), name="lock"),
             asyncio.create_task(use(semaphore, "semaphore"), name="semaphore"),
             asyncio.create_task(wait(asyncio.Condition()), name="condition")]
    await asyncio.sleep(0.01)
    return tasks


async def main():
    tasks = await start()
    _case.ready()
    await asyncio.sleep(600)
    del tasks


asyncio.run(main())
