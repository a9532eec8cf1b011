"""Very many tasks, very deep chains, rings, and a program that never rests."""
import re

from limits_suite import (Broken, Skipped, WORKLOADS, last_line, names, need, once, qualnames, task, test,
                          worked)

# No stack of ours grows with the target's: this is enough for any chain.
SMALL_STACK_KB = 1024
CHURN_RUNS = 30


def idle_tasks(x, count):
    target = x.start("idle_tasks.py", "--tasks", str(count))
    expected = ["Task-1"] + ["idle-%06d" % number for number in range(count)]

    result, cost = x.measured("report", "--json", "--pid", target.pid)
    whole = worked(result).json()
    once("report --json", expected, names(whole))
    x.note("report --json: %s, %d MB of JSON" % (cost, len(result.out) / 1e6))

    result, cost = x.measured("tasks", "--pid", target.pid)
    once("tasks", expected, re.findall(r"^(idle-\d+|Task-1) ", worked(result).text, re.M))
    x.note("tasks: %s" % cost)

    result, cost = x.measured("report", "--pid", target.pid)
    text = worked(result).text
    need(re.search(r"\b%d tasks\b" % (count + 1), text), "the head does not count them: %s", text[:200])
    need(re.search(r"^ *%d\b.*" % count, text, re.M) or re.search(r"\b%d\b" % count, text),
         "no group of %d: %s", count, text[:600])
    need(text.count("\n") < 100, "the grouped report has %d lines", text.count("\n"))
    x.note("report: %s" % cost)
    x.compare_with_stdlib(target.pid, whole)


@test()
def a_hundred_thousand_idle_tasks_are_each_shown_once(x):
    idle_tasks(x, 100000)


@test()
def seventy_thousand_idle_tasks_are_each_shown_once(x):
    idle_tasks(x, 70000)


def deep(x, depth):
    """The report of a chain of that depth; `where` shows each coroutine of it in order."""
    try:
        target = x.start("deep_chain.py", "--depth", str(depth))
    except Broken as why:
        raise Skipped("Python itself cannot: %s" % why)
    expected = [("even", "odd")[number % 2] for number in range(depth + 1)]

    report = x.json("where", "--pid", target.pid, "deep", "--locals", stack_kb=SMALL_STACK_KB)
    stack = task(report, "deep")["stack"]
    need(qualnames(stack) == expected, "the chain has %d frames, not %d, or another order",
         len(stack), len(expected))
    left = [int(next(v["value"] for v in frame["locals"] if v["name"] == "left")) for frame in stack]
    need(left == list(range(depth, -1, -1)), "the locals do not count down: %s ...", left[:5])

    text = x.text("where", "--pid", target.pid, "deep", stack_kb=SMALL_STACK_KB)
    shown = re.findall(r"^ +(even|odd) +\S+deep_chain.py:\d+$", text, re.M)
    need(shown == expected, "`where` shows %d frames, not %d", len(shown), len(expected))

    result, cost = x.measured("report", "--json", "--pid", target.pid)
    whole = worked(result).json()
    once("report", ["Task-1", "deep", "next"], names(whole))
    need(qualnames(task(whole, "deep")["stack"]) == expected, "the report has another chain")
    x.note("report --json: %s, %d bytes of JSON" % (cost, len(result.out)))
    worked(x.run("report", "--pid", target.pid, stack_kb=SMALL_STACK_KB))
    worked(x.run("threads", "--pid", target.pid, stack_kb=SMALL_STACK_KB))
    x.compare_with_stdlib(target.pid, whole, "ps", "pstree")
    return len(result.out)


@test()
def a_chain_of_3000_coroutines_is_followed_to_its_end(x):
    half = deep(x, 1500)
    size = deep(x, 3000)
    need(size < 2.1 * half, "twice the chain makes %.1f times the JSON", size / half)


@test()
def a_chain_of_50000_coroutines_is_followed_to_its_end(x):
    deep(x, 50000)


@test()
def a_chain_of_3000_tasks_is_shown_link_by_link(x):
    count = 3000
    target = x.start("task_chain.py", "--length", str(count))
    report = x.json("report", "--pid", target.pid, stack_kb=SMALL_STACK_KB)
    expected = ["link-%d" % number for number in range(count)]
    once("report", ["Task-1"] + expected, names(report))
    rows = [task_row for task_row in report["tasks"] if task_row["name"] != "Task-1"]
    by_name = {row["name"]: row for row in rows}
    for this, following in zip(expected, expected[1:]):
        waits = by_name[this]["waits_for"]
        need(waits["kind"] == "task" and waits["tasks"] == [by_name[following]["address"]],
             "%s does not wait for %s: %s", this, following, waits)
        need(by_name[following]["awaited_by"] == [by_name[this]["address"]],
             "%s is awaited by %s", following, by_name[following]["awaited_by"])
    for name in (expected[0], expected[-1]):
        need(len(by_name[name]["stack"]) == 1, "%s has a stack of %d", name,
             len(by_name[name]["stack"]))
        worked(x.run("where", "--pid", target.pid, name, stack_kb=SMALL_STACK_KB))
    worked(x.run("report", "--pid", target.pid, stack_kb=SMALL_STACK_KB))
    x.compare_with_stdlib(target.pid, report, "ps", "pstree")


@test()
def tasks_that_wait_for_each_other_in_a_ring_are_shown(x):
    for count in (2, 3000):     # a task that awaits itself is refused by asyncio
        target = x.start("task_chain.py", "--length", str(count), "--cycle")
        report = x.json("report", "--pid", target.pid)
        once("report", ["Task-1"] + ["link-%d" % number for number in range(count)], names(report))
        by_name = {row["name"]: row for row in report["tasks"]}
        for number in range(count):
            this, following = "link-%d" % number, "link-%d" % ((number + 1) % count)
            need(by_name[this]["waits_for"]["tasks"] == [by_name[following]["address"]],
                 "%s does not wait for %s", this, following)
        text = x.text("where", "--pid", target.pid, "link-0")
        need("link-1" in text and "link-%d" % (count - 1) in text,
             "`where` does not name both neighbours: %s", text)
        x.compare_with_stdlib(target.pid, report, "pstree")


@test()
def of_a_program_that_never_rests_every_parked_task_is_shown_each_time(x):
    target = x.start("service.py", "--churn", "50", "--tasks", "50", folder=WORKLOADS, settle=False)
    steady, counts = None, []       # "?" is the name of a task that is being made
    for run in range(CHURN_RUNS):
        report = x.json("report", "--pid", target.pid)
        need(report["target"]["unreadable"] == 0, "run %d: %d values could not be read", run,
             report["target"]["unreadable"])
        addresses = [row["address"] for row in report["tasks"]]
        need(len(set(addresses)) == len(addresses), "run %d: a task is listed twice", run)
        found = [name for name in names(report) if not re.match(r"(Task-\d+|\?)$", name)]
        if steady is None:
            steady = sorted(found)
            need(len(steady) >= 100, "only %d tasks have names", len(steady))
        need(sorted(found) == steady, "run %d: tasks come and go: %s", run,
             sorted(set(found) ^ set(steady))[:5])
        hasty = [finding for finding in report["findings"] if finding["title"].startswith("sleep(")
                 and any("local 'coro'" in line for line in finding["evidence"])]
        need(not hasty, "run %d: what is about to become a task is called never awaited: %s", run, hasty)
        counts.append(len(addresses))
    x.note("%d runs, %d to %d tasks, %d of them parked" % (CHURN_RUNS, min(counts), max(counts),
                                                           len(steady)))
    if x.interpreter.version < (3, 14):
        return
    runs = [x.run_stdlib("ps", target.pid) for _ in range(CHURN_RUNS)]
    failed = [run if isinstance(run, str) else last_line(run) for run in runs
              if isinstance(run, str) or run.status != 0]
    x.note("asyncio ps: %d of %d runs failed%s" % (
        len(failed), CHURN_RUNS, "; the first: " + failed[0] if failed else ""))
