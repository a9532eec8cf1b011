"""Objects that hold each other in known ways, and what each of them retains, by definition.

The truth has, for every object of the structures below TOP and of the garbage that was
dropped, its type and the bytes that would be freed with it: the sum of sys.getsizeof()
over all that cannot be reached any more once it is gone.  Found with gc.get_referents(),
one search for each object, from those that something outside refers to: sys.getrefcount()
has more references than were found.
"""
import argparse
import builtins
import collections
import gc
import json
import os
import random
import signal
import sys
import types

PARSER = argparse.ArgumentParser()
PARSER.add_argument("--hold", type=float, default=600)
PARSER.add_argument("--truth")
PARSER.add_argument("--seed", type=int, default=1)
ARGS = PARSER.parse_args()

TOP = []            # everything that is alive hangs here


class Slotted:
    __slots__ = ("left", "right", "payload")

    def __init__(self, left=None, right=None, payload=None):
        self.left = left
        self.right = right
        self.payload = payload


class Plain:
    def __init__(self, **values):
        for name, value in values.items():
            setattr(self, name, value)


class Attributed:
    def __init__(self, first, second):
        self.first = first
        self.second = second


async def never_awaited(payload, *more):
    return payload, more


def stepping(payload):
    yield payload
    yield payload


def text(number, size=100):
    return "".join(["text-", str(number), "." * size])


def closure_over(value):
    def inner():
        return value
    return inner


def make_tree(depth):
    if not depth:
        return Slotted(payload=text(depth))
    return Slotted(make_tree(depth - 1), make_tree(depth - 1), 100000 + depth)


def make_chain(length):
    node, names = None, {}
    for number in range(length):
        name = text(number, 20)
        node = (node, name)
        names[text(number, 5)] = name
    return node, names


def make_diamond():
    shared = Slotted(payload=bytearray(5000))
    return Slotted(Slotted(shared, payload=text(1)), Slotted(shared, payload=text(2)))


def make_cycle(size):
    nodes = [Slotted(payload=text(number)) for number in range(size)]
    for number, node in enumerate(nodes):
        node.left = nodes[(number + 1) % size]
    return nodes[0]


def make_random(count):
    """Objects of every kind, each referring to some of the others."""
    chance = random.Random(ARGS.seed)
    made, texts = [], [text(number) for number in range(count)]
    for number in range(count):
        pick = [chance.choice(made) if made and chance.random() < 0.7 else chance.choice(texts)
                for _ in range(chance.randrange(4))]
        kind = number % 8
        made.append(
            list(pick) if kind == 0 else
            tuple(pick + [text(number)]) if kind == 1 else
            {text(number, 3) + str(at): item for at, item in enumerate(pick)} if kind == 2 else
            Slotted(*pick[:3]) if kind == 3 else
            Attributed(pick, None) if kind == 4 else
            collections.deque(pick) if kind == 5 else
            {1000000 + number: pick} if kind == 6 else
            frozenset([text(number), number * 1.5]))
    for _ in range(count // 4):                         # ways back
        lists = [item for item in made if type(item) is list]
        chance.choice(lists).append(chance.choice(made))
    chance.shuffle(made)
    return made[:max(1, count // 20)] + [item for item in made if type(item) is deque_type][:2]


deque_type = collections.deque


def build():
    shared = text("shared", 1000)
    coroutine = never_awaited(bytearray(3000), [text(1)], shared)
    generator = stepping([text(2), shared])
    next(generator)
    TOP.extend([
        make_tree(5), make_chain(300), make_diamond(), make_cycle(7), make_random(400),
        [shared], {"only": bytearray(700)}, coroutine, [generator],
        closure_over(bytearray(900)), Plain(value=text(3), other=[text(4)]),
        set(text(number) for number in range(50)), Attributed([text(5)], 12345678901234567890),
        collections.OrderedDict([(text(6), bytearray(10))]), collections.defaultdict(list, a=[text(7)]),
    ])


def build_garbage():
    inside = Slotted(payload=bytearray(2000))
    knot = make_cycle(3)
    knot.right = inside
    knot.left.right = Slotted(payload=[text(8)])
    knot.left.payload = TOP[6]                          # garbage holds nothing that is alive
    other = make_cycle(2)
    other.right = inside
    self_held = [text(9)]
    self_held.append(self_held)
    return [knot, other, self_held]


# --- the truth ---------------------------------------------------------------

KINDS = (list, dict, tuple, set, frozenset, str, bytes, bytearray, int, float, collections.deque,
         collections.OrderedDict, collections.defaultdict, types.CoroutineType,
         types.GeneratorType, types.FunctionType, types.CellType, types.FrameType,
         Slotted, Plain, Attributed) if hasattr(types, "CellType") else ()


def references(thing):
    found = gc.get_referents(thing)
    if isinstance(thing, dict):
        for key in thing:               # of a dict of strings only the values are visited
            if type(key) is str and not any(item is key for item in found):
                found.append(key)
    return found


def closure(start):
    objects, known, at = [], {}, 0
    for thing in start:
        known[id(thing)] = len(objects)
        objects.append(thing)
    while at < len(objects):
        for item in references(objects[at]):
            if (type(item) in KINDS and item is not NAMES and item is not vars(builtins)
                    and id(item) not in known):
                known[id(item)] = len(objects)
                objects.append(item)
        at += 1
    return objects, known


def edges_of(objects, known):
    return [[known[id(item)] for item in references(thing) if id(item) in known]
            for thing in objects]


def held_outside(objects, edges):
    """Indices of objects that have more references than were found."""
    probe = [object()]
    base = sys.getrefcount(probe[0])
    found = [0] * len(objects)
    for targets in edges:
        for target in targets:
            found[target] += 1
    return {number for number in range(len(objects))
            if sys.getrefcount(objects[number]) - base > found[number]}


def reached(roots, edges, without=None):
    met = set(roots) - {without}
    waiting = list(met)
    while waiting:
        for target in edges[waiting.pop()]:
            if target != without and target not in met:
                met.add(target)
                waiting.append(target)
    return met


def retained(roots, edges, sizes):
    everything = reached(roots, edges)
    return {number: sum(sizes[lost] for lost in everything - reached(roots, edges, number))
            for number in everything}


def cycles_on_top(edges):
    """Of garbage: what leads to nothing but what leads to it as well."""
    below = [reached([number], edges) for number in range(len(edges))]
    return {number for number in range(len(edges))
            if all(other in below[number] for other in range(len(edges))
                   if number in below[other])}


def truth_of(objects, edges, roots, only=None):
    sizes = [sys.getsizeof(thing) for thing in objects]
    if only is not None:
        sizes = [size if number in only else 0 for number, size in enumerate(sizes)]
    bytes_of = retained(roots, edges, sizes)
    return [{"address": hex(id(objects[number])), "type": type(objects[number]).__name__,
             "retained": bytes_of[number]}
            for number in sorted(bytes_of) if only is None or number in only]


COUNTED = (Slotted, Plain, Attributed, bytearray, frozenset, collections.deque,
           types.CoroutineType, types.GeneratorType)


def census():
    """How many objects of some types there are, tracked or led to, and their bytes."""
    known, waiting = set(), gc.get_objects()
    counts = {kind.__name__: [0, 0] for kind in COUNTED}
    while waiting:
        thing = waiting.pop()
        if id(thing) in known or thing is waiting or thing is known:
            continue
        known.add(id(thing))
        if type(thing) in COUNTED:
            row = counts[type(thing).__name__]
            row[0] += 1
            row[1] += sys.getsizeof(thing)
        waiting.extend(gc.get_referents(thing))
    return counts


NAMES = globals()


def main():
    gc.disable()
    build()
    rows = []
    if ARGS.truth:
        objects, known = closure(TOP)
        edges = edges_of(objects, known)
        roots = held_outside(objects, edges)
        rows += truth_of(objects, edges, roots)
        alive = set(known)
        del objects, known, edges, roots
        waste = build_garbage()
        objects, known = closure(waste)
        dead = {number for number, thing in enumerate(objects) if id(thing) not in alive}
        edges = [[target for target in targets if target in dead] if number in dead else []
                 for number, targets in enumerate(edges_of(objects, known))]
        tops = cycles_on_top(edges) & dead
        rows += truth_of(objects, edges, tops, dead)
        del objects, known, edges, waste
        with open(ARGS.truth, "w") as out:
            json.dump({"objects": rows, "census": census()}, out)
    del rows
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.alarm(int(ARGS.hold))
    print("READY", os.getpid(), flush=True)
    while True:
        signal.pause()


main()
