"""The main thread has no loop; a loop with --tasks tasks runs in the thread "loop-thread"."""
import asyncio
import threading

import park

ARGS = park.arguments(tasks=5)


async def idle():
    await asyncio.get_running_loop().create_future()


async def main():
    tasks = [asyncio.ensure_future(idle()) for _ in range(ARGS.tasks)]
    for number, task in enumerate(tasks):
        task.set_name("far-%d" % number)
    await park.ready()


thread = threading.Thread(target=lambda: asyncio.run(main()), name="loop-thread")
thread.start()
thread.join()
