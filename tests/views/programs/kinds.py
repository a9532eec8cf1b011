"""Tasks that each wait for 'one' and 'two', or for 'one', by another means; their names say by which."""
import asyncio
import sys

import park

park.arguments()


async def forever():
    await asyncio.get_running_loop().create_future()


async def main():
    loop = asyncio.get_running_loop()
    one, two = (loop.create_task(forever(), name=name) for name in ("one", "two"))

    async def by_await():
        await one

    async def by_gather():
        await asyncio.gather(one, two)

    async def by_nested_gather():
        await asyncio.gather(asyncio.gather(one, two), return_exceptions=True)

    async def by_wait():
        await asyncio.wait({one, two})

    async def by_wait_first():
        await asyncio.wait({one, two}, return_when=asyncio.FIRST_COMPLETED)

    async def by_as_completed():
        for first in asyncio.as_completed([one, two]):
            await first

    async def by_shield():
        await asyncio.shield(one)

    async def by_wait_for():
        await asyncio.wait_for(one, 100000)

    async def by_shielded_gather():
        await asyncio.shield(asyncio.gather(one, two))

    kinds = [by_await, by_gather, by_nested_gather, by_wait, by_wait_first, by_as_completed, by_shield,
             by_wait_for, by_shielded_gather]
    if sys.version_info >= (3, 11):
        async def by_group():
            async with asyncio.TaskGroup() as group:
                group.create_task(forever(), name="in-group-one")
                group.create_task(forever(), name="in-group-two")

        async def in_body():
            async with asyncio.TaskGroup() as group:
                group.create_task(forever(), name="in-body")
                await asyncio.get_running_loop().create_future()

        kinds += [by_group, in_body]
    tasks = [loop.create_task(kind(), name=kind.__name__) for kind in kinds]
    await park.ready()
    del tasks


asyncio.run(main())
