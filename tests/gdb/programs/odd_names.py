"""Tasks whose names are hard to type, in two event loops, each in a thread of its own.

The main thread's: "worker 3", "it's", 'a"b', "50%s", "back\\slash", "$(touch bad)", "|cat", "0x10".  The other's:
"other".  PENDING holds a coroutine that nobody awaits.
"""
import argparse
import asyncio
import os
import threading

NAMES = ["worker 3", "it's", 'a"b', "50%s", "back\\slash", "$(touch bad)", "|cat", "0x10", "`id`;id>bad"]
PENDING = []


async def park():
    await asyncio.Event().wait()


async def forgotten(number):
    return number


async def nest(inner):
    class Inner:
        async def wait(self):
            await inner()
    await Inner().wait()


async def main(started):
    tasks = [asyncio.create_task(park(), name=name) for name in NAMES]
    tasks.append(asyncio.create_task(nest(park), name="nested"))
    PENDING.append(forgotten(7))
    await asyncio.to_thread(started.wait) if hasattr(asyncio, "to_thread") else started.wait()
    await asyncio.sleep(0)
    print("READY", os.getpid(), flush=True)
    await asyncio.gather(*tasks)


def other(started):
    async def run():
        task = asyncio.create_task(park(), name="other")
        await asyncio.sleep(0)
        started.set()
        await task
    asyncio.run(run())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hold", type=float, default=600)
    timer = threading.Timer(parser.parse_args().hold, os._exit, (0,))
    timer.daemon = True
    timer.start()
    started = threading.Event()
    threading.Thread(target=other, args=(started,), name="other", daemon=True).start()
    asyncio.run(main(started))
