"""A context variable has the event, in the context in which a callback will run; and a Task subclass has another as
an attribute of a task that is stuck itself."""
import asyncio
import contextvars
import _case

TASKS = {"context": "wakes", "attribute": "wakes", "holder": "stuck"}
VARIABLE = contextvars.ContextVar("event")


class Task(asyncio.Task):
    event = None


async def wait(event, name):
    await event.wait()
    _case.woken(name)


async def stuck():
    await asyncio.get_running_loop().create_future()
    _case.woken("holder")


def start(loop):
    events = asyncio.Event(), asyncio.Event()
    holder = Task(stuck(), loop=loop, name="holder")
    holder.event = events[1]

    def go():
        loop.remove_reader(0)
        VARIABLE.get().set()
        holder.event.set()

    context = contextvars.copy_context()
    context.run(VARIABLE.set, events[0])
    context.run(loop.add_reader, 0, go)
    return [asyncio.create_task(wait(event, name), name=name) for event, name in zip(events, TASKS)]


async def main():
    tasks = start(asyncio.get_running_loop())
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
