"""Three tasks await each other in a circle; a fourth awaits one of them through gather() and shield()."""
import asyncio
import _case

TASKS = {"a": "stuck", "b": "stuck", "c": "stuck", "outer": "stuck"}


async def leg(tasks, other, name):
    await asyncio.sleep(0)
    await tasks[other]
    _case.woken(name)


async def outer(tasks):
    await asyncio.gather(asyncio.shield(tasks["a"]), asyncio.sleep(0))
    _case.woken("outer")


async def main():
    tasks = {}
    for name, other in ("ab", "bc", "ca"):
        tasks[name] = asyncio.create_task(leg(tasks, other, name), name=name)
    last = asyncio.create_task(outer(tasks), name="outer")
    await asyncio.sleep(0.05)
    _case.ready()
    await asyncio.sleep(600)
    del last


asyncio.run(main())
