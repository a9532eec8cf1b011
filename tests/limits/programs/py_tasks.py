"""Tasks of the pure-Python class beside those of the C one."""
import asyncio

import park

ARGS = park.arguments(tasks=20)


async def idle():
    await asyncio.get_running_loop().create_future()


async def waits_for(task):
    await task


async def main():
    loop = asyncio.get_running_loop()
    tasks = []
    for number in range(ARGS.tasks):
        kind = asyncio.tasks._PyTask if number % 2 else asyncio.Task
        tasks.append(kind(idle(), loop=loop, name="idle-%d" % number))
    tasks.append(asyncio.tasks._PyTask(waits_for(tasks[0]), loop=loop, name="py-waits-for-c"))
    tasks.append(asyncio.Task(waits_for(tasks[1]), loop=loop, name="c-waits-for-py"))
    await park.ready()


asyncio.run(main())
