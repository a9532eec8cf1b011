"""Has an object of each kind whose layout this program knows, in every state that tells something, and parks.

  one_of_each.py --hold SECONDS

The more there is to look at, the fewer tables of layouts can be wrong and pass.
Everything hangs at KEEP, or at a local of a frame that stays.
"""
import argparse
import asyncio
import collections
import contextvars
import functools
import gc                                                   # noqa: F401  up to 3.9 it makes its lists
import itertools
import os
import sys
import threading
import types
import warnings
import weakref

PARSER = argparse.ArgumentParser()
PARSER.add_argument("--hold", type=float, default=3600)
ARGS = PARSER.parse_args()
KEEP = {}
VARIABLES = [contextvars.ContextVar("variable %d" % i, default=None if i % 2 else i) for i in range(64)]
warnings.simplefilter("ignore")


class Slots:
    __slots__ = ("one", "two")


class Plain:
    """A class with annotations, a closure, a property."""

    def __init__(self, number):
        self.number = number
        self.text = "text %d" % number
        self.more = [number]

    def method(self, first: int, second: str = "a", *, third: float = 1.5) -> None:
        """What it does."""

    @property
    def value(self):
        """The value."""
        return self.number

    named = property(value.fget, value.fset, value.fdel, "its text")
    static = staticmethod(method)
    of_class = classmethod(method)

    def up(self):
        return super()


class Awaitable:
    def __await__(self):
        return (yield from asyncio.get_running_loop().create_future().__await__())


def numbers(count):
    for number in range(count):
        yield number


async def later(number):
    await asyncio.sleep(3600)
    return number


async def chatter():
    try:
        while True:
            yield 1
    finally:
        await asyncio.sleep(3600)


@types.coroutine
def bare():
    yield


def failing(depth):
    if depth:
        return failing(depth - 1)
    try:
        raise KeyError("inner")
    except KeyError as inner:
        raise ValueError("outer") from inner


def closing(one, two=None):
    def inner():
        return one, two
    return inner


@functools.lru_cache(maxsize=8)
def cached(number):
    return [number]


@functools.lru_cache(maxsize=None)
def cached_forever(number):
    return [number]


def containers():
    plain = [Plain(i) for i in range(16)]
    KEEP["plain"] = plain
    KEEP["dicts of plain"] = [vars(one) for one in plain[:12]]
    KEEP["slots"] = [Slots() for _ in range(4)]
    KEEP["general dicts"] = [{(i, k): "v" for k in range(i + 1)} for i in range(12)]
    KEEP["sets"] = [set(range(i * 3)) for i in range(1, 12)] + [set("abc") - {"a"}]
    KEEP["frozen"] = frozenset("abcdef")
    KEEP["deques"] = [collections.deque(range(200)), collections.deque("abc", maxlen=9),
                      collections.deque(range(70, 80))] + [
                          collections.deque(str(k) for k in range(i)) for i in range(2, 9)]
    KEEP["defaultdict"] = collections.defaultdict(list, a=[1])
    KEEP["ordered"] = collections.OrderedDict(a=1)
    KEEP["bytes"] = [bytearray(b"some bytes in an array"), bytearray(100), b"bytes"]
    KEEP["array that was cut"] = cut = bytearray(b"0123456789" * 20)
    del cut[:50]
    KEEP["texts"] = ["caf\u00e9 %d" % 1, "\u20ac %d" % 2, "\U0001f600 %d" % 3]
    KEEP["numbers"] = [1.5, 2j + 1, 1 << 100]


def callables():
    KEEP["partials"] = [functools.partial(failing, i, x=i) for i in range(3)]
    KEEP["closures"] = [closing(i) for i in range(3)]
    KEEP["methods"] = [KEEP["plain"][0].method, [].append, "".join, KEEP["plain"][0].__repr__,
                       [].__len__, str.join, str.__dict__, type.__dict__["__mro__"]]
    KEEP["super"] = [one.up() for one in KEEP["plain"][:3]]
    KEEP["lru"] = cached, cached_forever
    for number in range(20):
        cached(number), cached_forever(number)
    KEEP["weak"] = [weakref.ref(one, print) for one in KEEP["plain"]] + [
        weakref.proxy(KEEP["plain"][0])]
    KEEP["slices"] = [slice(1, 2, 3), slice(None)]
    KEEP["namespace"] = types.SimpleNamespace(a=1)
    KEEP["proxy"] = types.MappingProxyType({"a": 1})
    if sys.version_info >= (3, 9):
        alias = list[int], dict[str, int]
        KEEP["aliases"] = [(one, one.__parameters__) for one in alias]
    if sys.version_info >= (3, 10):
        KEEP["unions"] = [(int | str, (int | str).__parameters__), int | None]


def iterators():
    made = [iter([1, 2]), reversed([1, 2]), iter((1, 2)), iter("ab"), iter({1: 2, 3: 4}), iter({1: 2, 3: 4, 5: 6}.items()),
            iter({1, 2}), {1: 2}.keys(), {1: 2}.items(), iter(collections.deque("ab")),
            enumerate("ab"), reversed("ab"), map(int, "12"), filter(None, [1, 2]), zip("ab", "cd"),
            itertools.chain("ab", "cd"), iter(int, 1)]

    class Sequence:
        def __getitem__(self, index):
            return index

    made.append(iter(Sequence()))
    for one in made:
        if hasattr(one, "__next__"):
            next(one, None)
    KEEP["iterators"] = made
    KEEP["generators"] = [numbers(9) for _ in range(6)]
    for one in KEEP["generators"][2:]:
        next(one)
    KEEP["finished"] = numbers(0)
    next(KEEP["finished"], None)


def contexts():
    def fill(variables):
        tokens = [variable.set([variable]) for variable in variables]
        KEEP.setdefault("tokens", []).extend(tokens)
        return contextvars.copy_context()

    KEEP["contexts"] = [contextvars.Context().run(fill, VARIABLES[:count]) for count in (1, 5, 40, 64)]


def failures():
    try:
        failing(3)
    except ValueError as error:
        KEEP["error"] = error
        KEEP["frames"] = [error.__traceback__.tb_frame, error.__traceback__.tb_next.tb_frame]
    try:
        failing(0)
    except ValueError as error:
        KEEP["error again"] = error
        if hasattr(error, "add_note"):
            error.add_note("a note")


def thread_in_except(ready, forever):
    """Handles an exception, in a generator that executes, for as long as the process lives."""
    def wait():
        try:
            raise LookupError("handled")
        except LookupError:
            ready.set()
            yield forever.wait()

    next(wait())


def subinterpreter():
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            module = __import__(name)
            KEEP["interpreter"] = module.create()
            return
        except (ImportError, AttributeError, RuntimeError):
            continue


async def main():
    loop = asyncio.get_running_loop()
    KEEP["futures"] = [loop.create_future() for _ in range(5)]
    KEEP["futures"][0].set_result("the result")
    KEEP["futures"][1].cancel()
    KEEP["futures"][2].set_exception(ValueError("not retrieved"))
    for future in KEEP["futures"][3:]:
        future.add_done_callback(print)
        future.add_done_callback(repr)
    KEEP["tasks"] = [loop.create_task(later(i)) for i in range(4)]
    KEEP["tasks"].append(loop.create_task(asyncio.wait_for(later(9), 3600)))

    async def fail():
        raise RuntimeError("of a task")

    async def awaits():
        await Awaitable()

    async def stubborn():
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                pass

    KEEP["tasks"] += [loop.create_task(one()) for one in (fail, awaits, stubborn)]
    KEEP["done"] = loop.create_task(asyncio.sleep(0, "done"))
    KEEP["cancelled"] = loop.create_task(later(5))
    await asyncio.sleep(0)
    KEEP["cancelled"].cancel("a message") if sys.version_info >= (3, 9) else KEEP["cancelled"].cancel()
    KEEP["tasks"][-1].cancel()
    await asyncio.sleep(0)
    KEEP["coroutines"] = [later(i) for i in range(4)] + [bare()]
    KEEP["wrapper"] = later(7).__await__()
    KEEP["async generators"] = [chatter() for _ in range(3)]
    for one in KEEP["async generators"]:
        await one.__anext__()
    KEEP["asend"] = [one.asend(None) for one in KEEP["async generators"][:2]]
    KEEP["athrow"] = [one.athrow(ValueError) for one in KEEP["async generators"][2:]]
    if sys.version_info >= (3, 10):
        KEEP["anext"] = [anext(one, "default") for one in KEEP["async generators"][2:]]
    KEEP["future iterator"] = loop.create_future().__await__()
    await asyncio.sleep(0.01)
    loop.call_later(ARGS.hold, os._exit, 0)
    print("READY", os.getpid(), flush=True)
    await loop.create_future()


if __name__ == "__main__":
    sys.set_coroutine_origin_tracking_depth(2)
    for part in (containers, callables, iterators, contexts, failures, subinterpreter):
        part()
    is_ready = threading.Event()
    threading.Thread(target=thread_in_except, args=(is_ready, threading.Event()), daemon=True).start()
    is_ready.wait()
    asyncio.run(main())
