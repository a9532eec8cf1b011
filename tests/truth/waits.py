"""Compare what a report says of each wait with what the workload waits.py declared.

Its truth has extra.waits: a row a task, with patterns that must match as a whole.
"""
import re


def _names(report, addresses):
    by_address = {task["address"]: task["name"] for task in report["tasks"]}
    return sorted(by_address.get(address, "?") for address in addresses)


def _matches(pattern, text):
    return text is None if pattern is None else re.fullmatch(pattern, text or "") is not None


def _same_tasks(row, names, is_whole):
    """A done task is known by the heap alone: its name is '?' otherwise."""
    if is_whole:
        return names == row["tasks"]
    return len(names) == len(row["tasks"]) and set(names) - {"?"} <= set(row["tasks"])


def _compare_row(row, wait, report, is_whole):
    what = "wait of %r" % row["name"]
    if wait is None:
        yield "%s: it waits for nothing" % what
        return
    if wait["kind"] != row["kind"]:
        yield "%s: kind %r, expected %r" % (what, wait["kind"], row["kind"])
    if not _matches(row["text"], wait["text"]):
        yield "%s: text %r does not match %r" % (what, wait["text"], row["text"])
    # What leads there through other objects is found in the heap.
    if not _matches(row["wakes_by"], wait["wakes_by"]) and (is_whole or wait["wakes_by"]):
        yield "%s: wakes_by %r does not match %r" % (what, wait["wakes_by"], row["wakes_by"])
    if row["on"] is not None and (wait["on"] or {}).get("address") != row["on"]:
        yield "%s: on %r, expected %s" % (what, wait["on"], row["on"])
    if row["tasks"] is not None and not _same_tasks(row, _names(report, wait["tasks"]), is_whole):
        yield "%s: tasks %r, expected %r" % (what, _names(report, wait["tasks"]), row["tasks"])
    holders = _names(report, [holder["task"] for holder in wait["holders"]])
    if holders != row["holders"]:
        yield "%s: holders %r, expected %r" % (what, holders, row["holders"])


def compare(truth, report, is_whole=True):
    """Faults, one line each; none when the workload declared no waits.  is_whole: the heap was
    looked through, so that loops that nobody runs and no task is on are known."""
    rows = [row for row in truth["extra"].get("waits", ()) if is_whole or not row["needs_heap"]]
    waits = {}
    for task in report["tasks"]:
        waits.setdefault(task["name"], []).append(task["waits_for"])
    faults = []
    for row in rows:
        found = waits.get(row["name"], [])
        if len(found) != 1:
            faults.append("wait of %r: %d tasks of that name" % (row["name"], len(found)))
        else:
            faults.extend(_compare_row(row, found[0], report, is_whole))
    return faults
