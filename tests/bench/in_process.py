"""What the same questions cost inside a program, with the collector's own means.

  in_process.py HEAP_OBJECTS [fresh|shuffled [OBJGRAPH]]    prints a JSON object of milliseconds

OBJGRAPH is the file of that module, for a Python that has none.

The heap is that of workloads/service.py, with one coroutine that nobody awaits, in a
list of a dictionary.
"""
import gc
import importlib.util
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "workloads"))

import service                                              # noqa: E402


async def lost():
    pass


ORPHANS = {"job": [lost()]}


def milliseconds(function):
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1000


def find_objgraph():
    try:
        import objgraph
    except ImportError:
        pass
    else:
        return objgraph
    if len(sys.argv) < 4 or not sys.argv[3]:
        return None
    spec = importlib.util.spec_from_file_location("objgraph", sys.argv[3])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def least(function):
    return min(milliseconds(function) for _ in range(3))


def main():
    objgraph = find_objgraph()
    service.make_heap(int(sys.argv[1]))
    if "shuffled" in sys.argv[2:3]:
        service.shuffle_heap()
    gc.collect()
    gc.disable()
    orphan = ORPHANS["job"][0]
    answer = {"gc.get_objects()": least(gc.get_objects),
              "gc.get_referrers(orphan)": least(lambda: gc.get_referrers(orphan))}
    if objgraph:
        answer["objgraph.find_backref_chain(orphan)"] = least(
            lambda: objgraph.find_backref_chain(orphan, objgraph.is_proper_module))
    print(json.dumps(answer))
    orphan.close()


if __name__ == "__main__":
    main()
