"""A program whose names attack whoever prints them.

Task names, qualified names, dictionary keys, thread names, arguments and exception
texts hold escape sequences, line breaks, quotes, NUL and text of every width.
"""
import argparse
import asyncio
import os
import threading

ESCAPE = "\x1b[31mred\nINJECTED"
NAMES = (
    ESCAPE,
    "quote \" backslash \\ tab \t return \r",
    "nul \x00 in the middle",
    "delete \x7f and C1 \x9b31m",
    "caf\xe9",
    "\u0444\u0443\u043d\u043a\u0446\u0438\u044f \u202eesrever",
    "\U0001f40d snake",
    "",
    "long " + "x" * 5000,
)
# UTF-8 has no place for it: it only must not end the report.
SURROGATE = "lone \ud800 surrogate"

OUTBOX = {}


async def wait_for_ever(argument):
    await asyncio.get_running_loop().create_future()


async def fail():
    raise ValueError(ESCAPE)


async def main(hold):
    tasks = [asyncio.create_task(wait_for_ever(name), name=name)
             for name in NAMES + (SURROGATE,)]
    tasks.append(asyncio.create_task(fail(), name="failed"))
    orphan = wait_for_ever(ESCAPE)
    orphan.__qualname__ = "qualname " + ESCAPE
    OUTBOX[ESCAPE] = orphan
    parked = threading.Event()
    threading.Thread(target=parked.wait, name=ESCAPE, daemon=True).start()
    loop = asyncio.get_running_loop()
    loop.call_later(hold, os._exit, 0)
    loop.call_later(0.05, lambda: print("READY", os.getpid(), flush=True))
    await asyncio.wait(tasks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hold", type=float, default=3600)
    asyncio.run(main(parser.parse_args().hold))
