"""tree: who waits for whom; each task once, however they are tangled."""
import re

from limits_suite import PROGRAMS as LIMITS
from views_suite import BUGS, PROGRAMS, WORKLOADS, misused, need, task, test, valid

# A row that shows a task itself has its state; one that only refers to it has not.
ROW = re.compile(r"^[\s│├└─|`-]*(.*?)\s{2,}(?:pending|running|finished|cancelled|failed) ", re.M)


def shown(text):
    """Names of the tasks that have rows of their own, in order."""
    return [re.sub(r" \((in another loop|by awaited_by)\)$", "", name)
            for name in ROW.findall(text.split("\nCIRCLES")[0] + "\n")]


def once_each(names, expected):
    need(sorted(names) == sorted(expected), "%d rows, not %d: missing %s, more than once or invented %s",
         len(names), len(expected), sorted(set(expected) - set(names))[:5],
         sorted(name for name in set(names) if names.count(name) > 1 or name not in expected)[:5])


def live_and_core(case, target):
    yield [target.pid]
    yield case.abort(target)


def pairs(cycle, report):
    """{(name, name)} of a ring's edges; a thread is its ID."""
    names = {row["address"]: row["name"] for row in report["tasks"]}
    names[None] = None
    return {(names[e["from"]] or e["from_thread"], names[e["to"]] or e["to_thread"])
            for e in cycle["ring"]}


@test()
def tree_of_a_layered_diamond_shows_each_task_once(case):
    target = case.start("diamond.py", folder=PROGRAMS)
    expected = ["%s-%d" % (side, i) for i in range(16) for side in ("left", "right")]
    texts = []
    for where in live_and_core(case, target):
        text = case.text("tree", *where)
        texts.append(text)
        need(len(text.splitlines()) < 80, "%d lines", len(text.splitlines()))
        once_each([name for name in shown(text) if name != "Task-1"], expected)
        need(text.count("(see above)") == 30, "%d references, not 30", text.count("(see above)"))
        report = valid(case.json("tree", *where))
        need(report["cycles"] == [], "circles: %s", report["cycles"])
        left, right = task(report, "left-3")["address"], task(report, "right-3")["address"]
        for name in ("left-2", "right-2"):
            need(sorted(task(report, name)["waits_for"]["tasks"]) == sorted([left, right]),
                 "%s waits for %s", name, task(report, name)["waits_for"])
    need(texts[0] == texts[1], "the core gives another tree")


@test()
def tree_marks_where_a_circle_closes(case):
    target = case.start("task_cycle.py", folder=BUGS)
    for where in live_and_core(case, target):
        text = case.text("tree", *where)
        once_each([name for name in shown(text) if not name.startswith("Task-")],
                  ["a", "b", "bystander"])
        need(re.search(r"a \(circle: see above\)", text), "no circle is marked: %s", text)
        need("CIRCLES\n2 that wait for each other:\n    task 'a' waits for task 'b'\n"
             "    task 'b' waits for task 'a'\n" in text, "%s", text)
        report = valid(case.json("tree", *where))
        need(len(report["cycles"]) == 1, "%d circles", len(report["cycles"]))
        need(pairs(report["cycles"][0], report) == {("a", "b"), ("b", "a")}, "%s", report["cycles"])


@test()
def tree_has_circles_through_locks(case):
    pid = case.start("lock_deadlock.py", folder=BUGS).pid
    report = valid(case.json("tree", pid))
    need(len(report["cycles"]) == 1, "%d circles", len(report["cycles"]))
    ring = report["cycles"][0]["ring"]
    need(len(ring) == 2 and {e["via"] for e in ring} == {"holder"} and all(e["on"] for e in ring),
         "the ring is %s", ring)
    need(re.search(r"task '(\w+)' waits for .*Lock.*, which is held by task '(?!\1)\w+'",
                   case.text("tree", pid)), "the holders are not told")


@test()
def a_chain_of_3000_tasks_is_folded_and_unfolds_without_recursion(case):
    target = case.start("task_chain.py", folder=LIMITS)
    text = case.text("tree", target.pid, stack_kb=256)
    need(len(text.splitlines()) < 10, "%d lines", len(text.splitlines()))
    need("2997 more like it, each waits for the next: link-1 ... link-2997" in text, "%s", text)
    text = case.text("tree", "--all", target.pid, stack_kb=256)
    once_each([name for name in shown(text) if name.startswith("link-")],
              ["link-%d" % i for i in range(3000)])
    need(max(map(len, text.splitlines())) < 200, "a line of %d", max(map(len, text.splitlines())))


@test("3.8", "debian-3.14")
def a_circle_of_3000_tasks_is_shown(case):
    pid = case.start("task_chain.py", "--cycle", folder=LIMITS).pid
    text = case.text("tree", pid, stack_kb=256)
    need("link-0 (circle: see above)" in text and len(text.splitlines()) < 30, "%s", text[:2000])
    report = valid(case.json("tree", pid, stack_kb=256))
    need(len(report["cycles"]) == 1 and len(report["cycles"][0]["ring"]) == 3000, "the ring is cut")


@test()
def alike_siblings_are_folded_with_a_count(case):
    pid = case.start("crowd.py", folder=PROGRAMS).pid
    text = case.text("tree", pid)
    need(len(text.splitlines()) < 15, "%d lines", len(text.splitlines()))
    need("119 more like it: worker-1 ... worker-119" in text, "workers: %s", text)
    need("119 more like it: handler-1 ... handler-119" in text, "handlers: %s", text)
    text = case.text("tree", "--all", pid)
    names = shown(text)
    once_each([name for name in names if not name.startswith("Task-")],
              ["server", "shared"] + ["worker-%d" % i for i in range(120)]
              + ["handler-%d" % i for i in range(120)])
    need(len([name for name in names if name.startswith("Task-")]) == 121, "their own tasks are missing")
    need(text.count("shared (see above)") == 119, "%d references to the shared task",
         text.count("shared (see above)"))


@test()
def tree_crosses_loops_and_threads(case):
    target = case.start("two_loops.py", folder=PROGRAMS)
    for where in live_and_core(case, target):
        lines = case.text("tree", *where).splitlines()

        def below(name, child):
            at = next((i for i, line in enumerate(lines) if line.startswith(name + " ")), None)
            need(at is not None and child in lines[at + 1], "%s is not below %s: %s", child, name,
                 "\n".join(lines))

        below("asker", "answer (in another loop)")
        below("job", "thread pool_0 (executes its job)")
        need(any("thread blocked" in line for line in lines)
             and any("late (in another loop)" in line for line in lines), "%s", "\n".join(lines))
        report = valid(case.json("tree", *where))
        need(task(report, "answer")["waiters"] == [task(report, "asker")["address"]], "waiters: %s",
             task(report, "answer")["waiters"])
        need(report["cycles"] == [], "circles: %s", report["cycles"])


@test()
def a_thread_that_waits_for_what_its_own_loop_has_to_do_is_a_circle(case):
    target = case.start("self_block.py", folder=PROGRAMS)
    for where in live_and_core(case, target):
        report = valid(case.json("tree", *where))
        need(len(report["cycles"]) == 1, "%d circles", len(report["cycles"]))
        need(pairs(report["cycles"][0], report) == {(target.pid, target.pid)}, "%s", report["cycles"])
        need("a task that has yet to be started by thread MainThread" in case.text("tree", *where),
             "it is not told")


@test("3.12", "debian-3.15")
def frames_stand_below_their_task(case):
    pid = case.start("two_loops.py", folder=PROGRAMS).pid
    text = case.text("tree", "--frames", "--name", "asker", pid)
    need(re.search(r"asker .*\n\W+ask\(\) +two_loops.py:\d+\W*\n\W+answer \(in another loop\) .*\n"
                   r"\W+answer\(\) +two_loops.py:\d+", text), "%s", text)


@test("3.12")
def filters_choose_tasks_by_name_function_and_file(case):
    pid = case.start("crowd.py", "--workers", "12", folder=PROGRAMS).pid

    def names(*arguments):
        return sorted(row["name"] for row in valid(case.json(*arguments, pid))["tasks"])

    workers = sorted("worker-%d" % i for i in range(12))
    handlers = sorted("handler-%d" % i for i in range(12))
    need(names("tasks", "--name", "worker-*") == workers, "%s", names("tasks", "--name", "worker-*"))
    need(names("tasks", "--function", "Queue.get") == workers, "by function")
    need(names("tasks", "--file", "asyncio/queues.py") == workers, "by a short file")
    need(names("tasks", "--file", "*/asyncio/queues.py") == workers, "by a whole file")
    need(names("tasks", "--function", "handler", "--name", "handler-[0-3]")
         == ["handler-%d" % i for i in range(4)], "by both")
    need(names("tasks", "--name", "worker") == [], "a pattern is not for a part of a name")
    # A tree keeps who waits for what was chosen, and what that waits for.
    need(set(names("tree", "--name", "handler-3")) - {"server", "handler-3", "shared"}
         == {n for n in names("tree", "--name", "handler-3") if n.startswith("Task-")}, "tree")
    need(set(names("tree", "--name", "shared")) == set(handlers) | {"server", "shared"}, "upwards: %s",
         names("tree", "--name", "shared"))
    need("No task matches." in case.text("tree", "--name", "nobody", pid), "tree says something else")
    need("No task matches." in case.text("tasks", "--name", "nobody", pid), "tasks says something else")
    need(len([line for line in case.text("tasks", "--name", "worker-*", pid).splitlines()]) == 13,
         "the table has other rows")


@test("3.12")
def orphans_are_filtered_by_function_and_file(case):
    pid = case.start("service.py", "--tasks", "4", "--orphans", "2", folder=WORKLOADS).pid
    rows = case.json("orphans", pid)["orphans"]
    name = rows[0]["qualname"]
    found = valid(case.json("orphans", "--function", name, pid))["orphans"]
    need({row["address"] for row in found} == {row["address"] for row in rows if row["qualname"] == name},
         "%d of %d", len(found), len(rows))
    need(len(case.json("orphans", "--file", "*service.py", pid)["orphans"]) > 0, "none in service.py")
    need("No orphan matches." in case.text("orphans", "--function", "nobody", pid), "text")
    misused(case.run("orphans", "--name", "x", pid), "orphans takes no --name")
    misused(case.run("threads", "--file", "x", pid), "threads takes no --file")
    misused(case.run("tasks", "--frames", pid), "tasks takes no --frames")


@test()
def waiters_are_found_through_every_means(case):
    target = case.start("kinds.py", folder=PROGRAMS)
    both = ["by_as_completed", "by_gather", "by_nested_gather", "by_shielded_gather", "by_wait",
            "by_wait_first"]
    expected = {"one": sorted(both + ["by_await", "by_shield", "by_wait_for"]), "two": both}
    if case.interpreter.version >= (3, 11):
        expected.update({"in-group-one": ["by_group"], "in-group-two": ["by_group"]})
        # Its group's body goes on: nobody waits for it yet.
        expected["in-body"] = []
    for where in live_and_core(case, target):
        report = valid(case.json("tree", *where))
        names = {row["address"]: row["name"] for row in report["tasks"]}
        for name, waiters in expected.items():
            found = sorted(names[address] for address in task(report, name)["waiters"])
            need(found == waiters, "%s is waited for by %s, not by %s", name, found, waiters)
        need(report["cycles"] == [], "circles: %s", report["cycles"])


@test("debian-3.14", "debian-3.15")
def what_awaited_by_alone_says_is_marked(case):
    text = case.text("tree", case.start("kinds.py", folder=PROGRAMS).pid)
    need(re.search(r"^in_body .*\n\W+in-body \(by awaited_by\) ", text, re.M), "%s", text)
    need(text.count("(by awaited_by)") == 1, "%d marks: %s", text.count("(by awaited_by)"), text)
