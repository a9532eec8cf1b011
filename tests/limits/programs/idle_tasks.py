"""--tasks tasks, each parked on a future of its own."""
import asyncio

import park

ARGS = park.arguments(tasks=1000)


async def idle(future):
    await future


async def main():
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(idle(loop.create_future()), name="idle-%06d" % number)
             for number in range(ARGS.tasks)]
    await park.ready()
    del tasks


asyncio.run(main())
