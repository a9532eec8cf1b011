#!/usr/bin/env python3
"""A stand-in for asyncinspect that knows the answer: it turns a workload's truth
into the report that a right program would print.

It tests the tests.  It takes what the driver passes, finds the truth of a live
process through its command line and that of a core beside the core:

    fake.py report --json --pid PID
    fake.py report --json CORE
"""
import json
import os
import sys

STATES = {"PENDING": "pending", "FINISHED": "finished", "CANCELLED": "cancelled",
          "EXCEPTION": "failed"}


def _frame(entry):
    frame = "file" in entry
    return {"kind": entry["kind"] if frame else "awaitable", "address": entry["id"],
            "qualname": entry["qualname"], "file": entry.get("file"), "line": entry.get("line")}


def _wait(waiter, children):
    return waiter and {"kind": "future", "address": waiter["id"], "type": waiter["type"],
                       "done": waiter["done"], "on": None, "tasks": children,
                       "text": "Future", "wakes_by": None, "holders": [], "name": None,
                       "operation": None, "connection": None}


def _task(row):
    coroutine = row["coro_id"] and {"address": row["coro_id"], "type": "coroutine",
                                    "qualname": row["coro"]}
    return {"address": row["id"], "name": row["name"], "type": row["type"],
            "state": STATES[row["state"]], "running": row["running"], "loop": row["loop_id"],
            "coroutine": coroutine, "stack": [_frame(entry) for entry in row["stack"]],
            "waits_for": _wait(row["waiter"], []), "awaited_by": row["awaited_by"],
            "cancel_requests": 0, "must_cancel": False,
            "exception": row["exception"] and {"type": row["exception"], "text": "",
                                               "retrieved": False},
            "created": None}


def _coroutine(row):
    own = [] if "file" not in row else [
        {"kind": row.get("kind", "coroutine"), "address": row["id"], "qualname": row["qualname"],
         "file": row["file"], "line": row["line"]}]
    if "state" in row:
        state = row["state"][len("CORO_"):].lower()
    else:
        state = "suspended" if own else "closed"
    return {"address": row["id"], "type": row.get("kind", "coroutine"),
            "qualname": row["qualname"], "state": state, "task": row["task"], "stack": own}


def _orphan(row, details):
    own = details[row["id"]]
    edges = [{"from": holder["id"], "type": holder["type"], "edge": "[0]", "exact": True}
             for holder in row["referrers"]]
    path = row["path"] and [{"root": "module __main__", "edges": edges[:1], "text": row["path"]}]
    return {"address": row["id"], "type": "coroutine", "qualname": row["qualname"],
            "state": row["state"][len("CORO_"):].lower(), "file": own["file"],
            "line": own["line"], "arguments": [], "refcount": own["refcount"],
            "native_references": 0, "created": None, "referrers": edges,
            "paths": path or [], "garbage": not path, "retained_bytes": 0}


def _loop(address):
    return {"address": address, "type": "asyncio.unix_events._UnixSelectorEventLoop",
            "running": True, "closed": False, "stopping": False, "debug": False, "thread": None,
            "ready": 0, "scheduled": 0, "slow_callback_duration": 0.1, "doing": "polling",
            "current_task": None, "callback": None, "clock": None, "clock_is_bound": False,
            "busy_seconds": None, "overdue": None, "exception_handler": None,
            "default_executor": None, "async_generators": 0, "ready_handles": [], "timers": [],
            "descriptors": None, "signal_handlers": [], "held_by": []}


def report(truth, core=None):
    details = {row["id"]: row for row in truth["coroutines"]}
    return {
        "schema": "asyncinspect/1", "tool": {"name": "asyncinspect", "version": "0"},
        "target": {"kind": "core" if core else "live", "pid": truth["pid"], "core": core,
                   "executable": None, "python": ".".join(map(str, truth["version"])),
                   "architecture": "x86_64", "debug_build": False, "free_threaded": False,
                   "stopped_ms": None if core else 1.5, "copied_bytes": 0 if core else 4096,
                   "layouts": {"dwarf": 0, "debug-offsets": 0, "built-in": 0}, "unreadable": 0,
                   "origin_tracking_depth": 0, "tracemalloc": False,
                   "runtime_warning_filter": None},
        "interpreters": [],
        "threads": [{"address": hex(4096 + row["native_id"]), "native_id": row["native_id"],
                     "name": row["name"], "interpreter": 0, "loop": None, "frames": [],
                     "activity": None, "gil": None, "system_call": None,
                     "waits_for": None}
                    for row in truth["threads"]],
        "loops": [_loop(address) for address in sorted({t["loop_id"] for t in truth["tasks"]})],
        "tasks": [_task(row) for row in truth["tasks"]],
        "coroutines": [_coroutine(row) for row in
                       truth["coroutines"] + truth["async_generators"]],
        "orphans": [_orphan(row, details) for row in truth["orphans"]],
        "findings": [],
    }


def main(arguments):
    if "--pid" in arguments:
        core = None
        process = "/proc/" + arguments[arguments.index("--pid") + 1]
        with open(process + "/cmdline") as source:
            words = source.read().split("\0")
        path = words[words.index("--truth") + 1]
    else:
        core = arguments[-1]
        path = os.path.join(os.path.dirname(core), "truth.json")
    with open(path) as source:
        json.dump(report(json.load(source), core), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
