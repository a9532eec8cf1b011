#!/usr/bin/env python3
"""What the command loops says of event loops in known states, live and in cores.

  run.py                                       everything
  run.py --python 3.12 --only busy             while developing

Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import argparse
import os
import shutil
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
JOBS = 40               # as in loops.py
OFFSET = 1000000        # seconds, of the clock in the time namespace


class Fault(Exception):
    """What was said wrong."""


def need(condition, text, *values):
    if not condition:
        raise Fault(text % values if values else text)


def ask(tool, interpreter, target, *options):
    result = tool.run("loops", "--json", *options, *target, env=tool.cache_of(interpreter.name))
    if result.crashed() or result.status != 0:
        raise Broken("exit status %d: %s" % (result.status, result.complaint.strip()[-400:]))
    text = tool.run("loops", *options, *target, env=tool.cache_of(interpreter.name)).text
    return result.json()["loops"], text


def near(value, expected, tolerance):
    return value is not None and abs(value - expected) <= tolerance


def check_busy(loops, text, interpreter, is_live):
    need(len(loops) == 1, "%d loops", len(loops))
    loop = loops[0]
    need(loop["doing"] == "callback" and loop["running"], "it is %s", loop["doing"])
    need(loop["callback"]["task"] == loop["current_task"], "callback: %s", loop["callback"])
    need(loop["callback"]["callback"] == "Task.__wakeup", "callback: %s", loop["callback"])
    need([h["callback"] for h in loop["ready_handles"]] == ["print", "Task.__step"], "ready: %s",
         loop["ready_handles"])
    need(loop["ready_handles"][0]["text"] == "print(1, 2)", "ready: %s", loop["ready_handles"])
    need(loop["ready_handles"][1]["text"] == "Task.__step of task 'new'", "ready: %s",
         loop["ready_handles"])
    timers = [t for t in loop["timers"] if not t["cancelled"]]
    need(len(timers) == 4 and len(loop["timers"]) == 5, "timers: %s", loop["timers"])
    need(timers[0]["callback"] == "late", "first timer: %s", timers[0])
    need(all(t["future"] for t in timers[1:]), "futures of timers: %s", timers)
    need([fd["self_pipe"] for fd in loop["descriptors"]].count(True) == 1, "descriptors: %s",
         loop["descriptors"])
    accepting = [fd for fd in loop["descriptors"] if not fd["self_pipe"]]
    need(len(accepting) == 1 and accepting[0]["read"] and not accepting[0]["write"]
         and accepting[0]["reader"]["callback"].endswith("._accept_connection"), "descriptors: %s",
         loop["descriptors"])
    need([(s["name"], s["handler"]["text"]) for s in loop["signal_handlers"]]
         == [("SIGUSR1", "print('usr1')")], "signals: %s", loop["signal_handlers"])
    need("handle_exception" in loop["exception_handler"], "handler: %s", loop["exception_handler"])
    need(loop["slow_callback_duration"] == 0.25, "slow: %s", loop["slow_callback_duration"])
    need(loop["async_generators"] == 1, "async generators: %s", loop["async_generators"])
    executor = loop["default_executor"]
    need(executor["threads"] == executor["max_workers"], "executor: %s", executor)
    need(executor["backlog"] == JOBS - executor["threads"], "executor: %s", executor)
    need([job["function"] for job in executor["work"]] == ["Event.wait"] * executor["backlog"],
         "executor: %s", executor)
    need(executor["shut_down"] is False, "executor: %s", executor)
    need(executor["idle"] == 0, "executor: %s", executor)
    if is_live:
        need(not loop["clock_is_bound"] and near(loop["clock"], time.monotonic(), 30), "clock: %s",
             loop["clock"])
        need(loop["overdue"]["count"] == 1 and 0.1 < loop["overdue"]["most_seconds"] < 30,
             "overdue: %s", loop["overdue"])
        need(0.3 < loop["busy_seconds"] < 30, "busy: %s", loop["busy_seconds"])
        need(near(timers[1]["in_seconds"], 300, 30), "timer: %s", timers[1])
    else:
        need(loop["clock_is_bound"] and near(loop["clock"], time.monotonic(), 60), "clock: %s",
             loop["clock"])
        need(loop["busy_seconds"] is None, "busy: %s", loop["busy_seconds"])
    if is_live or interpreter.root == "/":      # elsewhere a core does not say where its sources are
        need("time.sleep(600)" in text, "the text lacks the line that runs")
    for word in ("callback", "print(1, 2)", "late()", "'sleeper-0'",
                 "SIGUSR1", "Event.wait  (%d)" % executor["backlog"], "handle_exception",
                 "1 async generator not finished"):
        need(word in text, "the text lacks %r", word)


def check_idle(loops, text, interpreter, is_live, offset=0):
    need(len(loops) == 1, "%d loops", len(loops))
    loop = loops[0]
    now = time.monotonic() + offset
    need(loop["doing"] == "polling" and loop["callback"] is None and loop["busy_seconds"] is None,
         "it is %s in %s", loop["doing"], loop["callback"])
    need(loop["ready_handles"] == [] and loop["default_executor"] is None, "%s", loop)
    timers = [t for t in loop["timers"] if t["future"]]
    need(len(timers) == 1 and near(timers[0]["in_seconds"], 500, 60), "timers: %s", loop["timers"])
    need(loop["overdue"] == {"count": 0, "most_seconds": 0.0}, "overdue: %s", loop["overdue"])
    need(loop["clock_is_bound"] == (not is_live), "clock_is_bound: %s", loop["clock_is_bound"])
    need(near(loop["clock"], now, 60) and loop["clock"] <= now, "clock: %s, not %s", loop["clock"],
         now)
    need("wakes task 'sleeper'" in text and ("in at most" in text) == (not is_live), "the text: %s",
         text)


def check_endless(loops, text, interpreter, is_live):
    """JSON has no number for that."""
    loop = loops[0]
    need(loop.get("overdue") == {"count": 1, "most_seconds": None}, "overdue: %s", loop.get("overdue"))
    need([(t["when"], t["in_seconds"]) for t in loop["timers"]] == 2 * [(None, None)], "timers: %s",
         loop["timers"])
    need("overdue by inf s" in text or "overdue by at least inf s" in text, "the text: %s", text)


def words_of(loops):
    """What the callbacks that are ready would print: where each loop is kept."""
    return sorted(h["text"][len("print('"):-2] for loop in loops for h in loop["ready_handles"])


def check_over(loops, text, interpreter, is_live):
    """Without the heap: the loops where programs keep theirs, and nobody knows who holds them."""
    need(words_of(loops) == ["a global", "never", "of the policy"], "ready: %s", words_of(loops))
    need(sorted(loop["doing"] for loop in loops) == ["closed"] + 3 * ["stopped"], "loops are %s", loops)
    need(not any("held_by" in loop for loop in loops) and "held by" not in text, "holders: %s", text)
    stopped = next(loop for loop in loops if words_of([loop]) == ["never"])
    closed = next(loop for loop in loops if loop["doing"] == "closed")
    need(not stopped["running"] and stopped["thread"] is None, "%s", stopped)
    need(closed["closed"] and closed["ready"] == 0 and closed["descriptors"] == [], "%s", closed)


def check_over_all(loops, text, interpreter, is_live):
    need(words_of(loops) == ["a global", "in a list", "never", "of the policy"], "ready: %s",
         words_of(loops))
    need(all(loop["held_by"] for loop in loops), "%s", loops)
    for word in ("__main__.SPARE", "__main__.KEPT[0]", "local 'stopped' of over()"):
        need("held by     " + word in text, "the text lacks %r: %s", word, text)


def check_nothing(loops, text, interpreter, is_live):
    need(loops == [] and "--all: asks the heap" in text, "%s, %s", loops, text)


def check_nothing_all(loops, text, interpreter, is_live):
    need(loops == [] and text == "There is no event loop.\n", "%s, %s", loops, text)


CHECKS = {"busy": check_busy, "idle": check_idle, "endless": check_endless, "over": check_over,
          "nothing": check_nothing}
WITH_HEAP = {"busy": check_busy, "over": check_over_all, "nothing": check_nothing_all}


def run_case(tally, tool, interpreter, state):
    name = "%s %s" % (interpreter.name, state)
    with Workload(interpreter, "loops.py", [state], truth=False, folder=PROGRAMS) as workload:
        for kind in ("live", "core"):
            try:
                if kind == "live":
                    workload.settle()
                    target = ["--pid", workload.pid]
                else:
                    target = [workload.gcore()]
                loops, text = ask(tool, interpreter, target)
                CHECKS[state](loops, text, interpreter, kind == "live")
                if state in WITH_HEAP:
                    loops, text = ask(tool, interpreter, target, "--all")
                    WITH_HEAP[state](loops, text, interpreter, kind == "live")
                tally.ok("%s %s" % (name, kind))
            except Skipped as reason:
                tally.skip("%s %s" % (name, kind), str(reason))
            except (Fault, Broken) as fault:
                tally.fail("%s %s" % (name, kind), str(fault))


def run_in_time_namespace(tally, tool, interpreter):
    """The clock is the process's own, where that differs from ours."""
    name = "%s idle in a time namespace" % interpreter.name
    command = ["unshare", "--time", "--monotonic", str(OFFSET)]
    if shutil.which("unshare") is None or subprocess.run(
            command + ["true"], stderr=subprocess.DEVNULL).returncode != 0:
        tally.skip(name, "no time namespace can be made here")
        return
    with subprocess.Popen(command + [interpreter.python, os.path.join(PROGRAMS, "loops.py"), "idle"],
                          stdout=subprocess.PIPE) as process:
        try:
            pid = int(process.stdout.readline().split()[1])
            loops, text = ask(tool, interpreter, ["--pid", pid])
            check_idle(loops, text, interpreter, True, OFFSET)
            tally.ok(name)
        except (Fault, Broken) as fault:
            tally.fail(name, str(fault))
        finally:
            process.kill()


def words(text):
    return [word for word in text.split(",") if word]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, metavar="PROGRAM")
    parser.add_argument("--python", type=words, default=VERSIONS, metavar="NAME,...")
    parser.add_argument("--require", type=words, default=[], metavar="NAME,...")
    parser.add_argument("--only", type=words, default=[], metavar="WORD,...")
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
    tool = Tool(args.tool)
    states = [state for state in CHECKS if not args.only or any(w in state for w in args.only)]
    for interpreter in usable:
        for state in states:
            run_case(tally, tool, interpreter, state)
    outside = [interpreter for interpreter in usable if interpreter.root == "/"]
    if outside and "idle" in states:
        run_in_time_namespace(tally, tool, outside[-1])
    tool.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
