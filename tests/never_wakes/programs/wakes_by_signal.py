"""Handlers of signals: of the loop, and of the process, which C keeps."""
import asyncio
import signal
import _case

SIGNAL = True
TASKS = {"loop": "wakes", "process": "wakes"}


async def wait(event, name):
    await event.wait()
    _case.woken(name)


def start(loop):
    events = asyncio.Event(), asyncio.Event()

    def handle(*_):
        loop.call_soon_threadsafe(events[1].set)

    # One signal for both: the loop's handler comes to the process's.
    signal.signal(signal.SIGUSR2, handle)
    loop.add_signal_handler(signal.SIGUSR1, lambda: (events[0].set(), signal.raise_signal(signal.SIGUSR2)))
    return [asyncio.create_task(wait(events[0], "loop"), name="loop"),
            asyncio.create_task(wait(events[1], "process"), name="process")]


async def main():
    tasks = start(asyncio.get_running_loop())
    await asyncio.sleep(0)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
