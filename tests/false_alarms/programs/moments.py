"""Moments that every program passes through, each made to last: an object was made, and nobody but the value stack of a
frame that executes, or the C function that it called, has it yet.  What becomes of it nobody can say.

Each moment has a thread and a loop of its own, stopped in a callback: that these loops are blocked is true."""
import argparse
import asyncio
import os
import threading

PARSER = argparse.ArgumentParser()
PARSER.add_argument("--hold", type=float, default=600)
PARSER.add_argument("--truth")
ARGS = PARSER.parse_args()
STOPPED = threading.Semaphore(0)


def stop():
    STOPPED.release()
    threading.Event().wait(ARGS.hold)


async def step(delay=600):
    await asyncio.sleep(delay)


async def fail():
    raise ValueError("as it should")


async def numbers():
    for number in range(5):
        yield number
        await asyncio.sleep(0)


async def gather():
    return asyncio.gather(step(), step())


async def gather_under_way():
    gathered = asyncio.gather(step(), step())
    await asyncio.sleep(0)
    return gathered


async def gather_failed():
    gathered = asyncio.gather(step(0), fail())
    await asyncio.sleep(0.1)
    return gathered


async def coroutine():
    return step()


async def task():
    return asyncio.ensure_future(step())


async def task_under_way():
    made = asyncio.ensure_future(step())
    await asyncio.sleep(0)
    return made


async def failed_task():
    made = asyncio.ensure_future(fail())
    await asyncio.sleep(0.1)
    return made


async def failed_future():
    future = asyncio.get_running_loop().create_future()
    future.set_exception(ValueError("as it should"))
    return future


async def generator():
    made = numbers()
    await made.__anext__()
    return made


KINDS = (gather, gather_under_way, gather_failed, coroutine, task, task_under_way, failed_task, failed_future,
         generator)


async def on_the_value_stack(kind):
    print(await kind(), stop())


def until_stopped(thing):
    """The generator has given it away when it stops."""
    made = [thing]
    del thing
    yield made.pop()
    stop()


async def in_c(kind):
    """max() has the first item in a variable of C."""
    max(until_stopped(await kind()))


def main():
    for kind in KINDS:
        for place in (on_the_value_stack, in_c):
            threading.Thread(target=asyncio.run, args=(place(kind),), daemon=True,
                             name="%s %s" % (kind.__name__, place.__name__)).start()
            STOPPED.acquire()
    print("READY", os.getpid(), flush=True)
    stop()


main()
