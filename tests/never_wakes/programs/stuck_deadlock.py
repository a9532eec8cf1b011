"""Two locks, taken in opposite order."""
import asyncio
import _case

TASKS = {"forth": "stuck", "back": "stuck"}


async def move(first, second, name):
    async with first:
        await asyncio.sleep(0.01)
        async with second:
            _case.woken(name)


async def start():
    a, b = asyncio.Lock(), asyncio.Lock()
    return [asyncio.create_task(move(a, b, "forth"), name="forth"),
            asyncio.create_task(move(b, a, "back"), name="back")]


async def main():
    tasks = await start()
    await asyncio.sleep(0.05)
    _case.ready()
    await asyncio.sleep(600)
    del tasks


asyncio.run(main())
