"""A TaskGroup of which one member is stuck: so is who waits for the group."""
import asyncio
import _case

SINCE = (3, 11)
TASKS = {"member": "stuck", "owner": "stuck"}


async def member():
    await asyncio.Event().wait()


async def own():
    async with asyncio.TaskGroup() as group:
        group.create_task(member(), name="member")
    _case.woken("owner")


async def main():
    task = asyncio.create_task(own(), name="owner")
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.sleep(600)
    del task


asyncio.run(main())
