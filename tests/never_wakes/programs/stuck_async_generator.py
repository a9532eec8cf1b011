"""An async generator awaits what nobody will set, two levels down."""
import asyncio
import _case

TASKS = {"consumer": "stuck"}


async def fetch():
    await asyncio.get_running_loop().create_future()


async def rows():
    yield 1
    await fetch()
    yield 2


async def consume():
    async for row in rows():
        if row == 2:
            _case.woken("consumer")


async def main():
    task = asyncio.create_task(consume(), name="consumer")
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.sleep(600)
    del task


asyncio.run(main())
