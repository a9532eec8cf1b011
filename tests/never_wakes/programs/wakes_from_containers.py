"""What a callback has stands behind iterators and wrappers of C types, some of which no table describes."""
import asyncio
import collections
import functools
import itertools
import operator
import queue
import types
import _case

TASKS = dict.fromkeys(("repeat", "cycle", "chain", "islice", "tee", "methodcaller", "ordered", "view", "zip", "reduce",
                       "deque", "simplequeue", "namespace", "proxy", "slice", "product"), "wakes")


class Slots:
    __slots__ = ("event",)


def wrap(event, name):
    """An object that has the event, and a function that gets it out again."""
    if name == "repeat":
        return itertools.repeat(event), next
    if name == "cycle":
        turn = itertools.cycle([event])
        next(turn)
        return turn, next
    if name == "chain":
        return itertools.chain([event], []), next
    if name == "islice":
        return itertools.islice([0, event], 1, None), next
    if name == "tee":
        left, right = itertools.tee(iter([event]))
        next(left)
        return right, next
    if name == "methodcaller":
        return operator.methodcaller("get", event, event), lambda call: call({})
    if name == "ordered":
        return collections.OrderedDict(a=event), lambda d: d["a"]
    if name == "view":
        return {"a": event}.values(), lambda view: next(iter(view))
    if name == "zip":
        return zip([event], [0]), lambda pairs: next(pairs)[0]
    if name == "reduce":
        return functools.partial(functools.reduce, lambda a, b: a, [event]), lambda call: call()
    if name == "deque":
        return iter(collections.deque([event])), next
    if name == "simplequeue":
        jobs = queue.SimpleQueue()
        jobs.put(event)
        return jobs, lambda q: q.get()
    if name == "namespace":
        slots = Slots()
        slots.event = types.SimpleNamespace(inner=event)
        return slots, lambda s: s.event.inner
    if name == "proxy":
        return types.MappingProxyType({"a": event}), lambda p: p["a"]
    if name == "slice":
        return slice(event), lambda s: s.stop
    return itertools.product([event], [1]), lambda p: next(p)[0]


async def wait(event, name):
    await event.wait()
    _case.woken(name)


def start(loop):
    events = {name: asyncio.Event() for name in TASKS}
    wrapped = [wrap(event, name) for name, event in events.items()]

    def go():
        loop.remove_reader(0)
        for thing, get in wrapped:
            get(thing).set()

    loop.add_reader(0, go)
    return [asyncio.create_task(wait(event, name), name=name) for name, event in events.items()]


async def main():
    tasks = start(asyncio.get_running_loop())
    await asyncio.sleep(0.01)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
