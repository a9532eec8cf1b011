"""Task 'self' blocks its own loop: it waits, in the loop's thread, for a coroutine that this loop has to run."""
import asyncio
import threading

import park

park.arguments()


async def later():
    pass


async def block():
    threading.Timer(0.3, park.announce).start()
    asyncio.run_coroutine_threadsafe(later(), asyncio.get_running_loop()).result()


async def main():
    other = asyncio.get_running_loop().create_task(asyncio.sleep(1000), name="other")
    await asyncio.sleep(0)
    await asyncio.get_running_loop().create_task(block(), name="self")
    del other


asyncio.run(main())
