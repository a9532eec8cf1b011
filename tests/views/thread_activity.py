"""threads: what each thread does, beyond its stack."""
import re

from views_suite import PROGRAMS, need, task, test, valid


def by_name(report):
    return {row["name"]: row for row in report["threads"]}


def looks(case, pid, enough):
    """Looks until enough(threads by name) holds, at most 50 times."""
    for _ in range(50):
        found = by_name(valid(case.json("threads", pid)))
        if enough(found):
            return found
    return None


@test()
def threads_tell_their_system_calls_live_and_in_a_core(case):
    target = case.start("threads.py", folder=PROGRAMS)
    for where in ([target.pid], None):
        core = where is None
        where = where or case.abort(target)
        threads = by_name(valid(case.json("threads", *where)))
        for name, calls in (("sleeps", ("clock_nanosleep", "pselect6", "select", "restart_syscall")),
                            ("reads", ("read",)), ("joins", ("futex",))):
            row = threads[name]
            need(row["activity"] == "system-call" and row["system_call"]["name"] in calls,
                 "%s: %s, %s", name, row["activity"], row["system_call"])
            need(row["gil"] == "without", "%s has the GIL: %s", name, row["gil"])
        need(threads["reads"]["system_call"]["fd"] == int(threads["reads"]["system_call"]["arguments"][0], 16)
             and threads["sleeps"]["system_call"]["fd"] is None, "descriptors")
        need(threads["joins"]["waits_for"]["thread"] == threads["sleeps"]["native_id"]
             and threads["joins"]["waits_for"]["timeout"] is False, "joins: %s",
             threads["joins"]["waits_for"])
        need(threads["sleeps"]["waits_for"] is None, "sleeps: %s", threads["sleeps"]["waits_for"])
        text = case.text("threads", *where)
        need(re.search(r"waits in the system call read\(fd \d+\)$", text, re.M), "%s", text)
        need("for threading.Thread.join of thread %d" % threads["sleeps"]["native_id"] in text, "%s", text)
        need(core or "epoll_wait(fd " in text or "waits for the GIL" in text, "%s", text)


@test()
def threads_tell_who_holds_the_gil_and_who_waits_for_it(case):
    pid = case.start("threads.py", "--computers", "2", folder=PROGRAMS, settle=False).pid
    pair = ("computes-0", "computes-1")

    def told(threads):
        return sorted(threads[name]["gil"] for name in pair) == ["holds", "waits"]

    threads = looks(case, pid, told)
    need(threads, "never in 50 looks does one hold the GIL while the other waits for it")
    for name in pair:
        need(threads[name]["activity"] == {"holds": "running", "waits": "gil"}[threads[name]["gil"]],
             "%s: %s", name, threads[name])
    need(sum(row["gil"] == "holds" for row in threads.values()) == 1, "several hold it")


@test()
def threads_tell_for_what_task_a_thread_blocks(case):
    pid = case.start("two_loops.py", folder=PROGRAMS).pid
    late = task(case.json("tasks", pid), "late")["address"]
    threads = by_name(valid(case.json("threads", pid)))
    wait = threads["blocked"]["waits_for"]
    need(wait["method"] == "concurrent.futures.Future.result" and wait["task"] == late
         and wait["thread"] is None, "%s", wait)
    need(threads["other"]["waits_for"] is None, "%s", threads["other"]["waits_for"])
    need("for concurrent.futures.Future.result of task 'late'" in case.text("threads", pid),
         "the text does not say so")
