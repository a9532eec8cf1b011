#!/usr/bin/env python3
"""The test of false alarms: programs that work are told nothing that is wrong with them.

A service with no orphans, a server that is busy in every way, and moments of such made to
last, run on every version of CPython that is there; programs and libraries of Debian,
unchanged, on Debian's own Python, with traffic on the loopback interface.  Each is inspected
several times while it works, and then in the core that the kernel writes in the middle of it.
No answer may have an error or a warning that is not listed in ALLOWED with its reason.

  run.py                                       everything
  run.py --only aiohttp,busy --python 3.12     while developing
  run.py --times 50                            look for what is seldom

Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import argparse
import concurrent.futures
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)

import apps                                                 # noqa: E402
from harness import interpreters                            # noqa: E402
from harness.tally import Tally                             # noqa: E402
from harness.tool import DEFAULT, Tool                      # noqa: E402
from harness.workload import (Broken, Skipped, Workload, clean_environment,    # noqa: E402
                              core_pattern_problem)

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "debian-3.14", "debian-3.15")
# (program, rule): why the warning or the error is right.
ALLOWED = {("moments", "blocked-loop"): "each of its loops is stopped in a callback"}
TURNS_LEAST = 20


def inspect(tool, cache, arguments, command="check"):
    """The whole answer."""
    result = tool.run(command, "--json", *arguments, env=tool.cache_of(cache))
    if result.crashed():
        raise Broken(result.crashed())
    if result.status not in ((0, 3) if command == "check" else (0,)):
        raise Broken("exit status %d: %s" % (result.status, result.complaint.strip()[-400:]))
    answer = result.json()
    alarming = any(finding["severity"] != "info" for finding in answer["findings"])
    if command == "check" and alarming != (result.status == 3):
        raise Broken("exit status %d of check with %s" % (result.status, answer["findings"]))
    return answer


def alarms(program, when, findings):
    return ["%s: %s (%s): %s | %s" % (when, finding["rule"], finding["severity"],
                                      finding["title"], " | ".join(finding["evidence"]))
            for finding in findings
            if finding["severity"] != "info" and (program, finding["rule"]) not in ALLOWED]


def look_at_process(tool, cache, program, pid, times):
    report = inspect(tool, cache, ["--pid", pid], "report")
    faults = alarms(program, "report", report["findings"])
    if not report["tasks"]:
        faults.append("no task was seen")
    for number in range(1, times):
        faults += alarms(program, "look %d" % number,
                         inspect(tool, cache, ["--pid", pid])["findings"])
    return faults


# Workloads --------------------------------------------------------------------------------

WORKLOADS = (
    ("service", "service.py", None, ["--tasks", "200", "--depth", "6", "--orphans", "0",
                                     "--loops", "3"]),
    ("busy_server", "busy_server.py", os.path.join(HERE, "programs"), []),
    ("moments", "moments.py", os.path.join(HERE, "programs"), []),
)


def run_workload(tool, interpreter, name, script, folder, arguments, times):
    what = "%s %s" % (interpreter.name, name)
    options = {"truth": False}
    if folder:
        options["folder"] = folder
    outcomes = []
    try:
        with Workload(interpreter, script, arguments, **options) as workload:
            faults = look_at_process(tool, interpreter.name, name, workload.pid, times)
            outcomes.append((what + " live", faults, None))
            try:
                core = workload.abort()
                target = ([core] if interpreter.root == "/"
                          else ["--sysroot", interpreter.root, core])
                findings = inspect(tool, interpreter.name, target)["findings"]
                outcomes.append((what + " core", alarms(name, "core", findings), None))
            except Skipped as reason:
                outcomes.append((what + " core", [], str(reason)))
    except (Broken, OSError, LookupError, ValueError) as trouble:
        outcomes.append((what, ["the test itself: %s: %s" % (type(trouble).__name__, trouble)],
                         None))
    return outcomes


# Programs of Debian ------------------------------------------------------------------------

def start(app, folder):
    environment = clean_environment({"PYTHONPATH": apps.APPS, "HOME": folder})
    command = [app.python] + [argument if not argument.endswith(".py")
                              else os.path.join(apps.APPS, argument)
                              for argument in app.command()]
    with open(os.path.join(folder, "output"), "wb") as output:
        return subprocess.Popen(
            ["/bin/sh", "-c", 'ulimit -c unlimited && exec "$@"', "sh"] + command, cwd=folder,
            env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True)


def core_in(folder, pid):
    """The kernel's core of a process that SIGABRT ended."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and name.startswith("core"):
            return path
    raise Skipped("the kernel wrote no core of pid %d" % pid)


def tail_of(folder):
    with open(os.path.join(folder, "output"), errors="replace") as source:
        return source.read()[-400:]


def run_app(tool, kind, python, times):
    app = kind(python)
    reason = app.missing()
    if reason:
        return [(app.name, [], reason)]
    outcomes, process, traffic = [], None, None
    folder = tempfile.mkdtemp(prefix="asyncinspect-")
    try:
        app.before()
        process = start(app, folder)
        if not apps.wait_for_port(app.port, process):
            raise Broken("it does not listen: %s" % tail_of(folder))
        traffic = app.start_traffic()
        deadline = time.monotonic() + apps.START_SECONDS
        while traffic.count < TURNS_LEAST:
            if time.monotonic() > deadline:
                raise Broken("no traffic: %s %s" % (traffic.failed, tail_of(folder)))
            time.sleep(0.02)
        before = traffic.count
        faults = look_at_process(tool, "apps", app.name, process.pid, times)
        if traffic.count == before:
            faults.append("it did no work meanwhile")
        outcomes.append((app.name + " live", faults, None))
        problem = core_pattern_problem()
        if problem:
            raise Skipped(problem)
        os.kill(process.pid, signal.SIGABRT)
        process.wait()
        findings = inspect(tool, "apps", [core_in(folder, process.pid)])["findings"]
        outcomes.append((app.name + " core", alarms(app.name, "core", findings), None))
    except Skipped as why:
        outcomes.append((app.name + " core", [], str(why)))
    except (Broken, OSError, LookupError, ValueError) as trouble:
        outcomes.append((app.name, ["the test itself: %s: %s" % (type(trouble).__name__, trouble)],
                         None))
    finally:
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        if traffic is not None:
            traffic.stop()
        app.close()
        shutil.rmtree(folder, ignore_errors=True)
    return outcomes


def debian_python(known):
    """(program, why not)"""
    path = os.path.realpath("/usr/bin/python3")
    for interpreter in known:
        if interpreter.root == "/" and interpreter.python == path:
            return path, interpreter.missing
    return None, "this is not Debian with a python3 of its own"


# -------------------------------------------------------------------------------------------

def words(text):
    return [part for part in text.split(",") if part]


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, help="the program to test")
    parser.add_argument("--python", type=words, default=list(VERSIONS), metavar="NAME,...",
                        help="the workloads on these interpreters only")
    parser.add_argument("--require", type=words, default=[], metavar="NAME,...",
                        help="a missing one of these fails instead of being skipped")
    parser.add_argument("--interpreters", metavar="FILE",
                        help="more interpreters, see harness/interpreters.py")
    parser.add_argument("--only", type=words, metavar="WORD,...",
                        help="programs whose name contains one of the words")
    parser.add_argument("--times", type=int, default=8, help="looks at each process")
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

    def is_chosen(name):
        return not args.only or any(word in name for word in args.only)

    known = interpreters.discover(args.interpreters)
    usable, absent = interpreters.select(
        known, args.python, [name for name in args.require if name in args.python])
    for name, reason, is_failure in absent:
        (tally.fail if is_failure else tally.skip)("interpreter " + name, reason)
    python, problem = debian_python(known)
    try:
        with concurrent.futures.ThreadPoolExecutor(max_workers=args.jobs) as pool:
            runs = [pool.submit(run_workload, tool, interpreter, name, script, folder, arguments,
                                args.times)
                    for interpreter in usable
                    for name, script, folder, arguments in WORKLOADS if is_chosen(name)]
            for kind in apps.ALL:
                if is_chosen(kind.name) and problem:
                    tally.skip(kind.name, problem)
                elif is_chosen(kind.name):
                    runs.append(pool.submit(run_app, tool, kind, python, args.times))
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
