"""Large targets: what they cost, and that size changes nothing in the answer."""
import json
import os
import pty
import re
import select
import signal
import time

from suite import PROGRAMS, Skipped, end, need, require_program, test, worked

import same

# What needs no heap: it reads what it needs of a process while that stands, and no more.
FRUGAL = (["tasks"], ["tree"], ["where", "session-keeper"], ["stacks"], ["loops"], ["threads"])


def large(x):
    """A service with a heap that is worth more than one thread."""
    return x._once("large", lambda: x.start(
        "service.py", ["--tasks", "40", "--orphan-kinds", "all", "--orphans", "30",
                       "--heap-objects", "600000"]))


@test
def a_large_heap_is_the_same_to_one_cpu_and_to_many(x):
    """Several threads walk the collector's lists and read the objects."""
    taskset = require_program("taskset")
    core = x._once("large core", lambda: large(x).gcore())
    expected = worked(x.run("report", "--json", core)).out
    command, x.tool.command = x.tool.command, [taskset, "-c", "0"] + x.tool.command
    try:
        need(worked(x.run("report", "--json", core)).out == expected, "they differ")
    finally:
        x.tool.command = command


@test
def tasks_and_threads_cost_no_more_on_a_large_heap(x):
    """As the tool itself tells it: bytes do not depend on how busy this machine is."""
    small = x._once("small twin", lambda: x.start("service.py", ["--tasks", "40"]))
    whole = x.json("report", "--pid", large(x).pid)["target"]["copied_bytes"]
    need(whole > 64 << 20, "the large heap is no large one: %d bytes", whole)
    for command in FRUGAL:
        few, many = (x.json(*command, "--pid", target.pid)["target"]["copied_bytes"]
                     for target in (small, large(x)))
        need(0 < many < 2 * few and many < whole / 3, "%s: %d bytes of a small process, %d of a "
             "large one, which has %d", command, few, many, whole)


def comparable(rows):
    return same.comparable({"rows": rows, "target": {}})["rows"]


@test
def what_is_read_page_by_page_is_what_the_report_says(x):
    report = x.json("report", "--pid", large(x).pid)
    tasks = x.json("tasks", "--pid", large(x).pid)["tasks"]
    known = {row["address"]: row for row in comparable(report["tasks"])}
    pending = {row["address"] for row in report["tasks"] if row["state"] == "pending"}
    need(pending <= {row["address"] for row in tasks}, "pending tasks are missing")
    for row in comparable(tasks):
        # What would be freed with it and what can wake it, the heap alone knows.
        twin = {name: value for name, value in known.get(row["address"], {}).items()
                if name not in ("retained_bytes", "wake")}
        need(row == twin, "task %s is not as in the report: %s", row["name"],
             [(name, row.get(name), twin.get(name)) for name in sorted(set(row) | set(twin))
              if row.get(name) != twin.get(name)])
    threads = x.json("threads", "--pid", large(x).pid)["threads"]
    need(comparable(threads) == comparable(report["threads"]), "threads are not as in the report")
    loops = x.json("loops", "--pid", large(x).pid)["loops"]
    for row in report["loops"]:             # the heap alone knows
        del row["held_by"]
    need(comparable(loops) == comparable(report["loops"]), "loops are not as in the report")


@test
def where_finds_what_only_the_heap_has(x):
    orphan = x.json("orphans", "--pid", large(x).pid)["orphans"][0]
    for word in (orphan["address"], orphan["qualname"]):
        found = x.json("where", word, "--pid", large(x).pid)["coroutines"]
        need(orphan["address"] in [row["address"] for row in found], "%s: %s", word, found)


@test
def the_target_runs_while_a_slow_reader_takes_the_answer(x):
    """It is let go before the first byte is written."""
    service = large(x)
    process = x.tool.popen("tasks", "--json", "--pid", service.pid, cwd=x.here)
    process.stdout.read(1)
    need(x.targets_run_free() is None, "%s", x.targets_run_free())
    need(process.poll() is None or process.returncode == 0, "exit status %s", process.returncode)
    process.communicate()


def outcome(process, moment):
    """Of a run that is interrupted after so many seconds: status, output, complaint."""
    time.sleep(moment)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err.decode()


def duration_of(x, *command):
    start = time.monotonic()
    worked(x.run(*command))
    return time.monotonic() - start


@test
def interrupted_it_lets_the_target_go_and_prints_what_it_had(x):
    """Whenever it comes: the whole answer, a part that says so, nothing with a reason, or an
    end by the signal, when the answer is being written or nothing has begun."""
    pid = large(x).pid
    parts = 0
    for command in ("report", "tasks"):
        length = duration_of(x, command, "--json", "--pid", pid)
        for turn in range(25):
            moment = length * turn / 20
            status, out, err = outcome(x.tool.popen(command, "--json", "--pid", pid, cwd=x.here),
                                       moment)
            where = "%s, interrupted after %.1f ms" % (command, moment * 1000)
            need(x.targets_run_free() is None, "%s: %s", where, x.targets_run_free())
            need(status in (0, 4, -signal.SIGINT), "%s: exit status %s: %s", where, status, err)
            if status == 4 and out:
                answer = json.loads(out.decode())
                need("interrupted" in err, "%s: a part without a warning: %r", where, err)
                need("tasks" in answer, "%s: no tasks", where)
                parts += 1
            elif status == 4:
                need(re.match(r"asyncinspect: interrupted", err), "%s: %r", where, err)
    need(parts > 0, "it never printed a part")


@test
def what_cannot_be_answered_in_part_is_not_answered(x):
    """A gate that was interrupted is not passed."""
    pid = large(x).pid
    length = duration_of(x, "report", "--pid", pid)
    for turn in range(10):
        status, out, err = outcome(x.tool.popen("check", "--pid", pid, cwd=x.here),
                                   length * turn / 10)
        need(status != 4 or not out, "interrupted, and yet: %r", out)
        need(status in (0, 3, 4, -signal.SIGINT), "exit status %s: %s", status, err)


@test
def a_second_interrupt_ends_it(x):
    pid = large(x).pid
    length = duration_of(x, "report", "--pid", pid)
    ended = 0
    for turn in range(20):
        process = x.tool.popen("report", "--pid", pid, cwd=x.here)
        time.sleep(length * turn / 20)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.002)
        process.communicate(timeout=60)
        ended += process.returncode == -signal.SIGINT
        need(process.returncode in (0, 4, -signal.SIGINT), "exit status %d", process.returncode)
        need(x.targets_run_free() is None, "%s", x.targets_run_free())
    need(ended > 0, "it ended of itself each time")


def terminal_lines(x, pause_from, *command):
    """What it writes to a terminal on standard error, made slow: it stands still for a while."""
    master, slave = pty.openpty()
    process = x.tool.popen(*command, cwd=x.here, stderr=slave, env={"TERM": "xterm"})
    os.close(slave)
    time.sleep(pause_from)
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.1)
    process.send_signal(signal.SIGCONT)
    said = b""
    while select.select([master], [], [], 60)[0]:
        try:
            data = os.read(master, 65536)
        except OSError:                 # EIO: the other side is closed
            break
        if not data:
            break
        said += data
    os.close(master)
    process.communicate()
    need(process.returncode == 0, "exit status %d: %r", process.returncode, said)
    return said.decode()


@test
def slow_work_is_told_on_a_terminal_and_the_line_is_taken_away(x):
    core = x._once("large core", lambda: large(x).gcore())
    length = duration_of(x, "report", "--json", core)
    said = ""
    for turn in range(1, 8):
        said = said or terminal_lines(x, length * turn / 10, "report", "--json", core)
    need(re.search(r"asyncinspect: [a-z' ]+(: \d+ %)?", said), "nothing was told: %r", said)
    need(said.endswith("\r\x1b[K"), "the line stays: %r", said[-80:])
    need(terminal_lines(x, 0.001, "--version") == "", "quick work is told")
    need(worked(x.run("report", "--json", core)).err == b"", "told where no terminal is")


def cost_of(x, *command):
    """(megabytes at most, seconds, the answer) of a run."""
    start = time.monotonic()
    process = x.tool.popen(*command, cwd=x.here)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    need(process.returncode == 0, "exit status %d: %s", process.returncode, process.stderr.read())
    process.stdout.close()
    process.stderr.close()
    return usage.ru_maxrss / 1024, time.monotonic() - start, json.loads(out.decode())


@test
def forty_gigabytes_of_nothing_cost_nothing(x):
    """A core that is larger than memory, and the process: holes and untouched pages are
    passed over, and nothing needs the rest to be there at once."""
    vast = x.start("vast.py", folder=PROGRAMS)
    targets = [("the process", ["--pid", vast.pid])]
    for what, target in targets:
        memory, seconds, report = cost_of(x, "report", "--json", *target)
        need([row["qualname"] for row in report["orphans"]] == ["lost"], "%s: %s", what,
             report["orphans"])
        need(memory < 300, "%s: it took %d MiB", what, memory)
        need(seconds < 30, "%s: it took %.1f s", what, seconds)
        if what == "the process":
            core = vast.abort()
            if os.stat(core).st_blocks * 512 > 4 << 30:
                raise Skipped("this file system keeps no holes")
            need(os.path.getsize(core) > 40 << 30, "the core has %d bytes", os.path.getsize(core))
            targets.append(("the core", [core]))


def need_memory(mebibytes):
    with open("/proc/meminfo") as lines:
        available = next(int(line.split()[1]) >> 10 for line in lines if line.startswith("MemAvailable:"))
    if available < mebibytes:
        raise Skipped("%d MiB of memory are available, not %d" % (available, mebibytes))


def frugal_costs(x, service):
    """{(what, command): (megabytes at most, bytes copied)} of a process and of its core; both are gone
    then."""
    costs = {}
    core = None
    try:
        for what in ("the process", "its core"):
            if what == "its core":
                core = service.abort()
            for command in FRUGAL:
                command = ["where", "worker-7"] if command[0] == "where" else command
                target = [core] if core else ["--pid", service.pid]
                memory, _, report = cost_of(x, *command, "--json", *target)
                costs[what, command[0]] = memory, report["target"]["copied_bytes"]
    finally:
        end(service.process)
        if core:
            os.unlink(core)
    return costs


@test
def what_needs_no_heap_costs_the_same_with_a_large_one(x):
    """All of that memory was touched: nothing of it can be passed over as zeros."""
    need_memory(3072)
    small, large_one = (frugal_costs(x, x.start("ballast.py", ["--mib", str(mib)], folder=PROGRAMS))
                        for mib in (96, 1024))
    for case, (few, few_copied) in small.items():
        many, copied = large_one[case]
        need(many < few + 16, "%s, %s: it took %d MiB, not %d", *case, many, few)
        need(copied <= 2 * few_copied and copied < 16 << 20, "%s, %s: %d bytes were copied, not %d",
             *case, copied, few_copied)
