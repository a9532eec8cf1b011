#!/usr/bin/env python3
"""Does the truth test notice errors?  A test that cannot fail is no test.

Takes the truth of real workloads, lets fake.py make the right report of it, and
expects no difference; then plants one error after the other and expects each to
be found, with a line that names the thing that is wrong.

  selftest.py [--verbose]
"""
import copy
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)

import compare                                              # noqa: E402
import fake                                                 # noqa: E402
import same                                                 # noqa: E402
import schema                                               # noqa: E402
from harness.interpreters import Interpreter                # noqa: E402
from harness.tally import Tally                             # noqa: E402
from harness.workload import Workload                       # noqa: E402

SCHEMA = json.load(open(os.path.join(HERE, "asyncinspect-1.schema.json")))
FOREIGN = "0x10ff0"


def first(rows, **wanted):
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())][0]


def parked(report, frames=2):
    """A task with several frames and one awaiter, and its name."""
    return [t for t in report["tasks"] if t["awaited_by"] and
            sum(f["file"] is not None for f in t["stack"]) >= frames][0]


def orphan_in(report, text):
    return [o for o in report["orphans"] if o["paths"] and text in o["paths"][0]["text"]][0]


# Each plants one error and returns a word that the complaint must contain.

def missing_task(r):
    return r["tasks"].pop()["address"]


def invented_task(r):
    r["tasks"].append(dict(r["tasks"][0], address=FOREIGN))
    return FOREIGN


def task_listed_twice(r):
    r["tasks"].append(r["tasks"][0])
    return "twice"


def orphan_without_what_it_retains(r):
    del r["orphans"][0]["retained_bytes"]
    return "retained_bytes"


def loop_without_holders(r):
    del r["loops"][0]["held_by"]
    return "held_by"


def wrong_name(r):
    r["tasks"][0]["name"] += "x"
    return "name"


def wrong_task_type(r):
    r["tasks"][0]["type"] = "_asyncio.Future"
    return "type"


def wrong_task_state(r):
    r["tasks"][0]["state"] = "finished"
    return "state"


def wrong_task_loop(r):
    r["tasks"][0]["loop"] = FOREIGN
    return FOREIGN


def wrong_coroutine(r):
    r["tasks"][0]["coroutine"]["address"] = FOREIGN
    return FOREIGN


def no_coroutine(r):
    r["tasks"][0]["coroutine"] = None
    return "coroutine"


def invented_exception(r):
    r["tasks"][0]["exception"] = {"type": "KeyError", "text": "", "retrieved": True}
    return "KeyError"


def wrong_line(r):
    parked(r)["stack"][0]["line"] += 1
    return "frame 0"


def wrong_file(r):
    parked(r)["stack"][1]["file"] = "other.py"
    return "other.py"


def wrong_function(r):
    parked(r)["stack"][0]["qualname"] = "other"
    return "other"


def wrong_frame_object(r):
    parked(r)["stack"][0]["address"] = FOREIGN
    return FOREIGN


def frames_swapped(r):
    stack = parked(r)["stack"]
    stack[0], stack[1] = stack[1], stack[0]
    return "frame 0"


def frame_missing(r):
    del parked(r)["stack"][0]
    return "frame 0"


def innermost_frame_missing(r):
    stack = parked(r)["stack"]
    del stack[max(i for i, f in enumerate(stack) if f["file"] is not None)]
    return "ends before"


def frame_too_many(r):
    stack = parked(r)["stack"]
    stack.append(dict(stack[0]))
    return "too many"


def wrong_waiter(r):
    parked(r)["waits_for"]["address"] = FOREIGN
    return FOREIGN


def waiter_done(r):
    parked(r)["waits_for"]["done"] = True
    return "done"


def no_waiter(r):
    parked(r)["waits_for"] = None
    return "waits for"


def awaiter_missing(r):
    parked(r)["awaited_by"] = []
    return "awaited by"


def awaiter_invented(r):
    parked(r)["awaited_by"].append(FOREIGN)
    return FOREIGN


def coroutine_missing(r):
    return r["coroutines"].pop(0)["address"]


def coroutine_invented(r):
    r["coroutines"].append(dict(r["coroutines"][0], address=FOREIGN))
    return FOREIGN


def wrong_coroutine_state(r):
    first(r["coroutines"], state="created")["state"] = "suspended"
    return "state"


def wrong_coroutine_line(r):
    first(r["coroutines"], state="suspended")["stack"][0]["line"] += 1
    return "place"


def wrong_coroutine_task(r):
    first(r["coroutines"], task=None)["task"] = FOREIGN
    return FOREIGN


def async_generator_missing(r):
    row = first(r["coroutines"], type="async_generator")
    r["coroutines"].remove(row)
    return row["address"]


def async_generator_closed(r):
    first(r["coroutines"], type="async_generator")["state"] = "closed"
    return "closed"


def orphan_missing(r):
    return r["orphans"].pop()["address"]


def orphan_invented(r):
    r["orphans"].append(dict(r["orphans"][0], address=FOREIGN))
    return FOREIGN


def driven_generator_is_orphan(r):
    driven = [c for c in r["coroutines"] if c["type"] == "async_generator" and c["task"]][0]
    r["orphans"].append(dict(r["orphans"][0], type="async_generator",
                             address=driven["address"]))
    return driven["address"]


def wrong_orphan_state(r):
    first(r["orphans"], state="suspended")["state"] = "created"
    return "state"


def wrong_orphan_line(r):
    r["orphans"][0]["line"] += 1
    return "place"


def wrong_refcount(r):
    r["orphans"][0]["refcount"] += 1
    return "refcount"


def referrer_missing(r):
    return r["orphans"][0]["referrers"].pop()["from"]


def wrong_referrer(r):
    r["orphans"][0]["referrers"][0]["from"] = FOREIGN
    return FOREIGN


def guessed_referrer(r):
    r["orphans"][0]["referrers"][0]["exact"] = False
    return "missing"


def wrong_referrer_type(r):
    orphan_in(r, "PENDING[0]")["referrers"][0]["type"] = "set"
    return "type of referrer"


def invented_list_referrer(r):
    r["orphans"][0]["referrers"].append({"from": FOREIGN, "type": "list", "edge": "[0]",
                                         "exact": True})
    return FOREIGN


def wrong_index_in_path(r):
    orphan_in(r, "PENDING[0]")["paths"][0]["text"] = "__main__.PENDING[1]"
    return "PENDING[0]"


def wrong_holder_in_path(r):
    orphan_in(r, "session.deferred_")["paths"][0]["text"] = "__main__.APP"
    return "keep_session"


def no_path(r):
    orphan_in(r, "BACKLOG[")["paths"] = []
    return "no path"


def held_called_garbage(r):
    orphan_in(r, "INFLIGHT")["garbage"] = True
    return "garbage"


def garbage_called_held(r):
    first(r["orphans"], garbage=True)["garbage"] = False
    return "garbage"


def loop_missing(r):
    return r["loops"].pop()["address"]


def thread_missing(r):
    return str(r["threads"].pop()["native_id"])


def wrong_thread_name(r):
    r["threads"][0]["name"] = "other"
    return "other"


def thread_invented(r):
    r["threads"].append(dict(r["threads"][0], native_id=1, name="asyncio_x"))
    return "asyncio_x"


def unreadable_counted(r):
    r["target"]["unreadable"] = 1
    return "could not be read"


def unreadable_value(r):
    r["tasks"][0]["cancel_requests"] = {"unreadable": "not saved"}
    return "not saved"


def wrong_version(r):
    r["target"]["python"] = "3.7.99"
    return "3.7.99"


def tasks_absent(r):
    del r["tasks"]
    return "tasks"


PLANTED = [value for value in list(globals().values())
           if getattr(value, "__code__", None) and value.__code__.co_varnames[:1] == ("r",)]

# What the schema must refuse.
ILL_FORMED = {
    "schema name": lambda r: r.update(schema="asyncinspect/2"),
    "member missing": lambda r: r["tasks"][0].pop("must_cancel"),
    "address as number": lambda r: r["tasks"][0].update(loop=4096),
    "address in capitals": lambda r: r["tasks"][0].update(loop="0x7F00"),
    "unknown state": lambda r: r["tasks"][0].update(state="gone"),
    "boolean as text": lambda r: r["tasks"][0].update(running="false"),
    "object as text": lambda r: r["tasks"][0].update(exception="KeyError"),
    "frame without line": lambda r: r["tasks"][0]["stack"][0].pop("line"),
    "negative count": lambda r: r["orphans"][0].update(refcount=-1),
    "number as boolean": lambda r: r["orphans"][0].update(garbage=0),
    "array as object": lambda r: r.update(loops={}),
    "unknown rule": lambda r: r["findings"].append(
        {"rule": "odd", "severity": "info", "title": "t", "count": 1, "objects": [], "evidence": [],
         "inferred": False, "advice": ""}),
}

# What may differ between a process and its core, and what may not.
MAY_DIFFER = {
    "kind": lambda r: r["target"].update(kind="core"),
    "core": lambda r: r["target"].update(core="core.1"),
    "stopped_ms": lambda r: r["target"].update(stopped_ms=None),
    "time to a timer": lambda r: r["tasks"][0]["waits_for"].update(wakes_by="timer in 2.25 s"),
}
MUST_BE_SAME = {
    "order of tasks": lambda r: r["tasks"].reverse(),
    "a task less": lambda r: r["tasks"].pop(),
    "an address": lambda r: r["loops"][0].update(address=FOREIGN),
    "a member more": lambda r: r["target"].update(more=1),
    "null for false": lambda r: r["loops"][0].update(closed=None),
    "another waker": lambda r: r["tasks"][0]["waits_for"].update(wakes_by="task 0x1234"),
}


def truth_of(script, *arguments):
    here = Interpreter("this Python", sys.executable)
    with Workload(here, script, arguments) as workload:
        with open(workload.truth_path) as source:
            return json.load(source)


def spoiled(report, plant):
    report = copy.deepcopy(report)
    return report, plant(report)


def check_comparer(tally, truth, report):
    for plant in PLANTED:
        wrong, word = spoiled(report, plant)
        faults = compare.compare(truth, wrong).faults
        if any(word in fault for fault in faults):
            tally.ok("found: " + plant.__name__)
        else:
            tally.fail("planted " + plant.__name__,
                       "no complaint names %r, but %s" % (word, faults[:2]))

    blind, _ = spoiled(report, lambda r: r["orphans"][0]["referrers"].append(
        {"from": FOREIGN, "type": "tuple", "edge": "[0]", "exact": True}))
    result = compare.compare(truth, blind)
    if result.faults or len(result.allowed) != 1:
        tally.fail("untracked tuple as referrer", "not allowed: %s" % result.faults)
    else:
        tally.ok("allowed: untracked tuple as referrer")


def check_running(tally):
    """A running chain is only known to Python down to its first running coroutine."""
    truth = truth_of("bugs/blocked_loop.py")
    report = fake.report(truth)
    task = [t for t in report["tasks"] if t["running"]][0]
    task["stack"].append(dict(task["stack"][0], address=FOREIGN))
    moved = [c for c in report["coroutines"] if c["qualname"] == "render"][0]
    moved["stack"][0]["line"] += 1
    faults = compare.compare(truth, report).faults
    if faults:
        tally.fail("a running task with more frames than Python can see, at its next line", faults)
    else:
        tally.ok("a running task may have more frames and another line")


def check_schema(tally, report):
    faults = schema.faults(report, SCHEMA)
    if faults:
        tally.fail("schema, right report", faults)
    else:
        tally.ok("schema, right report")
    for name, plant in ILL_FORMED.items():
        if schema.faults(spoiled(report, plant)[0], SCHEMA):
            tally.ok("schema refuses: " + name)
        else:
            tally.fail("schema", "accepts: " + name)


def check_same(tally, report):
    base = copy.deepcopy(report)
    base["tasks"][0]["waits_for"]["wakes_by"] = "timer in 3.2 s"
    for name, plant in MAY_DIFFER.items():
        faults = same.differences(base, spoiled(base, plant)[0])
        if faults:
            tally.fail("same", ["%s may differ: %s" % (name, fault) for fault in faults])
        else:
            tally.ok("may differ: " + name)
    for name, plant in MUST_BE_SAME.items():
        if same.differences(base, spoiled(base, plant)[0]):
            tally.ok("must be the same: " + name)
        else:
            tally.fail("same", "does not notice: " + name)


def main():
    tally = Tally(verbose="--verbose" in sys.argv)
    truth = truth_of("service.py", "--tasks", "60", "--orphans", "28", "--orphan-kinds", "all",
                     "--loops", "2")
    report = fake.report(truth)
    faults = compare.compare(truth, report).faults
    if faults:
        tally.fail("the right report", faults)
        return tally.finish()
    tally.ok("the right report")
    check_comparer(tally, truth, report)
    check_running(tally)
    check_schema(tally, report)
    check_same(tally, report)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
