"""Loops in the states that the command loops tells of.  loops.py busy|idle|endless|over|nothing

busy    a callback blocks in sleep(); other things are ready, overdue, watched and queued
idle    the loop waits in its selector for a timer
endless timers that are for ever late, or that never come
over    a loop that has stopped with a callback ready, and one that is closed; three more, each in
        another place that its callback names
nothing asyncio is imported, and that is all
"""
import asyncio
import os
import signal
import sys
import threading
import time

signal.alarm(600)
JOBS = 40


def ready():
    os.write(1, b"READY %d\n" % os.getpid())


async def sleep(seconds):
    await asyncio.sleep(seconds)


async def count():
    for n in range(3):
        yield n


def late():
    pass


def handle_exception(loop, context):
    pass


def block():
    ready()
    time.sleep(600)


async def busy():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(handle_exception)
    loop.slow_callback_duration = 0.25
    go = threading.Event()
    kept = [asyncio.create_task(sleep(300 + n), name="sleeper-%d" % n) for n in range(3)]
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    loop.add_signal_handler(signal.SIGUSR1, print, "usr1")
    jobs = [loop.run_in_executor(None, go.wait) for _ in range(JOBS)]
    generator = count()
    await generator.__anext__()
    loop.call_later(0.3, late)
    cancelled = loop.call_later(100, late)      # stays until its turn
    cancelled.cancel()
    await asyncio.sleep(0.1)
    loop.call_soon(print, 1, 2)
    kept.append(asyncio.create_task(sleep(1), name="new"))
    time.sleep(0.4)     # so that late() is overdue when it is looked at
    block()
    del kept, server, jobs


async def idle():
    task = asyncio.create_task(sleep(500), name="sleeper")
    asyncio.get_running_loop().call_later(0, ready)
    await task


async def endless():
    loop = asyncio.get_running_loop()
    loop.call_at(float("-inf"), late)
    loop.call_at(float("inf"), late)
    block()


def loop_with(word):
    loop = asyncio.new_event_loop()
    loop.call_soon(print, word)
    return loop


def over():
    stopped, closed = loop_with("never"), asyncio.new_event_loop()
    closed.close()
    asyncio.set_event_loop(loop_with("of the policy"))
    KEPT.append(loop_with("in a list"))
    ready()
    time.sleep(600)
    del stopped


def nothing():
    ready()
    time.sleep(600)


KEPT = []
if sys.argv[1] == "over":
    SPARE = loop_with("a global")
    over()
elif sys.argv[1] == "nothing":
    nothing()
else:
    asyncio.run({"busy": busy, "idle": idle, "endless": endless}[sys.argv[1]]())
