"""Is the report of a core the report of the process it was taken from?

Everything must be equal, addresses included, but for what is listed here.
"""
import re

# What a core is, and a process is not.
TARGET_MEMBERS = {
    "kind": "live or core",
    "core": "the path of the core",
    "stopped_ms": "a core stops nobody",
    "copied_bytes": "nor is it copied",
}
# A timer is told relative to the moment of looking, which a core does not know.
TIMED = re.compile(r" \b(in|for|since|overdue by|overdue) -?[0-9][0-9.,]*( ?[a-z]+)")
# What is about time goes by lines that a core does not have.
TIMED_RULES = ("blocked-loop",)
TIMED_MEMBERS = ("text", "grounds", "wakes_by", "evidence", "title")
# The moment itself, and what is counted from it.
# After a look that stopped it, a thread can be in restart_syscall.
MOMENT_MEMBERS = ("system_call", "activity", "gil", "clock", "clock_is_bound", "busy_seconds", "overdue", "in_seconds")
# When a sleep ends, and what the kernel alone knows of a socket.
LIVE_FACTS = re.compile(r", ends\b|, (local|peer) [^,)]+")


def _without_moment(value, key=None):
    if isinstance(value, dict):
        return {name: _without_moment(inner, name) for name, inner in value.items()
                if name not in MOMENT_MEMBERS and not ("fd" in value and name in ("local", "peer"))}
    if isinstance(value, list):
        return [_without_moment(inner, key) for inner in value]
    if isinstance(value, str) and key in TIMED_MEMBERS:
        return LIVE_FACTS.sub("", TIMED.sub("", value))
    return value


def comparable(report):
    """The report without what may differ between two looks at one state."""
    report = _without_moment(report)
    for finding in report.get("findings", ()):
        if finding["rule"] in TIMED_RULES:
            del finding["evidence"], finding["severity"]
    report["target"] = {name: value for name, value in report["target"].items()
                        if name not in TARGET_MEMBERS}
    return report


def _short(value):
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def _walk(one, other, where):
    if type(one) is not type(other):
        yield "%s: %s is not %s" % (where, _short(one), _short(other))
    elif isinstance(one, dict):
        for name in sorted(set(one) | set(other)):
            if name not in one or name not in other:
                yield "%s.%s: only in the %s" % (where, name, "first" if name in one else "second")
            else:
                yield from _walk(one[name], other[name], "%s.%s" % (where, name))
    elif isinstance(one, list):
        if len(one) != len(other):
            yield "%s: %d items are not %d" % (where, len(one), len(other))
        for index, (a, b) in enumerate(zip(one, other)):
            yield from _walk(a, b, "%s[%d]" % (where, index))
    elif one != other:
        yield "%s: %s is not %s" % (where, _short(one), _short(other))


def differences(one, other):
    """["$.tasks[3].name: 'a' is not 'b'"], empty when both say the same."""
    return list(_walk(comparable(one), comparable(other), "$"))
