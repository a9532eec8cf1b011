"""A timer that cancels a task is due, and not called yet: it lies with what is ready, or is in the loop's hand between
its heap of timers and that; and a callback that is no timer is about to cancel.  Each case has a loop of its own, in a thread, stopped in the middle of a round."""
import asyncio
import threading
import _case

TASKS = {"ready": "wakes", "ready_of_timer": "wakes", "popped": "wakes", "called": "wakes", "soon": "wakes"}
SECONDS = 0.2
GO = threading.Event()
STOPPED = threading.Semaphore(0)
CANCELLERS = []


class Canceller:
    """As asyncio.timeout() and others do it: the callback is a method of what has the task."""

    def __init__(self, task):
        self.of = [task]

    def cancel(self):
        self.of[0].cancel()

    def cancel_later(self):
        stop()
        self.cancel()


def stop():
    STOPPED.release()
    GO.wait()


async def wait(name):
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        _case.woken(name)


async def ready():
    try:
        await asyncio.wait_for(asyncio.Event().wait(), SECONDS)
    except asyncio.TimeoutError:
        _case.woken("ready")


def oversleep():
    """Between the timer that calls this and the next turn of the loop the others become due."""
    loop = asyncio.get_running_loop()
    threading.Event().wait(2 * SECONDS)
    loop.call_soon(CANCELLERS.pop().cancel)
    loop.call_at(0, stop)


class Time(float):
    """Of the clock; compared for the first time after the timer of an object has left the heap, it stops."""
    loop = owner = None

    def __lt__(self, other):
        heap = self.loop._scheduled
        if self.owner and not any(id(getattr(handle._callback, "__self__", None)) == self.owner for handle in heap):
            Time.owner = None
            stop()
        return float(self) < float(other)


async def of_ready():
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(wait("ready_of_timer"), name="ready_of_timer")
    first = asyncio.create_task(ready(), name="ready")
    loop.call_later(SECONDS, Canceller(task).cancel)
    soon = asyncio.create_task(wait("soon"), name="soon")
    CANCELLERS.append(Canceller(soon))
    loop.call_later(SECONDS / 2, oversleep)
    await asyncio.wait([task, first, soon])


async def of_popped():
    loop = Time.loop = asyncio.get_running_loop()
    task = asyncio.create_task(wait("popped"), name="popped")
    canceller = Canceller(task)
    now = loop.time()
    loop.call_at(Time(now + SECONDS), canceller.cancel)
    for seconds in range(8):
        loop.call_at(Time(now + 600 + seconds), print)
    Time.owner = id(canceller)
    del canceller
    await asyncio.wait([task])


async def of_called():
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(wait("called"), name="called")
    loop.call_later(SECONDS, Canceller(task).cancel_later)
    await asyncio.wait([task])


def main():
    threads = [threading.Thread(target=asyncio.run, args=(function(),)) for function in (of_ready, of_popped, of_called)]
    for thread in threads:
        thread.start()
    for _ in threads:
        STOPPED.acquire()
    _case.ready()
    input()
    GO.set()
    for thread in threads:
        thread.join()


main()
