"""What the same questions cost inside a program, with the collector's own means.

  in_process.py HEAP_OBJECTS      prints a JSON object of milliseconds

The heap is that of workloads/service.py, with one coroutine that nobody awaits, in a
list of a dictionary.
"""
import gc
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


def main():
    service.make_heap(int(sys.argv[1]))
    gc.disable()
    orphan = ORPHANS["job"][0]
    answer = {"gc.get_objects()": min(milliseconds(gc.get_objects) for _ in range(3)),
              "gc.get_referrers(one orphan)": min(milliseconds(lambda: gc.get_referrers(orphan))
                                                  for _ in range(3))}
    try:
        import objgraph
    except ImportError:
        pass
    else:
        answer["objgraph.find_backref_chain(one orphan)"] = milliseconds(
            lambda: objgraph.find_backref_chain(orphan, objgraph.is_proper_module))
    print(json.dumps(answer))
    orphan.close()


if __name__ == "__main__":
    main()
