"""Does --low-memory say what is said without it?

Everything must be equal but what objects retain, which it has no room for, and what may differ
between two looks at one state (same.py).
"""
import same

RETAINED = ("retained_bytes", "holder_retained_bytes")
# Of a process all that look through the heap; a core goes other ways only where it is mapped.
COMMANDS = {"live": (["report"], ["orphans"], ["refs", "ORPHAN"], ["path", "ORPHAN"], ["check"],
                     ["heap"], ["loops", "--all"], ["tasks"]),
            "gcore": (["report"],),
            "core": (["report"], ["refs", "ORPHAN"], ["heap"])}


def retained_members(value):
    """How many there are."""
    if isinstance(value, dict):
        return sum(name in RETAINED or retained_members(inner) for name, inner in value.items())
    return sum(retained_members(inner) for inner in value) if isinstance(value, list) else 0


def without_retained(value):
    if isinstance(value, dict):
        return {name: without_retained(inner) for name, inner in value.items()
                if name not in RETAINED}
    return [without_retained(inner) for inner in value] if isinstance(value, list) else value


def _compare(tool, command, target, env):
    usual, low = (tool.run(*command, "--json", *options, *target, env=env)
                  for options in ([], ["--low-memory"]))
    for result in (usual, low):
        if result.crashed() or result.status not in (0, 3):
            return ["exit status %d: %s" % (result.status, result.complaint.strip()[-400:])]
    if low.status != usual.status or low.err != usual.err:
        return ["exit status %d, not %d: %s" % (low.status, usual.status,
                                                low.complaint.strip()[-400:])]
    one, other = usual.json(), low.json()
    faults = same.differences(without_retained(one), other)
    if command[0] == "report" and not retained_members(one):
        faults.append("the harness: nothing is retained")
    return faults


def faults(tool, kind, target, env, report):
    """What is said otherwise of a target; report is one of it."""
    found = []
    orphans = report["orphans"]
    orphan = orphans[len(orphans) // 2]["address"] if orphans else None
    for command in COMMANDS[kind]:
        if "ORPHAN" in command and not orphan:
            continue
        words = [orphan if word == "ORPHAN" else word for word in command]
        found.extend("%s: %s" % (" ".join(words), fault)
                     for fault in _compare(tool, words, target, env)[:3])
    return found
