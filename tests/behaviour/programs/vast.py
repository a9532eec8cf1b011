"""A program with 40 GiB of address space, of which it has touched three pages."""
import argparse
import asyncio
import mmap
import os

SIZE = 40 << 30
NO_RESERVE = 0x4000         # mmap.MAP_NORESERVE has a name from Python 3.13 on
KEPT = []


async def lost():
    pass


async def main(hold):
    memory = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE)
    for place in (0, SIZE // 2, SIZE - 1):
        memory[place] = 1
    KEPT.append(lost())
    print("READY %d" % os.getpid(), flush=True)
    await asyncio.sleep(hold)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hold", type=float, required=True)
    asyncio.run(main(parser.parse_args().hold))
