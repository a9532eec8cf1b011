"""Tasks of every make, in every thread, interpreter and loop."""
import re

from limits_suite import (WORKLOADS, Skipped, names, need, once, qualnames, says, task, test,
                          worked)


@test()
def a_loop_in_a_second_thread_is_shown_with_its_tasks(x):
    target = x.start("second_thread.py")
    report = x.json("report", "--pid", target.pid)
    once("report", ["Task-1"] + ["far-%d" % number for number in range(5)], names(report))
    threads = {row["name"]: row for row in report["threads"]}
    once("threads", ["MainThread", "loop-thread"], list(threads))
    need(len(report["loops"]) == 1, "%d loops", len(report["loops"]))
    loop = report["loops"][0]
    need(loop["thread"] == threads["loop-thread"]["native_id"] and loop["doing"] == "polling",
         "the loop is %s in thread %s", loop["doing"], loop["thread"])
    need(all(row["loop"] == loop["address"] for row in report["tasks"]), "a task has another loop")
    need(threads["MainThread"]["loop"] is None, "the main thread has a loop")
    x.compare_with_stdlib(target.pid, report)


@test()
def tasks_of_the_pure_python_class_stand_beside_the_others(x):
    target = x.start("py_tasks.py")
    report = x.json("report", "--pid", target.pid)
    once("report", ["Task-1", "py-waits-for-c", "c-waits-for-py"]
         + ["idle-%d" % number for number in range(20)], names(report))
    for this, other in (("py-waits-for-c", "idle-0"), ("c-waits-for-py", "idle-1")):
        need(task(report, this)["waits_for"]["tasks"] == [task(report, other)["address"]],
             "%s does not wait for %s", this, other)
        need(task(report, other)["awaited_by"] == [task(report, this)["address"]],
             "%s is not awaited by %s", other, this)
    need(task(report, "idle-0")["type"] == "_asyncio.Task", "idle-0 is a %s",
         task(report, "idle-0")["type"])
    need(task(report, "idle-1")["type"] == "asyncio.tasks.Task", "idle-1 is a %s",
         task(report, "idle-1")["type"])
    need(all(row["state"] == "pending" and row["stack"] for row in report["tasks"]), "one has no stack")
    x.compare_with_stdlib(target.pid, report)


@test()
def every_kind_of_awaitable_is_in_the_chain_in_order(x):
    target = x.start("awaitables.py")
    expected = ["outer", "bridge", "wrapper", "Deferred.__await__", "middle", "agen", "inner"]
    kinds = ["coroutine", "generator", "coroutine", "generator", "coroutine", "async_generator",
             "coroutine"]
    report = x.json("where", "--pid", target.pid, "mixed")
    stack = task(report, "mixed")["stack"]
    found = [re.sub(r"^asyncio\.", "", name) for name in qualnames(stack)]
    need(found == expected, "the chain is %s", " > ".join(found))
    need([frame["kind"] for frame in stack] == kinds, "the kinds are %s",
         [frame["kind"] for frame in stack])
    text = x.text("where", "--pid", target.pid, "mixed")
    need(re.findall(r"^ +(\S+)  (?:\(\w.*\)  )?\S+awaitables.py:\d+$", text, re.M) == expected, "`where` says %s", text)
    orphans = x.json("orphans", "--pid", target.pid)["orphans"]
    need(not orphans, "%d orphans", len(orphans))
    x.compare_with_stdlib(target.pid, report, "ps", "pstree")


@test("3.12", "3.13", "debian-3.14", "debian-3.15", since=(3, 12))
def tasks_of_all_interpreters_are_shown(x):
    for arguments in ([], ["--legacy"]):
        subinterpreters(x, x.start("subinterpreters.py", *arguments))


def subinterpreters(x, target):
    report = x.json("report", "--pid", target.pid)
    subs = ["sub1", "sub2"]
    once("report", ["%s-%d" % (name, number) for name in ["main"] + subs for number in range(3)],
         [name for name in names(report) if not name.startswith("Task-")])
    need(len(report["interpreters"]) == 3, "%d interpreters", len(report["interpreters"]))
    ids = [row["id"] for row in report["interpreters"]]
    need(sorted(ids) == [0, 1, 2], "the interpreters are %s", ids)
    need(len(report["loops"]) == 3, "%d loops", len(report["loops"]))
    threads = {row["native_id"]: row for row in report["threads"]
               if row["loop"] is not None}
    need(len(threads) == 3, "%d threads run a loop", len(threads))
    for name, number in zip(["main"] + subs, (0, 1, 2)):
        mine = task(report, name + "-0")["loop"]
        loop = next(row for row in report["loops"] if row["address"] == mine)
        need(loop["doing"] == "polling", "the loop of %s is %s", name, loop["doing"])
        need(threads[loop["thread"]]["interpreter"] == number, "the loop of %s is in interpreter %s",
             name, threads[loop["thread"]]["interpreter"])
        # In 3.12 threading of a subinterpreter takes the thread for its main one.
        need(threads[loop["thread"]]["name"] in ("MainThread", "interpreter-%d" % number),
             "the thread of %s is called %s", name, threads[loop["thread"]]["name"])
    orphans = x.json("orphans", "--pid", target.pid)["orphans"]
    need([row["qualname"] for row in orphans] == ["never_awaited"] * 2, "the orphans are %s",
         [row["qualname"] for row in orphans])
    for row in orphans:
        need([path["text"] for path in row["paths"]] == ["__main__.PENDING['job']"],
             "an orphan is reached by %s", row["paths"])
    says(x.text("threads", "--pid", target.pid), r"interpreter 1\b", r"interpreter 2\b")
    worked(x.run("report", "--pid", target.pid))
    x.compare_with_stdlib(target.pid, report)


@test("3.8", "3.11", "3.12", "debian-3.14", "debian-3.15")
def subclasses_eager_renamed_and_huge_tasks_are_shown(x):
    target = x.start("unusual_tasks.py")
    report = x.json("report", "--pid", target.pid)
    odd = "bell\a escape\x1b[31m line\nbreak \u202e"
    found = {row["name"]: row for row in report["tasks"]}
    expected = ["by-factory", "slotted", "second name", "17", "huge"]
    types = {"by-factory": "__main__.TracedTask", "slotted": "__main__.SlottedTask"}
    if x.interpreter.version >= (3, 12):
        expected += ["eager", "eager-subclass"]
        types["eager-subclass"] = "__main__.TracedTask"
    for name in expected:
        need(name in found, "%s is missing", name)
        need(found[name]["type"] == types.get(name, "_asyncio.Task"), "%s is a %s", name,
             found[name]["type"])
        need(qualnames(found[name]["stack"]) == ["idle"], "the stack of %s is %s", name,
             qualnames(found[name]["stack"]))
    need("first name" not in found, "the old name is shown")
    long = [name for name in found if name.startswith("nnnn")]
    need(len(long) == 1 and 1000 < len(long[0]) <= 100200, "the long name has %s characters",
         [len(name) for name in long])
    need(any(name.startswith(odd) and "\U0001f40d" in name for name in found),
         "the odd name is not there")
    # Task-1, the unnamed and the half-made ones
    need(len(report["tasks"]) == len(expected) + 3, "%d tasks: %s", len(report["tasks"]),
         [name[:20] for name in found])
    need(x.json("where", "--pid", target.pid, "17")["tasks"][0]["name"] == "17", "17 is taken for an address")
    need(max(map(len, x.text("tasks", "--pid", target.pid).split("\n"))) < 1000, "a row is very wide")
    need(long[0] in x.text("where", "--pid", target.pid, long[0]), "`where` cuts a name")
    text = x.text("where", "--pid", target.pid, "huge", "--locals")
    need(len(text) < 5000, "`where --locals` of the huge one has %d characters", len(text))
    for words in (["report"], ["tasks"], ["where", "idle", "--locals"]):
        out = x.text(*(words + ["--pid", str(target.pid)]))
        need(not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", out), "%s writes control characters",
             words[0])


@test("debian-3.11")
def uvloop_is_read_like_any_other_loop(x):
    if not x.has_module("uvloop"):
        raise Skipped("uvloop is not installed: python3-uvloop")
    arguments = ["--tasks", "60", "--orphans", "14", "--orphan-kinds", "all"]
    plain = x.start("service.py", *arguments, folder=WORKLOADS)
    target = x.start("service.py", *arguments, "--uvloop", folder=WORKLOADS)
    expected = x.json("report", "--pid", plain.pid)
    report = x.json("report", "--pid", target.pid)
    chains = [{row["name"]: qualnames(row["stack"]) for row in each["tasks"]}
              for each in (expected, report)]
    once("tasks", names(expected), names(report))
    # Server.serve_forever() of uvloop is compiled: an object whose inside nobody sees
    need(chains[1]["server"][0] == "serve", "the chain of server is %s", chains[1]["server"])
    for name in set(chains[0]) - {"server"}:
        theirs, ours = (chain[name] for chain in chains)
        need(theirs == ours, "the chain of %s is %s, on asyncio's loop %s", name, ours, theirs)
    held = [{row["arguments"][0]["value"]: (row["qualname"], [
        re.sub("0x[0-9a-f]+", "", path["text"]) for path in row["paths"]])
        for row in each["orphans"]} for each in (expected, report)]
    need(set(held[0]) == set(held[1]), "other orphans: %s", sorted(set(held[0]) ^ set(held[1])))
    for job in set(held[0]) - {"'job-4'", "'job-10'"}:      # in a context and in a timer: of the loop's make
        need(held[0][job] == held[1][job], "%s is %s, on asyncio's loop %s", job, held[1][job], held[0][job])
    need(len(report["loops"]) == 1, "%d loops", len(report["loops"]))
    loop = report["loops"][0]
    need(loop["type"] == "uvloop.Loop" and loop["thread"] == target.pid, "the loop is a %s in thread %s",
         loop["type"], loop["thread"])
    need(loop["doing"] in ("polling", "running", None), "an idle uvloop is called %s", loop["doing"])
    need(not [f for f in report["findings"] if "block" in f["rule"]], "it is called blocked")
    says(x.text("report", "--pid", target.pid), "uvloop.Loop")


IDLE = ["Task-1"] + ["idle-%d" % number for number in range(10)]


def told_of_a_collection(x, *arguments):
    result = worked(x.run("report", "--json", *arguments), quiet=False)
    need(result.complaint.startswith("asyncinspect: warning: a garbage collection was running"),
         "on standard error: %s", result.complaint)
    once("report", IDLE, names(result.json()))


@test("3.11", "3.12", "3.13", "debian-3.14", "debian-3.15")
def a_short_collection_is_waited_for(x):
    target = x.start("collecting.py", "--seconds", "0.4", settle=False)
    for _ in range(3):
        once("report", IDLE, names(x.json("report", "--pid", target.pid)))


@test("3.11", "3.12", "3.13", "debian-3.14", "debian-3.15")
def a_long_collection_is_told_beside_the_answer(x):
    target = x.start("collecting.py", "--seconds", "60", settle=False)
    told_of_a_collection(x, "--pid", target.pid)


@test("3.11", "3.12", "3.13", "debian-3.14", "debian-3.15")
def a_core_from_a_collection_is_told_beside_the_answer(x):
    target = x.start("collecting.py", "--seconds", "60", settle=False)
    try:
        core = x.gcore(target)
    except Skipped:
        core = x.abort(target)
    told_of_a_collection(x, *core)
