"""A service of some hundred tasks, and memory that has nothing to do with them: two thirds of it in large
pieces, the rest in small objects that the collector tracks."""
import argparse
import asyncio
import gc
import os
import threading

PIECE = 16 << 20
OBJECT_BYTES = 330
KEPT = []


async def work(queue):
    while True:
        await queue.get()


def fill(size):
    gc.disable()            # it would look at all of it again and again
    for number in range(size // 3 // OBJECT_BYTES):
        KEPT.append({"number": number, "values": [number]})
    for _ in range(size * 2 // 3 // PIECE):
        KEPT.append(bytearray(b"\1") * PIECE)


async def main(hold, mib):
    queue, go = asyncio.Queue(), threading.Event()
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(work(queue), name="worker-%d" % n) for n in range(200)]
    jobs = [loop.run_in_executor(None, go.wait, hold) for _ in range(3)]
    await asyncio.sleep(0)
    fill(mib << 20)
    print("READY %d" % os.getpid(), flush=True)
    await asyncio.sleep(hold)
    del tasks, jobs


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hold", type=float, required=True)
    parser.add_argument("--mib", type=int, required=True)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.hold, arguments.mib))
