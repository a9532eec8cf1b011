"""async with asyncio.timeout(): around a future, and around a group whose members are stuck but for it."""
import asyncio
import _case

SINCE = (3, 11)
TASKS = {"block": "wakes", "owner": "wakes", "member": "wakes", "gathering": "wakes", "gathered": "wakes"}
SECONDS = 8


async def stuck(name):
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        _case.woken(name)
        raise


async def block():
    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.get_running_loop().create_future()
    except TimeoutError:
        _case.woken("block")


async def owner():
    try:
        async with asyncio.timeout(SECONDS):
            async with asyncio.TaskGroup() as group:
                group.create_task(stuck("member"), name="member")
    except TimeoutError:
        _case.woken("owner")


async def gathering():
    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(asyncio.create_task(stuck("gathered"), name="gathered"))
    except TimeoutError:
        _case.woken("gathering")


async def main():
    tasks = [asyncio.create_task(function(), name=function.__name__) for function in (block, owner, gathering)]
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
