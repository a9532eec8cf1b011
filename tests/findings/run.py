#!/usr/bin/env python3
"""The findings test: each program with a bug is told to have that bug, and no other.

Every program of workloads/bugs runs on every version of CPython that is there, and is
inspected while it runs and in the core that the kernel writes as SIGABRT ends it.  What
expected.py says of it has to be found, with the very objects, and no further error or
warning.

  run.py                                       everything
  run.py --python 3.12 --only deadlock         while developing
  run.py --require 3.11,debian-3.14            a missing one is a failure

Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import argparse
import concurrent.futures
import glob
import json
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)

import expected                                             # noqa: E402
from harness import interpreters                            # noqa: E402
from harness.tally import Tally                             # noqa: E402
from harness.tool import DEFAULT, Tool                      # noqa: E402
from harness.workload import Broken, Skipped, WORKLOADS, Workload    # noqa: E402

KINDS = ("live", "core")
VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "debian-3.14", "debian-3.15")


def addresses(truth, name):
    """What a name in expected.py stands for; raises LookupError when it is nothing."""
    def some(found):
        if not found:
            raise LookupError("the program has no %s" % name)
        return found

    if name.startswith("task of "):
        return some([task["id"] for task in truth["tasks"] if task["coro"] == name[8:]])
    if name.startswith("loop of "):
        return some([task["loop_id"] for task in truth["tasks"] if task["name"] == name[8:]])
    if name.startswith("task "):
        return some([task["id"] for task in truth["tasks"] if task["name"] == name[5:]])
    if name.startswith("orphan "):
        return some([orphan["id"] for orphan in truth["orphans"]
                     if orphan["qualname"] == name[7:]])
    if name.startswith("agen "):
        return some([agen["id"] for agen in truth["async_generators"]
                     if agen["qualname"] == name[5:]])
    raise LookupError("a name of no known kind: %s" % name)


def known_objects(truth):
    return ({task["id"] for task in truth["tasks"]}
            | {task["loop_id"] for task in truth["tasks"]}
            | {row["id"] for row in truth["coroutines"] + truth["async_generators"]})


def fits(truth, finding, wanted):
    rule, severity, names = wanted
    named = {address for name in names if name != "other" for address in addresses(truth, name)}
    said = set(finding["objects"])
    others = said - named
    return (finding["rule"] == rule and finding["severity"] == severity and named <= said
            and len(said) == len(finding["objects"])
            and len(others) == names.count("other") and not others & known_objects(truth))


def show(finding):
    return "%s (%s) %s %s" % (finding["rule"], finding["severity"], finding["title"],
                              finding["objects"])


def faults_of(truth, findings, wanted):
    left = list(findings)
    faults = []
    for want in wanted:
        match = next((finding for finding in left if fits(truth, finding, want)), None)
        if match is None:
            faults.append("no %s (%s) of %s" % (want[0], want[1], ", ".join(want[2])))
            continue
        left.remove(match)
        if not match["evidence"] or not match["advice"]:
            faults.append("%s without evidence or advice" % show(match))
    return faults + ["not expected: %s" % show(finding) for finding in left
                     if finding["severity"] != "info"]


def inspect(tool, interpreter, arguments):
    result = tool.run("report", "--json", *arguments, env=tool.cache_of(interpreter.name))
    if result.crashed():
        raise Broken(result.crashed())
    if result.status != 0:
        raise Broken("exit status %d: %s" % (result.status, result.complaint.strip()[-400:]))
    return result.json()["findings"]


def target_of(interpreter, workload, kind):
    if kind == "live":
        return ["--pid", workload.pid]
    core = workload.abort()
    return [core] if interpreter.root == "/" else ["--sysroot", interpreter.root, core]


def run_case(tool, interpreter, program, kinds):
    """[(name, faults, reason of a skip)]"""
    name = "%s %s" % (interpreter.name, program)
    outcomes = []
    try:
        with Workload(interpreter, os.path.join("bugs", program + ".py")) as workload:
            with open(workload.truth_path) as source:
                truth = json.load(source)
            workload.settle()
            for kind in kinds:
                try:
                    found = inspect(tool, interpreter, target_of(interpreter, workload, kind))
                except Skipped as reason:
                    outcomes.append(("%s %s" % (name, kind), [], str(reason)))
                    continue
                wanted = expected.expected(program, interpreter.version)
                outcomes.append(("%s %s" % (name, kind), faults_of(truth, found, wanted), None))
    except (Broken, OSError, LookupError, ValueError) as trouble:
        outcomes.append((name, ["the test itself: %s: %s" % (type(trouble).__name__, trouble)],
                         None))
    return outcomes


def programs(only):
    found = [os.path.splitext(os.path.basename(path))[0]
             for path in sorted(glob.glob(os.path.join(WORKLOADS, "bugs", "[a-z]*.py")))]
    return [name for name in found if not only or any(word in name for word in only)]


def words(text):
    return [part for part in text.split(",") if part]


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, help="the program to test")
    parser.add_argument("--python", type=words, default=list(VERSIONS), metavar="NAME,...",
                        help="these interpreters only")
    parser.add_argument("--require", type=words, default=[], metavar="NAME,...",
                        help="a missing one of these fails instead of being skipped")
    parser.add_argument("--interpreters", metavar="FILE",
                        help="more interpreters, see harness/interpreters.py")
    parser.add_argument("--only", type=words, metavar="WORD,...")
    parser.add_argument("--kind", type=words, default=list(KINDS), metavar="KIND,...")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--verbose", action="store_true", help="a line for what passed as well")
    return parser.parse_args()


def main():
    args = parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tally = Tally(verbose=args.verbose)
    tool = Tool(args.tool)
    if not tool.exists():
        tally.fail("asyncinspect", "%s is not there: run make" % tool.command[0])
        return tally.finish()
    usable, absent = interpreters.select(
        interpreters.discover(args.interpreters), args.python,
        [name for name in args.require if name in args.python])
    for name, reason, is_failure in absent:
        (tally.fail if is_failure else tally.skip)("interpreter " + name, reason)
    chosen = programs(args.only)
    for name in sorted(set(chosen) ^ set(expected.EXPECTED) if not args.only else ()):
        tally.fail(name, "is not both a program and in expected.py")
    try:
        with concurrent.futures.ThreadPoolExecutor(max_workers=args.jobs) as pool:
            runs = [pool.submit(run_case, tool, interpreter, program, args.kind)
                    for interpreter in usable for program in chosen
                    if program in expected.EXPECTED]
            for run in runs:
                for name, faults, reason in run.result():
                    if reason:
                        tally.skip(name, reason)
                    elif faults:
                        tally.fail(name, faults)
                    else:
                        tally.ok(name)
    finally:
        tool.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
