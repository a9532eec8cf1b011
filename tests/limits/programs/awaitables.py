"""The task "mixed" awaits through every kind of awaitable that can be written in Python:

  outer       async def
  bridge      @types.coroutine generator, with yield from
  Deferred    object whose __await__ is a generator function
  Plain       object whose __await__ returns another one's iterator
  agen        async generator, in an async for
  inner       async def, on a future
"""
import asyncio
import types

import park

ARGS = park.arguments()


async def inner():
    await asyncio.get_running_loop().create_future()


async def agen():
    await inner()
    yield 1


class Deferred:
    def __await__(self):
        return (yield from middle().__await__())


class Plain:
    def __await__(self):
        return Deferred().__await__()


async def middle():
    async for _ in agen():
        pass


@types.coroutine
def bridge():
    return (yield from wrapper())


async def wrapper():
    await Plain()


async def outer():
    await bridge()


async def main():
    task = asyncio.ensure_future(outer())
    task.set_name("mixed")
    await park.ready()


asyncio.run(main())
