"""Nobody can set the future, but time will cancel the wait: wait_for() around the future, around a task, around an
Event, and a timer that calls cancel()."""
import asyncio
import _case

TASKS = {"future": "wakes", "task": "wakes", "inner": "wakes", "event": "wakes", "cancel": "wakes"}
SECONDS = 8


async def future():
    try:
        await asyncio.wait_for(asyncio.get_running_loop().create_future(), SECONDS)
    except asyncio.TimeoutError:
        _case.woken("future")


async def inner():
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        _case.woken("inner")
        raise


async def task():
    try:
        await asyncio.wait_for(asyncio.create_task(inner(), name="inner"), SECONDS)
    except asyncio.TimeoutError:
        _case.woken("task")


async def event():
    try:
        await asyncio.wait_for(asyncio.Event().wait(), SECONDS)
    except asyncio.TimeoutError:
        _case.woken("event")


async def cancel():
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        _case.woken("cancel")


async def main():
    tasks = [asyncio.create_task(function(), name=function.__name__) for function in (future, task, event, cancel)]
    asyncio.get_running_loop().call_later(SECONDS, tasks[3].cancel)
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
