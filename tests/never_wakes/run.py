#!/usr/bin/env python3
"""Tasks that are stuck, and tasks that only look so: what the tool says of each, against what becomes of it.

Each program says of its tasks, in TASKS, whether one can be woken; and shows it: told to go on, by its standard input
and SIGUSR1 where it has SIGNAL, each task that "wakes" says so, and of one that is "stuck" nothing is heard.  The tool
has looked before.  No task that wakes may be called stuck with proof, on any version; every task that is stuck has to
be, but for those that are "stuck, unproved", where a proof would need what cannot be known.  CLASSES asks for more.

  run.py                                       everything
  run.py --python 3.12 --only finalizer        while developing
  run.py --cores 3.12                          with cores of these interpreters (gcore), too

Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import argparse
import ast
import concurrent.futures
import glob
import os
import select
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from harness import interpreters                            # noqa: E402
from harness.tally import Tally                             # noqa: E402
from harness.tool import DEFAULT, Tool                      # noqa: E402
from harness.workload import Broken, Skipped, Workload      # noqa: E402

PROGRAMS = os.path.join(HERE, "programs")
VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "debian-3.14", "debian-3.15")
CORES = ("3.12", "debian-3.14")
GO_SECONDS = 30         # the longest that a task may take to be woken
STUCK_SECONDS = 0.2     # so long nothing is heard of one that is stuck


class Program:
    """The declarations of a program, read without running it."""

    def __init__(self, path):
        self.script = os.path.basename(path)
        self.name = os.path.splitext(self.script)[0]
        said = {}
        with open(path) as source:
            for node in ast.parse(source.read()).body:
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    try:
                        said[node.targets[0].id] = self._value(node.value, said)
                    except ValueError:
                        pass
        self.tasks = said["TASKS"]
        self.classes = said.get("CLASSES", {})
        self.since = said.get("SINCE", (3, 8))
        self.wants_signal = said.get("SIGNAL", False)

    @staticmethod
    def _value(node, said):
        """A literal, or dict.fromkeys() of one."""
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "dict.fromkeys":
            keys = said[node.args[0].id] if isinstance(node.args[0], ast.Name) else \
                ast.literal_eval(node.args[0])
            return dict.fromkeys(keys, ast.literal_eval(node.args[1]))
        return ast.literal_eval(node)


def say(interpreter, tool, target):
    result = tool.run("tasks", "--all", "--json", *target, env=tool.cache_of(interpreter.name))
    if result.crashed() or result.status != 0:
        raise Broken("exit status %d: %s" % (result.status, result.complaint.strip()[-400:]))
    return {task["name"]: task["wake"] for task in result.json()["tasks"] if task["wake"]}


def faults_of(program, interpreter, said):
    # Counts of references that are split between threads are no proof: there "likely" is all.
    proves = "free-threaded" not in interpreter.name
    for name, truth in program.tasks.items():
        wake = said.get(name)
        if wake is None:
            yield "task %r: not found pending" % name
            continue
        told = "task %r, which is %s, is told to be: %s, %s, %s" % (
            name, truth, wake["class"], wake["certainty"], wake["grounds"])
        is_proved = wake["class"] == "never" and wake["certainty"] == "proved"
        if truth == "wakes" and is_proved:
            yield "WRONGLY PROVED: " + told
        elif truth == "stuck" and not (is_proved if proves else wake["class"] == "never"):
            yield told
        elif truth != "wakes" and wake["class"] == "will-run":
            yield told
        elif name in program.classes and wake["class"] != program.classes[name]:
            yield told + ": expected " + program.classes[name]


def what_happened(program, workload):
    """Tells the program to go on; the names of tasks that were woken."""
    wakes = {name for name, truth in program.tasks.items() if truth == "wakes"}
    woken, text = set(), b""
    if program.wants_signal:
        os.kill(workload.pid, signal.SIGUSR1)
    try:
        workload.process.stdin.write(b"go\n")
        workload.process.stdin.close()
    except BrokenPipeError:
        pass                # it has ended: what it had to say stands in the pipe
    deadline = time.monotonic() + (GO_SECONDS if wakes else STUCK_SECONDS)
    pipe = workload.process.stdout.fileno()
    while time.monotonic() < deadline and (not wakes or not wakes <= woken):
        if not select.select([pipe], [], [], max(0, deadline - time.monotonic()))[0]:
            break
        got = os.read(pipe, 65536)
        if not got:
            break
        text += got
        woken = {line[6:].decode() for line in text.split(b"\n") if line.startswith(b"WOKEN ")}
    return woken


def let_it_get_there(workload):
    """A program says that it is ready a moment before it awaits what it will stay in; some never rest."""
    try:
        workload.settle(1)
    except Broken:
        pass


def run_case(tool, interpreter, program, with_core):
    """[(name, faults)]"""
    name = "%s %s" % (interpreter.name, program.name)
    outcomes = []
    try:
        with Workload(interpreter, program.script, truth=False, folder=PROGRAMS,
                      stdin=subprocess.PIPE) as workload:
            let_it_get_there(workload)
            outcomes.append((name + " live", list(faults_of(program, interpreter, say(
                interpreter, tool, ["--pid", workload.pid])))))
            if with_core:
                # gdb sees the files of a chroot where they are outside of it.
                outcomes.append((name + " core", list(faults_of(program, interpreter, say(
                    interpreter, tool, [workload.gcore()])))))
            woken = what_happened(program, workload)
            faults = ["the program says that %r wakes, but it did not" % task
                      for task, truth in program.tasks.items()
                      if truth == "wakes" and task not in woken]
            faults += ["the program says that %r is stuck, but it was woken" % task
                       for task in woken if program.tasks.get(task, "wakes") != "wakes"]
            if faults:
                faults.append(workload.stderr_text()[-400:])
            outcomes.append((name + " does what it says", faults))
    except Skipped as reason:
        outcomes.append((name, "skip: %s" % reason))
    except (Broken, OSError, LookupError, ValueError) as trouble:
        outcomes.append((name, ["the test itself: %s: %s" % (type(trouble).__name__, trouble)]))
    return outcomes


def words(text):
    return [word for word in text.split(",") if word]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, metavar="PROGRAM")
    parser.add_argument("--python", type=words, default=VERSIONS, metavar="NAME,...")
    parser.add_argument("--require", type=words, default=[], metavar="NAME,...")
    parser.add_argument("--only", type=words, default=[], metavar="WORD,...")
    parser.add_argument("--cores", type=words, default=CORES, metavar="NAME,...")
    parser.add_argument("--jobs", type=int, default=6 * (os.cpu_count() or 1))
    parser.add_argument("--interpreters", metavar="FILE")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()

    tally = Tally(args.verbose)
    usable, absent = interpreters.select(interpreters.discover(args.interpreters), args.python,
                                         args.require)
    for name, reason, is_failure in absent:
        if is_failure:
            tally.fail(name, reason)
        else:
            tally.skip(name, reason)
    programs = [Program(path) for path in sorted(glob.glob(os.path.join(PROGRAMS, "[a-z]*.py")))]
    programs = [p for p in programs if not args.only or any(word in p.name for word in args.only)]
    tool = Tool(args.tool)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        cases = [pool.submit(run_case, tool, interpreter, program, interpreter.name in args.cores)
                 for interpreter in usable for program in programs
                 if interpreter.version >= program.since]
        for case in cases:
            for name, faults in case.result():
                if isinstance(faults, str):
                    tally.skip(name, faults[6:])
                elif faults:
                    tally.fail(name, faults)
                else:
                    tally.ok(name)
    tool.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
