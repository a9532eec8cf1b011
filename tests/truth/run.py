#!/usr/bin/env python3
"""The truth test: asyncinspect says what Python says about itself.

Each workload on each interpreter is inspected while it runs, then in the core that
gcore writes, then in the core that the kernel writes as SIGABRT ends it.  Each of
the three reports must be well-formed and equal the truth that the workload wrote
about itself, and the reports of the cores must equal that of the process.  Of one program everything is
asked once more with --low-memory, which has to make no difference.

  run.py                                          everything
  run.py --python 3.12 --only service --kind live while developing
  run.py --require 3.11,debian-3.11               a missing one is a failure

Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import argparse
import concurrent.futures
import glob
import json
import os
import shutil
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)

import compare                                              # noqa: E402
import low_memory                                           # noqa: E402
import same                                                 # noqa: E402
import schema                                               # noqa: E402
import waits                                                # noqa: E402
from harness import interpreters                            # noqa: E402
from harness.tally import Tally                             # noqa: E402
from harness.tool import DEFAULT, Tool                      # noqa: E402
from harness.workload import Broken, Skipped, WORKLOADS, Workload    # noqa: E402

KINDS = ("live", "gcore", "core")
SERVICES = (
    ("service-one", ["--tasks", "1", "--orphans", "0"]),
    ("service-all", ["--tasks", "200", "--depth", "8", "--orphans", "42", "--orphan-kinds", "all",
                     "--loops", "3", "--heap-objects", "20000"]),
    ("service-py-tasks", ["--tasks", "60", "--py-tasks"]),
    ("service-debug", ["--tasks", "60", "--debug"]),
    ("service-eager", ["--tasks", "60", "--eager"]),
)
EAGER_SINCE = (3, 12)
LOW_MEMORY = ("service-all",)

with open(os.path.join(HERE, "asyncinspect-1.schema.json")) as schema_file:
    SCHEMA = json.load(schema_file)


class Case:
    """One workload on one interpreter, inspected in each wanted kind."""

    def __init__(self, interpreter, name, script, arguments):
        self.interpreter = interpreter
        self.workload = name
        self.name = "%s %s" % (interpreter.name, name)
        self.script = script
        self.arguments = arguments


def cases_for(interpreter, only):
    found = [Case(interpreter, name, "service.py", arguments) for name, arguments in SERVICES
             if name != "service-eager" or interpreter.version >= EAGER_SINCE]
    found.append(Case(interpreter, "waits", "waits.py", []))
    found.append(Case(interpreter, "waits-debug", "waits.py", ["--debug"]))
    for path in sorted(glob.glob(os.path.join(WORKLOADS, "bugs", "[a-z]*.py"))):
        name = os.path.splitext(os.path.basename(path))[0]
        found.append(Case(interpreter, name, os.path.join("bugs", name + ".py"), []))
    return [case for case in found
            if not only or any(word in case.workload for word in only)]


class Outcome:
    """What became of one check: faults is [] when it passed."""

    def __init__(self, name, faults=(), skipped=None, allowed=()):
        self.name = name
        self.faults = list(faults)
        self.skipped = skipped
        self.allowed = list(allowed)


def inspect(tool, case, arguments):
    """(report or None, faults of the run itself)"""
    result = tool.run("report", "--json", *arguments, env=tool.cache_of(case.interpreter.name))
    if result.crashed():
        return None, [result.crashed()]
    if result.status != 0:
        return None, ["exit status %d: %s" % (result.status, result.complaint.strip()[-400:])]
    faults = []
    if result.err:
        faults.append("on standard error: %s" % result.complaint.strip()[-400:])
    try:
        return result.json(), faults
    except ValueError as error:
        return None, faults + ["standard output is not JSON: %s" % error]


def check_report(truth, report, kind):
    ill = schema.summary(schema.faults(report, SCHEMA))
    try:
        result = compare.compare(truth, report)
    except (LookupError, TypeError, AttributeError) as trouble:
        if not ill:             # the comparer may rely on a schema that holds
            raise
        return ill + ["not compared: %s: %s" % (type(trouble).__name__, trouble)], []
    result.faults[:0] = ill
    result.faults.extend(waits.compare(truth, report))
    expected = "live" if kind == "live" else "core"
    if report["target"]["kind"] not in (expected, "snapshot" if kind == "live" else expected):
        result.fault("target: kind is %r", report["target"]["kind"])
    return result.faults, result.allowed


def waits_without_heap(tool, case, arguments, truth):
    """What is wrong with the waits that the command tasks tells, which reads less than report."""
    result = tool.run("tasks", "--json", *arguments, env=tool.cache_of(case.interpreter.name))
    if result.status != 0:
        return ["exit status %d: %s" % (result.status, result.complaint.strip()[-400:])]
    return waits.compare(truth, result.json(), is_whole=False)


def target_arguments(case, workload, kind):
    """What names the target on the command line; brings the core into being."""
    if kind == "live":
        return ["--pid", workload.pid]
    core = workload.gcore() if kind == "gcore" else workload.abort()
    root = case.interpreter.root
    if root == "/":
        return [core]
    # gcore, which runs out here, writes the paths as they are seen out here; the kernel
    # writes them as the process sees them.
    if kind == "gcore":
        return ["--debug-dir", os.path.join(root, "usr/lib/debug"), core]
    return ["--sysroot", root, core]


def without_root(report, root):
    """The report with the executable's path as the process itself sees it."""
    path = report["target"]["executable"]
    if root != "/" and isinstance(path, str) and path.startswith(root):
        path = "/" + path[len(root):].lstrip("/")
    return dict(report, target=dict(report["target"], executable=path))


def keep_evidence(folder, case, kind, truth_path, report):
    if not folder:
        return
    stem = os.path.join(folder, case.name.replace(" ", "-"))
    os.makedirs(folder, exist_ok=True)
    shutil.copyfile(truth_path, stem + ".truth.json")
    if report is not None:
        with open("%s.%s.json" % (stem, kind), "w") as out:
            json.dump(report, out, indent=1)


def run_case(tool, case, kinds, keep):
    outcomes = []
    try:
        with Workload(case.interpreter, case.script, case.arguments) as workload:
            with open(workload.truth_path) as source:
                truth = json.load(source)
            workload.settle()
            live = None
            for kind in kinds:
                name = "%s %s" % (case.name, kind)
                try:
                    arguments = target_arguments(case, workload, kind)
                except Skipped as reason:
                    outcomes.append(Outcome(name, skipped=str(reason)))
                    continue
                report, faults = inspect(tool, case, arguments)
                allowed = []
                if report is not None:
                    more, allowed = check_report(truth, report, kind)
                    faults += more
                if faults:
                    keep_evidence(keep, case, kind, workload.truth_path, report)
                outcomes.append(Outcome(name, faults, allowed=allowed))
                if "waits" in truth["extra"]:
                    outcomes.append(Outcome(name + " by tasks, without the heap",
                                            waits_without_heap(tool, case, arguments, truth)))
                if case.workload in LOW_MEMORY and report is not None:
                    outcomes.append(Outcome(name + " with --low-memory", low_memory.faults(
                        tool, kind, arguments, tool.cache_of(case.interpreter.name), report)))
                if kind == "live":
                    live = report
                elif live is not None and report is not None:
                    root = case.interpreter.root
                    found = same.differences(without_root(live, root), without_root(report, root))
                    if found:
                        keep_evidence(keep, case, "live", workload.truth_path, live)
                        keep_evidence(keep, case, kind, workload.truth_path, report)
                    outcomes.append(Outcome("%s says the same as live" % name, found))
    except (Broken, OSError, LookupError, TypeError, AttributeError) as trouble:
        # The last three: a report that is well-formed and still surprised the comparer.
        outcomes.append(Outcome(case.name, ["the test itself: %s: %s"
                                            % (type(trouble).__name__, trouble)]))
    return outcomes


def names(text):
    return [part for part in text.split(",") if part]


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, help="the program to test")
    parser.add_argument("--python", type=names, metavar="NAME,...",
                        help="these interpreters only")
    parser.add_argument("--require", type=names, default=[], metavar="NAME,...",
                        help="a missing one of these fails instead of being skipped")
    parser.add_argument("--interpreters", metavar="FILE",
                        help="more interpreters, see harness/interpreters.py")
    parser.add_argument("--only", type=names, metavar="WORD,...",
                        help="workloads whose name contains one of the words")
    parser.add_argument("--kind", type=names, default=list(KINDS), metavar="KIND,...",
                        help="of %s" % ", ".join(KINDS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", metavar="FOLDER", help="truth and reports of failures go here")
    parser.add_argument("--list", action="store_true", help="name the cases and end")
    parser.add_argument("--verbose", action="store_true", help="a line for what passed as well")
    args = parser.parse_args()
    args.kind = [kind for kind in KINDS if kind in args.kind]
    return args


def run_all(tally, tool, cases, args):
    allowed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=args.jobs) as pool:
        runs = [pool.submit(run_case, tool, case, args.kind, args.keep) for case in cases]
        try:
            for run in runs:                # in order, whichever is ready first
                for outcome in run.result():
                    allowed += len(outcome.allowed)
                    if outcome.skipped:
                        tally.skip(outcome.name, outcome.skipped)
                    elif outcome.faults:
                        tally.fail(outcome.name, outcome.faults)
                    else:
                        tally.ok(outcome.name)
        except BaseException:
            for run in runs:
                run.cancel()
            raise
    return allowed


def main():
    args = parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    known = interpreters.discover(args.interpreters)
    usable, absent = interpreters.select(known, args.python, args.require)
    tally = Tally(verbose=args.verbose)
    for name, reason, is_failure in absent:
        if is_failure:
            tally.fail("interpreter " + name, reason)
        else:
            tally.skip("interpreter " + name, reason)
    cases = [case for interpreter in usable for case in cases_for(interpreter, args.only)]
    if args.list:
        for case in cases:
            print(case.name)
        return 0
    tool = Tool(args.tool)
    try:
        if not tool.exists():
            tally.fail("asyncinspect", "%s is not there: run make" % tool.command[0])
            return tally.finish()
        allowed = run_all(tally, tool, cases, args)
    finally:
        tool.close()
    if allowed:
        tally.note("%d referrers in untracked tuples and dicts, where gc.get_referrers is blind"
                   % allowed)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
