"""--interpreters interpreters beside the main one, each with a thread, a loop, 3 tasks and an orphan.

Tasks are called main-0 .. and sub1-0 ..; threads of Python "interpreter-1" ..."""
import asyncio
import os
import sys
import threading

import park

try:
    import _interpreters as interpreters            # 3.13
except ImportError:
    import _xxsubinterpreters as interpreters       # 3.12

park.PARSER.add_argument("--legacy", action="store_true", help="interpreters that share the lock")
ARGS = park.arguments(interpreters=2)

CODE = """
import asyncio, os

async def never_awaited():
    pass

async def idle():
    await asyncio.get_running_loop().create_future()

PENDING = {"job": never_awaited()}

async def main():
    tasks = [asyncio.get_running_loop().create_task(idle(), name="%(name)s-%%d" %% number)
             for number in range(3)]
    for _ in range(3):
        await asyncio.sleep(0)
    os.write(%(pipe)d, b"x")
    await asyncio.get_running_loop().create_future()

loop = asyncio.new_event_loop()
loop.run_until_complete(main())
"""


def create():
    if sys.version_info >= (3, 13):
        return interpreters.create("legacy" if ARGS.legacy else "isolated")
    return interpreters.create(isolated=not ARGS.legacy)


def run(name, pipe):
    interpreter = create()      # here: up to 3.12 its thread state stays that of this thread
    failure = interpreters.run_string(interpreter, CODE % {"name": name, "pipe": pipe})
    if failure is not None:
        os.write(2, str(failure).encode())
        os._exit(1)


async def idle():
    await asyncio.get_running_loop().create_future()


async def main():
    tasks = [asyncio.create_task(idle(), name="main-%d" % number) for number in range(3)]
    await park.ready()
    del tasks


results, pipe = os.pipe()
for number in range(1, ARGS.interpreters + 1):
    threading.Thread(target=run, args=("sub%d" % number, pipe), daemon=True,
                     name="interpreter-%d" % number).start()
    if os.read(results, 1) != b"x":
        raise SystemExit("an interpreter did not start")
asyncio.run(main())
