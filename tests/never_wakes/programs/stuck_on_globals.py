"""A deadlock on locks that are globals: anybody could release them, but nobody is left to."""
import asyncio
import _case

TASKS = {"forth": "stuck, unproved", "back": "stuck, unproved"}
CLASSES = {"forth": "never", "back": "never"}
LOCKS = []


async def move(first, second, name):
    async with LOCKS[first]:
        await asyncio.sleep(0.01)
        async with LOCKS[second]:
            _case.woken(name)


async def main():
    LOCKS.extend((asyncio.Lock(), asyncio.Lock()))
    tasks = [asyncio.create_task(move(0, 1, "forth"), name="forth"),
             asyncio.create_task(move(1, 0, "back"), name="back")]
    await asyncio.sleep(0.05)
    _case.ready()
    await asyncio.gather(*tasks)


asyncio.run(main())
