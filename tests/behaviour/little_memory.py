"""--low-memory: that it takes little, makes no difference to the answer, and does no harm."""
import json
import os
import random
import signal
import time

from harmless import busy, runs_on, waits
from large import cost_of, large, need_memory, outcome
from suite import PROGRAMS, need, test, worked

import low_memory
import same

MEBIBYTES = 400
SEED = 11


def ballast(x):
    """400 MiB, of which a third is in about 800,000 objects that the collector knows."""
    need_memory(3 * MEBIBYTES)
    return x._once("ballast", lambda: x.start(
        "ballast.py", ["--mib", str(MEBIBYTES)], folder=PROGRAMS))


def peak(x, *command):
    """MiB that a run has had at once."""
    return cost_of(x, *command, "--json")[0]


@test
def with_low_memory_it_has_a_third_of_the_target_at_most(x):
    pid = ballast(x).pid
    bound = MEBIBYTES // 3
    usual = peak(x, "report", "--pid", pid)
    need(usual > MEBIBYTES, "without the option it has %d MiB at most: the bound tells nothing",
         usual)
    for command in (["report"], ["heap"], ["path", "--type", "asyncio.Queue"]):
        most = peak(x, *command, "--low-memory", "--pid", pid)
        need(most < bound, "%s: %d MiB, where %d are in order", command, most, bound)


@test
def with_low_memory_little_of_a_core_is_here(x):
    core = x._once("large core", lambda: large(x).gcore())
    # What the program itself takes, whatever it is asked.
    floor = peak(x, "tasks", core)
    for command in ("report", "heap"):
        usual = peak(x, command, core) - floor
        most = peak(x, command, "--low-memory", core) - floor
        need(most < usual * 2 / 3, "%s: %d MiB more with the option, %d without", command, most,
             usual)


def differs(x, *command):
    usual, low = (x.json(*command, *options) for options in ([], ["--low-memory"]))
    need(not low_memory.retained_members(low), "%s: it says what objects retain", command)
    return same.differences(low_memory.without_retained(usual), low)


@test
def with_low_memory_the_answer_is_the_same_of_many_objects(x):
    """More than is here at once, so that parts go and come, also in no order in memory."""
    shuffled = x.start("service.py", ["--tasks", "40", "--orphan-kinds", "all", "--orphans", "30",
                                      "--heap-objects", "300000", "--shuffle-heap"])
    for command, target in ((["report"], large(x)), (["heap"], large(x)), (["report"], shuffled)):
        found = differs(x, *command, "--pid", target.pid)
        need(not found, "%s of %s: %s", command, target.arguments, found[:3])
    shuffled.process.kill()


@test
def killed_at_any_moment_with_low_memory_it_leaves_the_target_running(x):
    for target in (busy(x), large(x)):
        start = time.monotonic()
        worked(x.run("--low-memory", "--pid", target.pid))
        duration = time.monotonic() - start
        dice = random.Random(SEED)
        killed = 0
        for turn in range(10):
            moment = (turn + dice.random()) / 10 * duration
            process = x.tool.popen("--low-memory", "--pid", target.pid, cwd=x.here)
            time.sleep(moment)
            process.kill()
            process.communicate()
            killed += process.returncode == -9
            where = "killed after %.1f ms of %.1f" % (moment * 1000, duration * 1000)
            if target is busy(x):
                runs_on(target, where)
            need(waits(lambda: x.targets_run_free() is None, 1), "%s: %s", where,
                 x.targets_run_free())
        need(killed > 3, "only %d of 10 were killed in time", killed)


@test
def interrupted_with_low_memory_it_lets_the_target_go_and_prints_what_it_had(x):
    target = large(x)
    start = time.monotonic()
    worked(x.run("--low-memory", "--pid", target.pid))
    duration = time.monotonic() - start
    seen = set()
    for turn in range(10):
        moment = duration * turn / 9
        command = ("report", "orphans")[turn % 4 == 3]
        status, out, err = outcome(
            x.tool.popen(command, "--low-memory", "--json", "--pid", target.pid, cwd=x.here), moment)
        where = "%s, interrupted after %.1f ms" % (command, moment * 1000)
        need(x.targets_run_free() is None, "%s: %s", where, x.targets_run_free())
        need(status in (0, 4, -signal.SIGINT), "%s: exit status %s: %s", where, status, err)
        if status == 4 and out:
            need(command == "report", "%s: a part of what has no parts", where)
            need("interrupted" in err, "%s: a part without a warning: %r", where, err)
            need("tasks" in json.loads(out.decode()), "%s: no tasks", where)
        elif status == 4:
            need(err.startswith("asyncinspect: interrupted"), "%s: %r", where, err)
        seen.add((status, bool(out)))
    need((4, True) in seen, "it never printed a part: %s", seen)


@test
def when_the_target_is_killed_meanwhile_it_says_so(x):
    """Not that there are no tasks, or no findings."""
    gone = 0
    for turn in range(4):
        target = x.start("service.py", ["--tasks", "40", "--heap-objects", "300000"])
        if turn == 0:
            start = time.monotonic()
            need(x.run("check", "--low-memory", "--pid", target.pid).status == 3, "no findings")
            duration = time.monotonic() - start
        process = x.tool.popen("check", "--low-memory", "--pid", target.pid, cwd=x.here)
        time.sleep(duration * (turn + 1) / 6)
        os.kill(target.pid, signal.SIGKILL)
        out, err = process.communicate(timeout=60)
        need(process.returncode in (1, 3), "exit status %d: %s", process.returncode, err)
        need(process.returncode == 3 or (not out and b"process %d" % target.pid in err),
             "%r, and: %r", out, err)
        gone += process.returncode == 1
    need(gone > 1, "it was ready before that in all but %d of 4 turns", gone)


@test
def unstopped_with_low_memory_it_ends_with_an_answer(x):
    target = busy(x)
    for command in ("report", "orphans", "heap", "report"):
        answer = worked(x.run(command, "--json", "--no-stop", "--low-memory", "--pid", target.pid),
                        quiet=False)
        need("torn" in answer.complaint, "no warning: %r", answer.complaint)
        need(answer.json()["target"]["stopped_ms"] == 0, "it was stopped")
        runs_on(target, command)
