"""The collector runs all the time: a callback makes each collection last --seconds; --pause is between them."""
import asyncio
import gc
import threading
import time

import park

ARGS = park.arguments(seconds=20.0, pause=0.2)
STARTED = threading.Event()


def dawdle(phase, _):
    if phase == "stop":         # the lists are whole again, and the collector still says that it runs
        STARTED.set()
        time.sleep(ARGS.seconds)


def collect():
    while True:
        gc.collect()
        time.sleep(ARGS.pause)


async def idle():
    await asyncio.get_running_loop().create_future()


async def main():
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(idle(), name="idle-%d" % number) for number in range(10)]
    await asyncio.sleep(0.05)
    gc.disable()
    gc.callbacks.append(dawdle)
    threading.Thread(target=collect, daemon=True).start()
    while not STARTED.is_set():
        await asyncio.sleep(0.01)
    await park.ready()
    del tasks


asyncio.run(main())
