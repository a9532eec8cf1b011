"""Tasks and futures of the classes that are written in Python, and subclasses of both kinds."""
import asyncio
import asyncio.futures
import asyncio.tasks
import _case

TASKS = {"python": "stuck", "subclass": "stuck", "mixed": "stuck"}


class Task(asyncio.Task):
    note = None


class Future(asyncio.Future):
    pass


async def wait(make, name):
    await make(loop=asyncio.get_running_loop())
    _case.woken(name)


async def main():
    loop = asyncio.get_running_loop()
    tasks = [asyncio.tasks._PyTask(wait(asyncio.futures._PyFuture, "python"), loop=loop, name="python"),
             Task(wait(Future, "subclass"), loop=loop, name="subclass"),
             asyncio.tasks._PyTask(wait(Future, "mixed"), loop=loop, name="mixed")]
    tasks[1].note = ["an attribute"]
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.sleep(600)
    del tasks


asyncio.run(main())
