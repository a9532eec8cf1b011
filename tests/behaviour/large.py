"""Large targets: what they cost, and that size changes nothing in the answer."""
import signal
import time

from suite import need, require_program, test, worked

import same

# They read what they need of a process while it stands, and no more.
FRUGAL = (["tasks"], ["tree"], ["where", "session-keeper"], ["threads"])


def large(x):
    """A service with a heap that is worth more than one thread."""
    return x._once("large", lambda: x.start(
        "service.py", ["--tasks", "40", "--orphan-kinds", "all", "--orphans", "30",
                       "--heap-objects", "300000"]))


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
    need(whole > 30 << 20, "the large heap is no large one: %d bytes", whole)
    for command in FRUGAL:
        few, many = (x.json(*command, "--pid", target.pid)["target"]["copied_bytes"]
                     for target in (small, large(x)))
        need(0 < many < 2 * few and many < whole / 3, "%s: %d bytes of a small process, %d of a "
             "large one, which has %d", command, few, many, whole)


def comparable(rows):
    return same.comparable({"rows": rows, "target": {}})["rows"]


@test
def what_is_read_page_by_page_is_what_the_report_says(x):
    report = x.json("report", "--pid", x.service.pid)
    tasks = x.json("tasks", "--pid", x.service.pid)["tasks"]
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
    threads = x.json("threads", "--pid", x.service.pid)["threads"]
    need(comparable(threads) == comparable(report["threads"]), "threads are not as in the report")


@test
def where_finds_what_only_the_heap_has(x):
    orphan = x.json("orphans", "--pid", x.service.pid)["orphans"][0]
    for word in (orphan["address"], orphan["qualname"]):
        found = x.json("where", word, "--pid", x.service.pid)["coroutines"]
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


@test
def interrupted_while_it_holds_a_target_it_lets_it_go(x):
    service = large(x)
    for turn in range(20):
        process = x.tool.popen("tasks", "--pid", service.pid, cwd=x.here)
        time.sleep(turn / 1000)
        process.send_signal(signal.SIGINT)
        process.communicate()
        need(x.targets_run_free() is None, "after %d ms: %s", turn, x.targets_run_free())
