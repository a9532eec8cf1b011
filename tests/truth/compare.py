"""Compare a report (--json) with what Python itself said (--truth of a workload).

compare() returns one line a difference and counts what it had to allow.  A thing
is found by its address on both sides, never by its name or its place.
"""
import re

TASK_STATES = {"PENDING": "pending", "FINISHED": "finished", "CANCELLED": "cancelled",
               "EXCEPTION": "failed"}
COROUTINE_STATES = {"CORO_CREATED": "created", "CORO_SUSPENDED": "suspended",
                    "CORO_RUNNING": "running", "CORO_CLOSED": "closed"}
# gc.get_referrers cannot see containers that the collector does not track.
UNTRACKED = ("tuple", "dict")
# Threads that appear beside those that threading.enumerate() named.
POOL_NAMES = re.compile(r"^(asyncio_\d+|ThreadPoolExecutor-\d+_\d+)$")


class Comparison:
    def __init__(self):
        self.faults = []
        self.allowed = []           # referrers beyond gc.get_referrers

    def fault(self, text, *values):
        self.faults.append(text % values if values else text)

    def equal(self, what, truth, said):
        if truth != said:
            self.fault("%s: Python says %s, asyncinspect says %s", what, _show(truth), _show(said))


def _show(value):
    text = repr(value)
    return text if len(text) <= 160 else text[:157] + "..."


def _last(name):
    """builtins.list -> list, collections.deque -> deque"""
    return name.rpartition(".")[2] if isinstance(name, str) else name


def _label(row):
    return "%s %r" % (row.get("address") or row["id"],
                      row["name"] if "name" in row else row.get("qualname"))


def _by_address(c, rows, what):
    found = {}
    for row in rows:
        if row["address"] in found:
            c.fault("%s %s: listed twice", what, _label(row))
        found[row["address"]] = row
    return found


def _match(c, what, truth_rows, said_rows):
    """Pairs of rows with one address; what is missing or invented is a fault."""
    said = _by_address(c, said_rows, what)
    truth = {row["id"]: row for row in truth_rows}
    for address in sorted(set(truth) - set(said)):
        c.fault("%s %s: missing", what, _label(truth[address]))
    for address in sorted(set(said) - set(truth)):
        c.fault("%s %s: invented", what, _label(said[address]))
    return [(truth[a], said[a]) for a in sorted(set(truth) & set(said))]


# --- stacks ----------------------------------------------------------------

def _truth_frames(stack):
    """Entries with a file are frames; the others are wrappers and the final future."""
    return [(e["kind"], e["qualname"], e["file"], e["line"], e["id"])
            for e in stack if "file" in e]


def _said_frames(stack):
    return [(f["kind"], f["qualname"], f["file"], f["line"], f["address"])
            for f in stack if isinstance(f, dict) and f.get("file") is not None]


def _frame_text(frame):
    return "%s %s %s:%s at %s" % frame


def _compare_stack(c, what, truth, said, may_be_longer):
    truth, said = _truth_frames(truth), _said_frames(said)
    for number, frame in enumerate(truth):
        if number >= len(said):
            c.fault("%s: the stack ends before frame %d: %s", what, number, _frame_text(frame))
            return
        if frame != said[number]:
            c.fault("%s: frame %d: Python says %s, asyncinspect says %s", what, number,
                    _frame_text(frame), _frame_text(said[number]))
            return
    if len(said) > len(truth) and not may_be_longer:
        c.fault("%s: %d frames too many, the first: %s", what, len(said) - len(truth),
                _frame_text(said[len(truth)]))


# --- the parts -------------------------------------------------------------

def _compare_tasks(c, truth, report):
    for row, task in _match(c, "task", truth["tasks"], report["tasks"]):
        what = "task " + _label(row)
        c.equal(what + ": name", row["name"], task["name"])
        c.equal(what + ": type", row["type"], task["type"])
        c.equal(what + ": state", TASK_STATES[row["state"]], task["state"])
        c.equal(what + ": running", row["running"], task["running"])
        c.equal(what + ": loop", row["loop_id"], task["loop"])
        coroutine = task["coroutine"] or {"address": None, "qualname": None}
        c.equal(what + ": coroutine", row["coro_id"], coroutine["address"])
        c.equal(what + ": coroutine's qualname", row["coro"], coroutine["qualname"])
        exception = task["exception"]
        c.equal(what + ": exception", row["exception"], exception and _last(exception["type"]))
        # Python cannot look into a running coroutine (cr_await is None).
        _compare_stack(c, what, row["stack"], task["stack"], may_be_longer=row["running"])
        waiter, waits_for = row["waiter"], task["waits_for"]
        if (waiter is None) != (waits_for is None):
            c.equal(what + ": waits for", waiter, waits_for)
        elif waiter is not None:
            c.equal(what + ": waits for", waiter["id"], waits_for["address"])
            c.equal(what + ": waits for a", waiter["type"], _last(waits_for["type"]))
            c.equal(what + ": what it waits for is done", waiter["done"], waits_for["done"])
        c.equal(what + ": awaited by", sorted(set(row["awaited_by"])),
                sorted(set(task["awaited_by"])))


def _own_frame(row):
    """The frame of the coroutine itself: the first of the chain that starts at it."""
    stack = row["stack"]
    if stack and stack[0].get("address") == row["address"]:
        return stack[0]
    return None


def _compare_coroutines(c, truth, report):
    said = [row for row in report["coroutines"] if row["type"] == "coroutine"]
    for row, coroutine in _match(c, "coroutine", truth["coroutines"], said):
        what = "coroutine " + _label(coroutine)
        state = COROUTINE_STATES[row["state"]]
        c.equal(what + ": qualname", row["qualname"], coroutine["qualname"])
        c.equal(what + ": state", state, coroutine["state"])
        _compare_own_frame(c, what, row, coroutine)
        # Seen from Python the chain of a running task ends at its first running coroutine.
        if not (state == "running" and row["task"] is None):
            c.equal(what + ": task", row["task"], coroutine["task"])


def _compare_own_frame(c, what, row, said):
    frame = _own_frame(said)
    if "file" not in row:
        c.equal(what + ": frames of a closed one", [], _said_frames(said["stack"]))
    elif frame is None:
        c.fault("%s: its stack does not start with its own frame (%s:%d) but with %s", what,
                row["file"], row["line"], _show(said["stack"][:1]))
    elif row.get("state") == "CORO_RUNNING":        # it went on after it wrote the truth
        c.equal(what + ": file", row["file"], frame["file"])
    else:
        c.equal(what + ": place", (row["file"], row["line"]), (frame["file"], frame["line"]))


def _compare_async_generators(c, truth, report):
    said = [row for row in report["coroutines"] if row["type"] == "async_generator"]
    for row, agen in _match(c, "async generator", truth["async_generators"], said):
        what = "async generator " + _label(agen)
        c.equal(what + ": qualname", row["qualname"], agen["qualname"])
        # ag_running is true as well while one of its asend() objects is parked.
        possible = (["closed"] if "file" not in row else
                    ["suspended", "running"] if row["running"] else ["created", "suspended"])
        if agen["state"] not in possible:
            c.fault("%s: state %s, possible are %s", what, agen["state"], possible)
        _compare_own_frame(c, what, row, agen)
        c.equal(what + ": task", row["task"], agen["task"])


def _compare_orphans(c, truth, report):
    details = {row["id"]: row for row in truth["coroutines"]}
    said = [row for row in report["orphans"] if row["type"] == "coroutine"]
    for row, orphan in _match(c, "orphan", truth["orphans"], said):
        what = "orphan " + _label(orphan)
        more = details[row["id"]]
        c.equal(what + ": qualname", row["qualname"], orphan["qualname"])
        c.equal(what + ": state", COROUTINE_STATES[row["state"]], orphan["state"])
        c.equal(what + ": refcount", more["refcount"], orphan["refcount"])
        c.equal(what + ": place", (more["file"], more["line"]), (orphan["file"], orphan["line"]))
        # No workload holds an orphan from C: every reference is one that the graph has.
        c.equal(what + ": references from native code", 0, orphan["native_references"])
        _compare_referrers(c, what, row["referrers"], orphan["referrers"])
        _compare_path(c, what, row, orphan)
    # Which of the undriven async generators count as orphans is a judgement (one in an
    # `async with` is fine); those that are driven or finished certainly do not.
    undriven = {row["id"] for row in truth["async_generators"]
                if row["task"] is None and "file" in row}
    for row in report["orphans"]:
        if row["type"] == "async_generator" and row["address"] not in undriven:
            c.fault("orphan %s: an async generator that is driven, finished or invented",
                    _label(row))


def _compare_referrers(c, what, truth, said):
    truth = {holder["id"]: holder["type"] for holder in truth}
    exact = {edge["from"]: _last(edge["type"]) for edge in said if edge["exact"]}
    for address in sorted(set(truth) - set(exact)):
        c.fault("%s: referrer %s %s: missing", what, truth[address], address)
    for address in sorted(set(exact) - set(truth)):
        if exact[address] in UNTRACKED:
            c.allowed.append("%s: referrer %s %s" % (what, exact[address], address))
        else:
            c.fault("%s: referrer %s %s: invented", what, exact[address], address)
    for address in sorted(set(exact) & set(truth)):
        c.equal("%s: type of referrer %s" % (what, address), truth[address], exact[address])


def path_words(path):
    """What the text of a path must contain: a list of alternatives, each a list
    of words.  path is the truth's own wording of where the workload put an orphan."""
    local = re.match(r"(\w+) local (?:session\.)?(\w+)$", path)
    if local and local.group(1)[0].islower():           # "handler local saved"
        return [[local.group(1), local.group(2)]]
    context = re.match(r"ContextVar\('(request-\d+)'\)", path)
    if context:
        return [[context.group(1)]]
    timer = re.match(r"(TIMERS\[\d+\])", path)
    if timer:                                           # the loop has it in its heap as well
        return [[timer.group(1), "_args[0]"], ["_scheduled", "_args[0]"]]
    if path.startswith("CLIENT."):                      # a Mock keeps its children in a dict
        return [["_mock_return_value"]]
    indirect = re.match(r"((?:CALLBACKS|FAILURES|GENERATORS)\[\d+\])", path)
    return [[indirect.group(1) if indirect else path]]


def _compare_path(c, what, row, orphan):
    if row["kind"] == "garbage":
        c.equal(what + ": garbage", True, orphan["garbage"])
        c.equal(what + ": paths of garbage", [], orphan["paths"])
        return
    if row["path"] is None:
        return                                          # the workload did not say
    c.equal(what + ": garbage", False, orphan["garbage"])
    if not orphan["paths"]:
        c.fault("%s: no path, expected %s", what, row["path"])
        return
    text = orphan["paths"][0]["text"]
    if not any(all(word in text for word in words) for words in path_words(row["path"])):
        c.fault("%s: the first path is %s, expected %s", what, _show(text), row["path"])


def _compare_loops(c, truth, report):
    said = set(_by_address(c, report["loops"], "loop"))
    for address in sorted({row["loop_id"] for row in truth["tasks"]} - said):
        c.fault("loop %s: missing", address)


def _compare_threads(c, truth, report):
    wanted = {row["native_id"]: row["name"] for row in truth["threads"]}
    said = {row["native_id"]: row["name"] for row in report["threads"]}
    if len(said) != len(report["threads"]):
        c.fault("threads: a native id is listed twice")
    for native_id in sorted(wanted):
        if native_id not in said:
            c.fault("thread %d %r: missing", native_id, wanted[native_id])
        else:
            c.equal("thread %d: name" % native_id, wanted[native_id], said[native_id])
    for native_id in sorted(set(said) - set(wanted), key=str):
        if not POOL_NAMES.match(said[native_id] or ""):
            c.fault("thread %s %r: invented", native_id, said[native_id])


def _unreadable(value, where="$"):
    if isinstance(value, dict):
        if set(value) == {"unreadable"}:
            yield "%s: %s" % (where, value["unreadable"])
        for key, inner in value.items():
            yield from _unreadable(inner, "%s.%s" % (where, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unreadable(inner, "%s[%d]" % (where, index))


def _compare_target(c, truth, report):
    target = report["target"]
    version = ".".join(str(part) for part in truth["version"])
    if not re.match(re.escape(version) + r"(\D|$)", target["python"]):
        c.equal("target: python", version, target["python"])
    c.equal("target: pid", truth["pid"], target["pid"])
    c.equal("target: values that could not be read", 0, target["unreadable"])
    for place in list(_unreadable({k: v for k, v in report.items() if k != "target"})):
        c.fault("unreadable: %s", place)


PARTS = {"tasks": _compare_tasks, "coroutines": _compare_coroutines, "orphans": _compare_orphans,
         "loops": _compare_loops, "threads": _compare_threads}


# What a narrower question leaves out, so that the schema cannot ask for it; a full report has it.
OF_A_FULL_REPORT = (("orphans", "retained_bytes"), ("loops", "held_by"))


def _compare_completeness(c, report):
    for name, member in OF_A_FULL_REPORT:
        for item in report.get(name, []):
            if member not in item:
                c.fault("%s %s: a full report has its %s" % (name, item["address"], member))


def compare(truth, report):
    """The differences between a full report and the truth, as a Comparison."""
    c = Comparison()
    _compare_target(c, truth, report)
    for name, part in PARTS.items():
        if name in report:
            part(c, truth, report)
        else:
            c.fault("the report has no %r", name)
    if "coroutines" in report:
        _compare_async_generators(c, truth, report)
    _compare_completeness(c, report)
    return c
