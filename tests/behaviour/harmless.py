"""The target never notices: not when the tool is killed, not when a debugger is there."""
import json
import os
import random
import shlex
import signal
import subprocess
import time

from suite import Workload, need, require_program, test, worked

import same
from harness.workload import held_by_tracer, switches

KILLS = 50
SEED = 7


def busy(x):
    return x._once("busy", lambda: _start_busy(x))


def _start_busy(x):
    workload = Workload(x.interpreter, "service.py", ["--churn", "20", "--tasks", "50"], truth=False)
    workload.__enter__()
    x._open.append(workload)
    return workload


def waits(condition, seconds):
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def _progress(pid):
    return sum(count for _, count in switches(pid).values())


def runs_on(target, where):
    """What the tool has looked at, and perhaps held, is there, is free and does something."""
    need(target.process.poll() is None, "%s: the target has ended", where)
    need(waits(lambda: held_by_tracer(target.pid) is None, 1), "%s: %s", where,
         held_by_tracer(target.pid))
    before = _progress(target.pid)
    need(waits(lambda: _progress(target.pid) > before, 1), "%s: no progress", where)


@test
def killed_at_any_moment_it_leaves_the_target_running(x):
    target = busy(x)
    duration = 0
    worked(x.run("--pid", target.pid))          # layouts are in the cache then
    for _ in range(3):
        start = time.monotonic()
        worked(x.run("--pid", target.pid))
        duration = max(duration, time.monotonic() - start)
    dice = random.Random(SEED)
    killed = 0
    for turn in range(KILLS):
        moment = (turn + dice.random()) / KILLS * duration
        process = x.tool.popen("--pid", target.pid, cwd=x.here)
        time.sleep(moment)
        process.kill()
        process.communicate()
        killed += process.returncode == -9
        runs_on(target, "killed after %.1f ms of %.1f" % (moment * 1000, duration * 1000))
    need(killed > KILLS // 2, "only %d of %d were killed in time", killed, KILLS)


@test
def a_busy_target_is_reported_whole_each_time(x):
    """Its state changes all the time; what stays must be there in every report."""
    target = busy(x)
    steady = None
    for _ in range(10):
        report = x.json("report", "--pid", target.pid)
        names = sorted(row["name"] for row in report["tasks"]
                       if not row["name"].startswith("Task-"))
        need(steady is None or names == steady, "tasks come and go: %s",
             sorted(set(names) ^ set(steady or [])))
        steady = names
        need(report["target"]["unreadable"] == 0, "%d values could not be read",
             report["target"]["unreadable"])
    need(len(steady) >= 70, "only %d tasks", len(steady))


@test
def a_target_held_by_a_debugger_is_read_without_attaching(x):
    gdb = require_program("gdb")
    pid = x.service.pid
    expected = x.json("report", "--pid", pid)
    out, err = (os.path.join(x.scratch, name) for name in ("traced.json", "traced.err"))
    inner = " ".join(shlex.quote(word) for word in x.tool.command + [
        "report", "--json", "--pid", str(pid)])
    subprocess.run([gdb, "--nx", "--batch", "-iex", "set debuginfod enabled off", "-p", str(pid),
                    "-ex", "shell %s >%s 2>%s" % (inner, shlex.quote(out), shlex.quote(err))],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=x.tool.environment(), timeout=120)
    with open(err) as source:
        complaint = source.read()
    need(all(line.startswith("asyncinspect: warning: ") for line in complaint.splitlines()),
         "on standard error: %s", complaint[:300])
    with open(out) as source:
        text = source.read()
    need(text, "it printed nothing")
    found = same.differences(expected, json.loads(text))
    need(not found, "%s", found[:3])


@test
def a_stopped_target_stays_stopped_and_is_read(x):
    service = x.start("service.py", ["--tasks", "12"])
    expected = x.json("report", "--pid", service.pid)
    os.kill(service.pid, signal.SIGSTOP)
    try:
        need(waits(lambda: all(s == "T" for s, _ in switches(service.pid).values()), 5),
             "the harness: it does not stop")
        found = same.differences(expected, x.json("report", "--pid", service.pid))
        need(not found, "%s", found[:3])
        need(waits(lambda: all(s == "T" for s, _ in switches(service.pid).values()), 1),
             "it runs again")
    finally:
        os.kill(service.pid, signal.SIGCONT)


@test
def it_stops_the_target_for_a_part_of_its_own_time(x):
    """No figure is asserted: only that the time is told and is not the whole run."""
    start = time.monotonic()
    stopped = x.json("report", "--pid", x.service.pid)["target"]["stopped_ms"]
    took = (time.monotonic() - start) * 1000
    need(stopped is not None and 0 < stopped < took, "stopped for %s ms of %.1f", stopped, took)


@test
def it_leaves_nothing_in_the_working_folder(x):
    x.run("--pid", x.service.pid)
    x.run(x.core)
    need(not os.listdir(x.here), "found %s", os.listdir(x.here))
