"""Every program here takes --hold SECONDS, parks itself, prints READY <pid>, and stays.

    async def main():
        ...                     tasks that will wait
        await park.ready()      does not return

    asyncio.run(main())
"""
import argparse
import asyncio
import os

PARSER = argparse.ArgumentParser()
PARSER.add_argument("--hold", type=float, default=3600)


def arguments(**numbers):
    """The command line, with --NAME for each number."""
    for name, default in numbers.items():
        PARSER.add_argument("--" + name.replace("_", "-"), type=type(default), default=default)
    return PARSER.parse_args()


def announce():
    print("READY", os.getpid(), flush=True)


async def ready():
    """Once every task that is ready now has run: says so, and waits."""
    for _ in range(3):
        await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    loop.call_later(PARSER.parse_known_args()[0].hold, os._exit, 0)
    announce()
    await loop.create_future()
