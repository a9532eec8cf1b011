"""The task's loop is closed, though its future is at hand."""
import asyncio
import sys
import _case

TASKS = {"waiter": "stuck"}


async def wait(future):
    await future
    _case.woken("waiter")


async def start(loop):
    future = loop.create_future()
    task = asyncio.create_task(wait(future), name="waiter")
    await asyncio.sleep(0)
    return future, task


loop = asyncio.new_event_loop()
kept = loop.run_until_complete(start(loop))
loop.close()
_case.ready()
sys.stdin.readline()
try:
    kept[0].set_result(None)
except RuntimeError:
    pass
import time
time.sleep(600)
