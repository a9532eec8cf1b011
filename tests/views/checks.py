"""check: what it prints, and with which status it ends."""
from views_suite import BUGS, WORKLOADS, misused, need, test, valid

DONE, FOUND = 0, 3


def ended(case, status, *arguments):
    """What check printed; it ended with this status, and said nothing else."""
    result = case.run("check", *arguments)
    need(not result.crashed(), "%s", result.crashed())
    need(result.status == status, "%s: exit status %d, not %d: %s", arguments, result.status, status,
         result.complaint or result.text[:300])
    need(not result.err, "on standard error: %s", result.complaint[:300])
    return result.text


def both(case, status, *arguments):
    """The same as JSON."""
    text = ended(case, status, *arguments)
    result = case.run("check", "--json", *arguments)
    report = valid(result.json())
    need(result.status == status, "with --json it ends with status %d", result.status)
    need(report["check"]["failed"] is (status == FOUND), "JSON says failed: %s",
         report["check"]["failed"])
    need("tasks" not in report, "there is more than findings")
    return text, report


@test()
def check_of_a_program_without_faults_says_so_and_ends_with_0(case):
    pid = case.start("service.py", "--tasks", "8", "--orphans", "0", folder=WORKLOADS).pid
    text, report = both(case, DONE, pid)
    need(text == "no findings\n", "it says %r", text[:200])
    need(report["findings"] == [], "%d findings", len(report["findings"]))
    need(report["check"]["gates"] == [{"gate": "warning", "count": 0, "met": False}], "gates: %s",
         report["check"]["gates"])


@test()
def check_of_a_fault_ends_with_3_live_and_in_a_core(case):
    target = case.start("truthy_coroutine.py", folder=BUGS)
    for kind in ("live", "core"):
        where = [target.pid] if kind == "live" else case.abort(target)
        text, report = both(case, FOUND, *where)
        lines = text.splitlines()
        need(lines[0].startswith("error: never-awaited: save("), "first line: %s", lines[0])
        need("    held by local 'saved' of coroutine handler in task 'handler'" in lines, "%s", text)
        need(lines[-1] == "1 error; failed on warning or worse (1)", "last line: %s", lines[-1])
        need([f["rule"] for f in report["findings"]] == ["never-awaited"], "%s", report["findings"])


@test("3.12")
def gates_are_met_by_counts_of_objects(case):
    pid = case.start("service.py", "--tasks", "4", "--orphans", "3", folder=WORKLOADS).pid
    _, report = both(case, FOUND, pid)
    count = sum(len(f["objects"]) for f in report["findings"] if f["rule"] == "never-awaited")
    need(count > 1, "%d objects: this test needs more", count)
    worse = sum(len(f["objects"]) for f in report["findings"] if f["severity"] == "error")
    for gate, status in (("never-awaited", FOUND), ("never-awaited>0", FOUND),
                         ("never-awaited>%d" % (count - 1), FOUND),
                         ("never-awaited>%d" % count, DONE),
                         ("unretrieved-exception", DONE), ("error>%d" % worse, DONE),
                         ("unretrieved-exception,never-awaited>1", FOUND)):
        text, report = both(case, status, "--fail-on", gate, pid)
        need(("failed on" in text) is (status == FOUND), "%s: %s", gate, text)
        need([row["gate"] for row in report["check"]["gates"]] == gate.split(","), "gates: %s",
             report["check"]["gates"])
    # Given twice, both hold.
    ended(case, FOUND, "--fail-on", "never-awaited", "--fail-on", "unretrieved-exception", pid)


@test("3.12")
def rules_that_are_not_asked_for_are_not_told(case):
    pid = case.start("never_awaited_in_list.py", folder=BUGS).pid
    need(ended(case, DONE, "--rules", "unretrieved-exception", pid) == "no findings\n", "it says more")
    _, report = both(case, FOUND, "--rules", "never-awaited,unretrieved-exception", pid)
    need({f["rule"] for f in report["findings"]} == {"never-awaited"}, "%s", report["findings"])
    report = valid(case.json("report", "--rules", "unretrieved-exception", pid))
    need(report["findings"] == [], "report has %s", report["findings"])
    # One that rests upon what another finds says the same alone.
    pid = case.start("warnings_ignored.py", folder=BUGS).pid
    _, report = both(case, DONE, "--rules", "warnings-suppressed", pid)
    need([f["rule"] for f in report["findings"]] == ["warnings-suppressed"], "%s",
         report["findings"])


@test("3.12")
def what_check_does_not_know_is_a_usage_error_before_anything_is_looked_at(case):
    for arguments, words in ((["--rules", "no-such"], ["'no-such' is no rule", "never-awaited, "]),
                             (["--rules", ""], ["is no rule"]),
                             (["--rules", "never-awaited,"], ["is no rule"]),
                             (["--fail-on", "bad>1"], ["'bad' is no rule", "error, warning"]),
                             (["--fail-on", "never-awaited>"], ["is no limit"]),
                             (["--fail-on", "never-awaited>x"], ["is no limit"]),
                             (["--fail-on", "never-awaited>-1"], ["is no limit"]),
                             (["--fail-on", "never-awaited=1"], ["is no limit"]),
                             (["--fail-on", "never-awaited>99999999999999999999"], ["is no limit"]),
                             (["--rules", "never-awaited", "--fail-on", "unretrieved-exception"],
                              ["not among the --rules"])):
        misused(case.run("check", *arguments, "--pid", "1"), *words)
    misused(case.run("tasks", "--rules", "never-awaited", "--pid", "1"), "tasks takes no --rules")
    misused(case.run("report", "--fail-on", "error", "--pid", "1"), "report takes no --fail-on")
