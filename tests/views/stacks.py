"""stacks: tasks by identical await stacks."""
import collections
import re

from views_suite import PROGRAMS, WORKLOADS, misused, need, test, valid


def key(row):
    return (row["state"],) + tuple((f["qualname"], f["file"], f["line"]) for f in row["stack"])


@test()
def stacks_are_those_of_the_tasks_most_common_first(case):
    target = case.start("service.py", "--tasks", "60", folder=WORKLOADS)
    folded = []
    for where in ([target.pid], None):
        where = where or case.abort(target)
        report = valid(case.json("stacks", *where))
        expected = collections.defaultdict(list)
        for row in report["tasks"]:
            expected[key(row)].append(row["address"])
        found = {tuple(sorted(group["tasks"])) for group in report["stacks"]}
        need(found == {tuple(sorted(tasks)) for tasks in expected.values()}, "other groups")
        counts = [group["count"] for group in report["stacks"]]
        need(counts == sorted(counts, reverse=True) and counts[0] > 1, "counts: %s", counts)
        need(all(g["count"] == len(g["tasks"]) for g in report["stacks"]), "counts are not of tasks")
        lines = case.text("stacks", "--folded", *where).splitlines()
        folded.append(lines)
        need(all(re.match(r"[^;]+(;[^;]+)* \d+$", line) for line in lines), "%s", lines[:3])
        need(sum(int(line.rpartition(" ")[2]) for line in lines)
             == sum(bool(row["stack"]) for row in report["tasks"]), "the counts do not add up")
        deepest = max(report["stacks"], key=lambda group: len(group["stack"]))
        need(any(re.sub(r" \([^;]*\)", "", line).rpartition(" ")[0]
                 == ";".join(f["qualname"] for f in deepest["stack"]) for line in lines),
             "the deepest stack is missing")
    need(folded[0] == folded[1], "the core gives other stacks")


@test("3.12", "debian-3.14")
def stacks_tell_count_frames_wait_and_names(case):
    pid = case.start("crowd.py", folder=PROGRAMS).pid
    text = case.text("stacks", pid)
    need(re.search(r"^  120  worker +crowd.py:\d+\n +Queue.get +asyncio/queues.py:\d+\n"
                   r" +waits for Queue .*\n +worker-0, worker-1, worker-2 \.\.\. worker-119$", text, re.M),
         "%s", text)
    text = case.text("stacks", "--function", "Queue.get", pid)
    need(text.count("worker") == 5 and "handler" not in text, "%s", text)
    need("No task matches." in case.text("stacks", "--name", "nobody", pid), "it says something else")
    misused(case.run("stacks", "--folded", "--json", pid), "--folded is no JSON")
    misused(case.run("tree", "--folded", pid), "tree takes no --folded")
