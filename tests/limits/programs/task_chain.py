"""--length tasks: link-0 awaits link-1 awaits link-2 ...; the last one waits for a future.  With --cycle
the last one awaits the first."""
import asyncio

import park

park.PARSER.add_argument("--cycle", action="store_true")
ARGS = park.arguments(length=3000)
TASKS = []


async def link(number):
    await asyncio.sleep(0)              # until all are there
    if number + 1 < ARGS.length:
        await TASKS[number + 1]
    elif ARGS.cycle:
        await TASKS[0]
    else:
        await asyncio.get_running_loop().create_future()


async def main():
    loop = asyncio.get_running_loop()
    for number in range(ARGS.length):
        TASKS.append(loop.create_task(link(number), name="link-%d" % number))
    await park.ready()


asyncio.run(main())
