"""A function in C is in the middle of its work in a thread, and it alone has the event: in a list that list() makes,
as the value so far of reduce(), as an argument of sorted()."""
import asyncio
import functools
import sys
import threading
import _case

TASKS = {"list": "wakes", "reduce": "wakes", "dict": "wakes"}


def give_and_block(box, go):
    yield box.pop()
    go.wait()


def in_list(box, go):
    return list(give_and_block(box, go))[0]


def in_reduce(box, go):
    def combine(event, _):
        box.append(event) if go.is_set() else None
        return event

    def values():
        yield box.pop()
        yield 0
        go.wait()
        yield 0

    return functools.reduce(combine, values())


def in_dict(box, go):
    return next(iter(dict.fromkeys(give_and_block(box, go))))


def run(loop, function, box, go):
    event = function(box, go)
    loop.call_soon_threadsafe(event.set)


async def wait(function, name, go):
    event = asyncio.Event()
    threading.Thread(target=run, args=(asyncio.get_running_loop(), function, [event], go), daemon=True).start()
    await event.wait()
    _case.woken(name)


def read(go):
    sys.stdin.readline()
    go.set()


async def main():
    go = threading.Event()
    tasks = [asyncio.create_task(wait(function, name, go), name=name)
             for name, function in (("list", in_list), ("reduce", in_reduce), ("dict", in_dict))]
    threading.Thread(target=read, args=(go,), daemon=True).start()
    await asyncio.sleep(0.1)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
