"""Threads that do what their names say: 'sleeps', 'reads' from a pipe, 'joins' the first; --computers of them
compute all the time, so that one of them has to wait for the GIL: 'computes-0', 'computes-1'."""
import asyncio
import os
import threading
import time

import park

ARGS = park.arguments(computers=0)
PIPE = os.pipe()


def sleep():
    time.sleep(100000)


def compute():
    number = 0
    while True:
        number = (number * 3 + 1) % 1000003


def read():
    os.read(PIPE[0], 1)


def start(name, target):
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread


async def main():
    sleeper = start("sleeps", sleep)
    start("reads", read)
    start("joins", sleeper.join)
    for number in range(ARGS.computers):
        start("computes-%d" % number, compute)
    await park.ready()


asyncio.run(main())
