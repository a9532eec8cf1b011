"""A script for a program that has Python in it: sys.path[0] is not the folder of the script there."""
import asyncio
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
import park                                                 # noqa: E402

ARGS = park.arguments(tasks=5)


async def idle():
    await asyncio.get_running_loop().create_future()


async def main():
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(idle(), name="idle-%d" % number) for number in range(ARGS.tasks)]
    await park.ready()
    del tasks


asyncio.run(main())
