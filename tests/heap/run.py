#!/usr/bin/env python3
"""The heap as a graph: what the tool says of programs that know what their objects retain.

  run.py                                   every interpreter
  run.py --python 3.12 --only retained     while developing

Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import argparse
import json
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from harness import interpreters                            # noqa: E402
from harness.tally import Tally                             # noqa: E402
from harness.tool import DEFAULT, Tool                      # noqa: E402
from harness.workload import Broken, Skipped, Workload      # noqa: E402

PROGRAMS = os.path.join(HERE, "programs")
TESTS = []
# Faults that are printed of one test.
SHOWN = 8


def test(function):
    """Declares a test; its name is its promise.  It returns its faults."""
    TESTS.append(function)
    return function


class Case:
    def __init__(self, tool, interpreter):
        self.tool = tool
        self.interpreter = interpreter

    def json(self, *arguments):
        result = self.tool.run(*arguments, "--json", env=self.tool.cache_of(self.interpreter.name))
        if result.status != 0 or result.err:
            raise Broken("%s: status %d, %s" % (" ".join(map(str, arguments)), result.status,
                                                result.complaint.strip()[-300:]))
        return result.json()


def compare_retained(case, truth, target):
    faults = []
    by_type = {}
    for row in truth["objects"]:
        by_type.setdefault(row["type"], {})[row["address"]] = row["retained"]
    for kind in sorted(by_type):
        name = full_name(kind)
        said = {row["address"]: row["retained_bytes"]
                for row in case.json("refs", "--type", name, "--paths", 1, "--limit", 100000,
                                     *target)["objects"]}
        for address, expected in by_type[kind].items():
            if said.get(address) != expected:
                faults.append("%s %s: Python says %d bytes, asyncinspect says %s"
                              % (kind, address, expected, said.get(address)))
    return faults


@test
def retained_sizes_are_those_of_the_definition(case):
    with Workload(case.interpreter, "retained.py", [], folder=PROGRAMS) as program:
        program.settle()
        with open(program.truth_path) as source:
            truth = json.load(source)
        faults = compare_retained(case, truth, ["--pid", program.pid])
        if case.interpreter.root == "/":
            faults += compare_retained(case, truth, [program.abort()])
    return faults


def full_name(kind):
    return {"deque": "collections.deque"}.get(
        kind, "__main__." + kind if kind[0].isupper() and kind != "OrderedDict" else kind)


@test
def heap_counts_objects_by_type(case):
    with Workload(case.interpreter, "retained.py", [], folder=PROGRAMS) as program:
        program.settle()
        with open(program.truth_path) as source:
            truth = json.load(source)
        said = case.json("heap", "--pid", program.pid)
        by_count = case.json("heap", "--sort", "count", "--pid", program.pid)["heap"]
        text = case.tool.run("heap", "--limit", "3", "--pid", program.pid).text
    rows = {row["type"]: [row["count"], row["bytes"]] for row in said["heap"]}
    faults = ["%s: Python says %s, asyncinspect says %s" % (kind, counts, rows.get(full_name(kind)))
              for kind, counts in truth["census"].items() if rows.get(full_name(kind)) != counts]
    for key in ("count", "bytes"):
        if said["heap_total"][key] != sum(row[key] for row in said["heap"]):
            faults.append("heap_total: %s is not the sum of the rows" % key)
    if [row["bytes"] for row in said["heap"]] != sorted(
            (row["bytes"] for row in said["heap"]), reverse=True):
        faults.append("not the largest first")
    if [row["count"] for row in by_count] != sorted(
            (row["count"] for row in by_count), reverse=True):
        faults.append("--sort count: not the most first")
    if "(%d other types" % (len(said["heap"]) - 3) not in text or len(text.splitlines()) != 7:
        faults.append("--limit 3: %s" % text)
    return faults


@test
def references_from_native_code_are_counted_and_found(case):
    """One object in memory that ctypes allocated, one in a variable of C, one on a stack."""
    with Workload(case.interpreter, "native.py", [], folder=PROGRAMS) as program:
        program.settle()
        with open(program.truth_path) as source:
            truth = json.load(source)
        said = {name: case.json("refs", row["address"], "--pid", program.pid)["object"]
                for name, row in truth.items()}
        held = case.json("path", truth["memory"]["address"], "--pid", program.pid)["object"]
        text = case.tool.run("refs", truth["data"]["address"], "--pid", program.pid).text
    faults = []
    # From 3.14 on a frame that calls something has written where its stack ends.
    if "<stack>" in [edge["edge"] for edge in said["stack"]["referrers"]]:
        del truth["stack"]
    for name, row in truth.items():
        if said[name]["native_references"] != row["native"]:
            faults.append("%s: %d native references, not %d" % (
                name, said[name]["native_references"], row["native"]))
        places = said[name]["native_places"]
        if row["native"] and not any(
                place["kind"] in row["kinds"] and row["where"] in (None, place["address"])
                for place in places):
            faults.append("%s: not among the places: %s" % (name, places))
        if not row["native"] and places:
            faults.append("%s: has places: %s" % (name, places))
    if [edge["edge"] for edge in said["label"]["referrers"]] != ["<local label>"]:
        faults.append("label: %s" % said["label"]["referrers"])
    if held["garbage"] or [path["root"] for path in held["paths"]] != ["native code"]:
        faults.append("memory: paths %s" % held["paths"])
    if "PyOS_InputHook" not in text:
        faults.append("the variable is not named: %s" % text)
    return faults


def words(text):
    return [part for part in text.split(",") if part]


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, help="the program to test")
    parser.add_argument("--python", type=words, metavar="NAME,...",
                        help="these interpreters only")
    parser.add_argument("--require", type=words, default=[], metavar="NAME,...",
                        help="a missing one of these fails instead of being skipped")
    parser.add_argument("--interpreters", metavar="FILE")
    parser.add_argument("--only", type=words, metavar="WORD,...")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def run_one(tally, case, function):
    name = "%s %s" % (case.interpreter.name, function.__name__.replace("_", " "))
    try:
        faults = function(case)
    except Skipped as reason:
        tally.skip(name, str(reason))
    except Broken as trouble:
        tally.fail(name, ["the test itself: %s" % trouble])
    else:
        if faults:
            tally.fail(name, faults[:SHOWN] + (["and %d more" % (len(faults) - SHOWN)]
                                               if len(faults) > SHOWN else []))
        else:
            tally.ok(name)


def main():
    args = parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tally = Tally(verbose=args.verbose)
    usable, absent = interpreters.select(
        interpreters.discover(args.interpreters), args.python, args.require)
    for name, reason, is_failure in absent:
        (tally.fail if is_failure else tally.skip)("interpreter " + name, reason)
    tool = Tool(args.tool)
    try:
        if not tool.exists():
            tally.fail("asyncinspect", "%s is not there: run make" % tool.command[0])
            return tally.finish()
        for function in TESTS:
            if args.only and not any(word in function.__name__ for word in args.only):
                continue
            for interpreter in usable:
                run_one(tally, Case(tool, interpreter), function)
    finally:
        tool.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
