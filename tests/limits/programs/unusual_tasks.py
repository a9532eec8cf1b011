"""Tasks of a subclass made by a task factory, eager ones, renamed ones, one with huge arguments, and one
that is not made yet."""
import asyncio

import park

ARGS = park.arguments()


class TracedTask(asyncio.Task):
    """A subclass with members of its own."""

    def __init__(self, *args, **kwargs):
        self.trace = ["made"]
        super().__init__(*args, **kwargs)

    @property
    def _coro(self):            # what a debugger must not fall for
        raise RuntimeError("nobody may call this")


class SlottedTask(asyncio.Task):
    __slots__ = ("trace", "more")


async def idle(*_):
    await asyncio.get_running_loop().create_future()


def nested(levels):
    found = []
    for _ in range(levels):
        found = [found]
    return found


async def main():
    loop = asyncio.get_running_loop()
    tasks = []
    loop.set_task_factory(lambda loop, coro, **options: TracedTask(coro, loop=loop, **options))
    tasks.append(asyncio.ensure_future(idle()))
    tasks[-1].set_name("by-factory")
    loop.set_task_factory(None)
    tasks.append(SlottedTask(idle(), loop=loop, name="slotted"))

    tasks.append(loop.create_task(idle(), name="first name"))
    await asyncio.sleep(0)
    tasks[-1].set_name("second name")
    tasks.append(loop.create_task(idle(), name="n" * 100000))
    tasks.append(loop.create_task(idle(), name="bell\a escape\x1b[31m line\nbreak \u202e \udc80 \U0001f40d"))
    tasks.append(loop.create_task(idle()))
    tasks[-1].set_name(17)

    huge = idle("x" * 10000000, list(range(1000000)), nested(100000), 10 ** 20000,
                {number: str(number) for number in range(100000)})
    tasks.append(loop.create_task(huge, name="huge"))

    tasks.append(asyncio.Task.__new__(asyncio.Task))    # as one that is being made: it is no task yet

    if hasattr(asyncio, "eager_task_factory"):
        loop.set_task_factory(asyncio.eager_task_factory)
        tasks.append(loop.create_task(idle(), name="eager"))
        loop.set_task_factory(asyncio.create_eager_task_factory(TracedTask))
        tasks.append(loop.create_task(idle(), name="eager-subclass"))
        loop.set_task_factory(None)
    await park.ready()


asyncio.run(main())
