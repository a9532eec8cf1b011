"""The command line: options, commands, exit status, output that others read."""
import os
import pty
import re
import select
import subprocess
import sys

from suite import (Failed, PROGRAMS, Skipped, TOP, UNSAFE, misused, need, refused, require_program,
                   test, worked)

import same

LONG_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")


def help_text(x):
    return worked(x.run("--help")).text


def has_command(x, name):
    return re.search(r"^\s+%s\b" % re.escape(name), help_text(x), re.M)


# --- usage ------------------------------------------------------------------

@test
def help_and_version_go_to_standard_output(x):
    need("--pid" in help_text(x), "--help does not name --pid")
    need(re.match(r"asyncinspect \d+\.\d+\.\d+\n", worked(x.run("--version")).text),
         "--version is not 'asyncinspect N.N.N'")


@test
def no_target_is_a_usage_error(x):
    misused(x.run())
    misused(x.run("tasks"))


@test
def an_unknown_option_is_a_usage_error(x):
    misused(x.run("--no-such-option", "--pid", x.service.pid), "no-such-option")


@test
def an_option_without_its_value_is_a_usage_error(x):
    misused(x.run("--pid"), "pid")


@test
def a_pid_that_is_no_number_is_a_usage_error(x):
    for text in ("abc", "", "12x", "-5", "0", "99999999999999999999"):
        misused(x.run("--pid", text), "pid|process")


@test
def two_targets_are_a_usage_error(x):
    misused(x.run("--pid", x.service.pid, x.core))


@test
def an_unknown_command_is_a_usage_error(x):
    misused(x.run("frobnicate", "--pid", x.service.pid), "frobnicate")


@test
def a_command_without_its_argument_is_a_usage_error(x):
    for command in ("where", "refs", "path"):
        misused(x.run(command, "--pid", x.service.pid), command)


@test
def an_unknown_task_is_refused(x):
    refused(x.run("where", "no-such-task", "--pid", x.service.pid), "no-such-task")


@test
def an_address_of_nothing_is_refused(x):
    for command in ("where", "refs", "path"):
        refused(x.run(command, "0x10", "--pid", x.service.pid), "0x10")


@test
def a_word_is_no_address(x):
    result = x.run("refs", "word", "--pid", x.service.pid)
    need(result.status in (1, 2), "exit status %d", result.status)
    (refused if result.status == 1 else misused)(result, "word")


# --- where the target may stand ---------------------------------------------

@test
def the_target_stands_before_or_after_the_command(x):
    pid = x.service.pid
    expected = same.comparable(x.json("tasks", "--pid", pid))
    for order in (["--pid", pid, "tasks"], ["--pid=%d" % pid, "tasks"], ["tasks", pid]):
        need(same.comparable(x.json(*order)) == expected, "%s says something else", order)
    core = same.comparable(x.json("tasks", x.core))
    need(same.comparable(x.json(x.core, "tasks")) == core, "CORE tasks says something else")


@test
def a_core_that_bears_a_commands_name_is_written_with_its_folder(x):
    folder = x.folder("named")
    link = os.path.join(folder, "tasks")
    if not os.path.exists(link):
        os.symlink(x.core, link)
    worked(x.run("./tasks", cwd=folder))


@test
def report_is_the_default_command(x):
    need(x.run(x.core).out == worked(x.run("report", x.core)).out, "they differ")


# --- help, manual, options --------------------------------------------------

def manual_text():
    path = os.path.join(TOP, "man", "asyncinspect.1")
    try:
        with open(path, encoding="utf-8") as source:
            text = source.read()
    except FileNotFoundError:
        raise Failed("there is no man/asyncinspect.1")
    text = re.sub(r'^\.\\".*$', "", text, flags=re.M)           # comments
    text = text.replace("\\-", "-").replace("\\&", "").replace("\\(hy", "-")
    text = re.sub(r"\\f(\[\w*\]|\(..|.)", "", text)             # fonts
    return re.sub(r"\bFl -?-?(?=[a-z]{2})", "--", text)         # mdoc


@test
def every_option_is_in_the_manual_and_the_reverse(x):
    offered = set(LONG_OPTION.findall(help_text(x)))
    described = set(LONG_OPTION.findall(manual_text()))
    need(offered >= {"--pid", "--json", "--help"}, "--help offers only %s", sorted(offered))
    need(offered == described, "only in --help: %s; only in the manual: %s",
         sorted(offered - described), sorted(described - offered))


@test
def every_option_that_help_names_is_taken(x):
    """An option that the table does not know is 'unknown' on the command line."""
    for option in sorted(set(LONG_OPTION.findall(help_text(x)))):
        result = x.run(option)
        need(not re.search(r"(unknown|unrecognized|invalid|no such) option", result.complaint, re.I),
             "%s: %s", option, result.complaint.strip())


@test
def every_command_is_in_the_manual(x):
    text = manual_text()
    for command in ("report", "tasks", "where", "orphans", "refs", "path", "loops", "threads", "layout"):
        need(has_command(x, command), "--help does not list %s", command)
        need(re.search(r"^\..*\b%s\b" % command, text, re.M), "the manual does not list %s", command)


@test
def the_manual_is_well_formed(x):
    man = require_program("man")
    run = subprocess.run([man, "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z",
                          os.path.join(TOP, "man", "asyncinspect.1")],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
    need(run.returncode == 0 and not run.stderr, "man: %s", run.stderr.decode()[:300])


@test
def install_honours_destdir_and_prefix(x):
    make = require_program("make")
    folder = x.folder("destdir")
    subprocess.run([make, "-s", "-C", TOP, "install", "DESTDIR=" + folder, "PREFIX=/opt/x"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                   env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
    found = sorted(os.path.relpath(os.path.join(parent, name), folder)
                   for parent, _, names in os.walk(folder) for name in names)
    need("opt/x/bin/asyncinspect" in found and "opt/x/share/man/man1/asyncinspect.1" in found,
         "installed: %s", found)
    need(all(path.startswith("opt/x/") for path in found), "outside the prefix: %s", found)


# --- pipes, terminals -------------------------------------------------------

@test
def a_closed_pipe_ends_it_quietly(x):
    for options in (["report", "--json"], ["report"]):
        for first in (1, 0):
            process = x.tool.popen(*options, x.core, cwd=x.here)
            if first:
                process.stdout.read(1)
            process.stdout.close()
            err = process.stderr.read()
            process.stderr.close()
            status = process.wait()
            need(status in (0, -13), "%s: exit status %d", options, status)
            need(not err, "%s: on standard error: %s", options, err[:200])


@test
def a_full_disk_is_an_error(x):
    with open("/dev/full", "wb") as full:
        result = x.run("report", "--json", x.core, stdout=full)
    refused(result, "space|write|output")


def _on_terminal(x, *arguments, env=None):
    """What it prints when standard output is a terminal."""
    master, slave = pty.openpty()
    try:
        process = x.tool.popen(*arguments, cwd=x.here, stdout=slave,
                               env=dict({"TERM": "xterm-256color", "COLUMNS": "100"}, **(env or {})))
        os.close(slave)
        slave = None
        out = b""
        while True:
            try:
                if not select.select([master], [], [], 60)[0]:
                    break
                data = os.read(master, 65536)
            except OSError:             # EIO: the other side is closed
                break
            if not data:
                break
            out += data
        err = process.stderr.read()
        process.stderr.close()
        need(process.wait() == 0, "exit status %d: %s", process.returncode, err[:200])
        return out
    finally:
        os.close(master)
        if slave is not None:
            os.close(slave)


@test
def colour_is_for_terminals_only(x):
    need(b"\x1b[" in _on_terminal(x, x.core), "no colour on a terminal")
    need(b"\x1b" not in _on_terminal(x, x.core, env={"NO_COLOR": "1"}), "colour despite NO_COLOR")
    need(b"\x1b" not in _on_terminal(x, x.core, env={"CLICOLOR": "0"}), "colour despite CLICOLOR=0")
    need(b"\x1b" not in _on_terminal(x, x.core, env={"TERM": "dumb"}), "colour on a dumb terminal")
    need(b"\x1b" not in x.run(x.core).out, "colour in a pipe")
    need(b"\x1b" in x.run(x.core, env={"CLICOLOR_FORCE": "1"}).out,
         "no colour despite CLICOLOR_FORCE=1")


@test
def a_narrow_terminal_shows_what_it_cuts(x):
    whole = worked(x.run("tasks", x.core)).text.splitlines()
    for columns in (60, 80, 130):
        cut = _on_terminal(x, "tasks", x.core,
                           env={"COLUMNS": str(columns), "NO_COLOR": "1"}).decode().splitlines()
        need(len(cut) == len(whole), "%d columns: %d lines, not %d", columns, len(cut), len(whole))
        for narrow, wide in zip(cut, whole):
            need(len(narrow.rstrip()) <= columns, "%d columns: %r is wider", columns, narrow)
            need(narrow.split() == wide.split() or "\u2026" in narrow,
                 "%d columns: cut without a mark: %r", columns, narrow)


# --- one answer, whichever way it is asked ----------------------------------

@test
def two_runs_print_the_same(x):
    need(x.run(x.core).out == worked(x.run(x.core)).out, "a core: two reports differ")
    for command in ("report", "tasks", "orphans", "loops", "threads"):
        first, second = (worked(x.run(command, "--json", x.core)).out for _ in range(2))
        need(first == second, "a core: %s --json: two runs differ", command)
    found = same.differences(*(x.json("report", "--pid", x.service.pid) for _ in range(2)))
    need(not found, "a live process: %s", found[:3])
    first, second = (re.sub(r"\d+(\.\d+)? (ms|s|min|h|d)\b", "TIME",
                            worked(x.run("--pid", x.service.pid)).text) for _ in range(2))
    need(first == second, "a live process: two reports differ")


@test
def one_cpu_says_the_same(x):
    taskset = require_program("taskset")
    expected = worked(x.run("report", "--json", x.core)).out
    command, x.tool.command = x.tool.command, [taskset, "-c", "0"] + x.tool.command
    try:
        need(worked(x.run("report", "--json", x.core)).out == expected, "they differ")
    finally:
        x.tool.command = command


@test
def narrower_commands_say_what_the_report_says(x):
    report = x.json("report", x.core)
    task = [row for row in report["tasks"] if row["name"] == "session-keeper"][0]
    orphan = report["orphans"][0]
    commands = [["tasks"], ["orphans"], ["threads"], ["layout"],
                ["where", task["address"]], ["refs", orphan["address"]],
                ["path", orphan["address"]]]
    commands += [[name] for name in ("tree", "stacks", "loops") if has_command(x, name)]
    for row in report["tasks"]:             # for which the others do not build the graph
        need(row.pop("retained_bytes") > 0, "task %s retains nothing", row["name"])
    all_tasks = [dict(row) for row in report["tasks"]]
    all_loops = [dict(row) for row in report["loops"]]
    for row in report["loops"]:
        need(row.pop("held_by"), "loop %s: nobody holds it", row["address"])
    for row in report["tasks"]:             # nor what they would need the heap for
        need(row.pop("wake")["class"], "task %s: no word of what wakes it", row["name"])
    for command in commands:
        said = x.json(*command, x.core)
        need(said["schema"] == report["schema"], "%s: schema %s", command, said["schema"])
        for array in ("interpreters", "threads", "loops", "tasks", "coroutines", "orphans"):
            for row in said.get(array, []):
                twin = [r for r in report[array] if r.get("address") == row.get("address")]
                need(twin == [row], "%s: %s %s is not as in the report", command, array,
                     row.get("address"))
    for command in ("orphans", "threads"):
        need(x.json(command, x.core)[command] == report[command], "%s is not the report's", command)
    need(x.json("tasks", "--all", x.core)["tasks"] == all_tasks, "tasks --all is not the report's")
    need(x.json("loops", "--all", x.core)["loops"] == all_loops, "loops --all is not the report's")
    one = x.json("where", task["address"], x.core)["tasks"]
    need([row["address"] for row in one] == [task["address"]], "where: %s", one)


@test
def text_says_what_json_says(x):
    report = x.json("report", x.core)
    tasks = worked(x.run("tasks", x.core)).text
    for row in report["tasks"]:
        need(row["name"] in tasks, "tasks: %r is missing", row["name"])
    orphans = worked(x.run("orphans", x.core)).text
    for row in report["orphans"]:
        need(row["qualname"] in orphans, "orphans: %r is missing", row["qualname"])
        for path in row["paths"][:1]:
            need(path["text"] in re.sub(r"\s+", " ", orphans), "orphans: %r is missing",
                 path["text"])
    threads = worked(x.run("threads", x.core)).text
    for row in report["threads"]:
        need(row["name"] in threads, "threads: %r is missing", row["name"])
    row = max(report["tasks"], key=lambda task: len(task["stack"]))
    where = worked(x.run("where", row["name"], x.core)).text
    at = 0
    for frame in row["stack"]:
        if frame["file"] is not None:
            place = "%s:%d" % (os.path.basename(frame["file"]), frame["line"])
            need(place in where[at:], "where: %s is missing or out of order", place)
            at = where.index(place, at) + 1


@test
def where_takes_an_address_a_name_or_a_function(x):
    report = x.json("report", x.core)
    task = [row for row in report["tasks"] if row["name"] == "session-keeper"][0]
    for name in (task["address"], "session-keeper", "keep_session"):
        found = x.json("where", name, x.core)["tasks"]
        need(task["address"] in [row["address"] for row in found], "where %s: %s", name, found)
    orphan = report["orphans"][0]
    worked(x.run("where", orphan["address"], x.core))


@test
def where_shows_locals_when_asked(x):
    report = x.json("report", x.core)
    name = [row["name"] for row in report["tasks"]
            if row["stack"] and row["stack"][0]["qualname"] == "handle_request"][0]
    asked = x.json("where", name, "--locals", x.core)["tasks"][0]["stack"][0]
    need("request_id" in [variable["name"] for variable in asked.get("locals", [])],
         "no request_id in %s", asked)
    plain = x.json("where", name, x.core)["tasks"][0]["stack"][0]
    need("locals" not in plain, "locals without --locals")
    need("request_id" in worked(x.run("where", name, "--locals", x.core)).text,
         "no request_id in the text")


@test
def refs_and_path_name_the_holder(x):
    orphan = [row for row in x.json("orphans", x.core)["orphans"]
              if row["paths"] and "PENDING[0]" in row["paths"][0]["text"]][0]
    need("PENDING[0]" in worked(x.run("path", orphan["address"], x.core)).text,
         "path does not name PENDING[0]")
    need(orphan["referrers"][0]["from"] in worked(x.run("refs", orphan["address"], x.core)).text,
         "refs does not name the list")


@test
def refs_and_path_take_names_and_types(x):
    report = x.json("report", x.core)
    task = [row for row in report["tasks"] if row["name"] == "session-keeper"][0]
    named = x.json("path", "session-keeper", x.core)
    need([row["address"] for row in named["objects"]] == [task["address"]],
         "path session-keeper is not about that task: %s", named["objects"][:1])
    need(named["objects"][0]["paths"], "no path to the task")
    orphans = {row["address"]: row for row in report["orphans"]}
    qualname = report["orphans"][0]["qualname"]
    said = {row["address"]: row for row in x.json("refs", qualname, x.core)["objects"]}
    for address, row in orphans.items():
        if row["qualname"] == qualname:
            need(said[address]["referrers"] == row["referrers"], "refs %s: %s", qualname, address)
    by_module = x.json("refs", "--type", "asyncio.Lock", x.core)
    need(by_module["objects_total"] > 0, "no asyncio.Lock")
    need(by_module["objects"] == x.json("refs", "--type", "asyncio.locks.Lock", x.core)["objects"]
         and all(row["type"] == "asyncio.locks.Lock" for row in by_module["objects"]),
         "asyncio.Lock is not asyncio.locks.Lock")
    one = x.json("path", "--type", "coroutine", "--limit", "1", x.core)
    need(len(one["objects"]) == 1 and one["objects_total"] == len(report["coroutines"]) - len(
        [row for row in report["coroutines"] if row["type"] != "coroutine"]), "%s", one)
    need("more objects" in worked(x.run("path", "--type", "str", "--limit", "1", x.core)).text,
         "what --limit left out is not told")


@test
def a_type_that_there_is_not_is_refused(x):
    refused(x.run("refs", "--type", "NoSuchType", x.core), "NoSuchType")
    refused(x.run("path", "--type", "Task", x.core), "2 names", "_asyncio.Task")
    misused(x.run("tasks", "--type", "list", x.core), "--type")
    misused(x.run("refs", "--type", "list", "0x1234", x.core), "0x1234")


@test
def refs_grows_a_tree_up_to_the_roots(x):
    orphan = [row for row in x.json("orphans", x.core)["orphans"]
              if row["paths"] and "PENDING[0]" in row["paths"][0]["text"]][0]
    one = x.json("refs", orphan["address"], "--depth", "1", x.core)["object"]
    need([edge["from"] for edge in one["referrer_tree"]] ==
         [edge["from"] for edge in one["referrers"]], "depth 1 is not the referrers")
    need([edge["mark"] for edge in one["referrer_tree"]] == ["cut"], "%s", one["referrer_tree"])
    tree = x.json("refs", orphan["address"], "--depth", "30", "--limit", "4", x.core)
    edges, waiting = [], list(tree["object"]["referrer_tree"])
    while waiting:
        edge = waiting.pop()
        edges.append(edge)
        need(len(edge["referrers"]) <= 4, "%d referrers", len(edge["referrers"]))
        need(not (edge["mark"] and edge["referrers"]), "%s goes on", edge["mark"])
        waiting += edge["referrers"]
    need("module __main__" in [edge["root"] for edge in edges], "it does not reach the module")
    need({"root", "above", "circle"} <= {edge["mark"] for edge in edges}, "marks: %s",
         {edge["mark"] for edge in edges})
    need(len({edge["from"] for edge in edges if edge["referrers"]}) ==
         len([edge for edge in edges if edge["referrers"]]), "an object is expanded twice")
    text = worked(x.run("refs", orphan["address"], "--depth", "4", x.core)).text
    need("module __main__ .__dict__" in text and "a root" in text, "%s", text)
    misused(x.run("path", orphan["address"], "--depth", "4", x.core), "--depth")


@test
def refs_and_path_of_a_string(x):
    """Who refers to an object that no collector knows: one walk over all."""
    strings = x.json("path", "--type", "str", "--limit", "3000", x.core)["objects"]
    held = [row for row in strings if row["paths"]
            and re.match(r"__main__\.", row["paths"][0]["text"])]
    need(held, "no string of __main__ among %d", len(strings))
    alone = x.json("refs", held[0]["address"], x.core)["object"]
    last = held[0]["paths"][0]["edges"][-1]
    need(last["from"] in [edge["from"] for edge in alone["referrers"]],
         "refs does not name %s: %s", last, alone["referrers"][:3])


@test
def layout_names_fields_and_their_sources(x):
    text = worked(x.run("layout", x.core)).text
    need(len(text.splitlines()) > 100 and re.search("dwarf", text, re.I),
         "%d lines: %s", len(text.splitlines()), text[:200])


@test
def many_tasks_are_grouped_by_stack(x):
    service = x.start("service.py", ["--tasks", "120", "--depth", "1", "--shapes", "sleeper",
                                     "--orphans", "0"])
    text = worked(x.run("--pid", service.pid)).text
    need(re.search(r"^\s*120\b", text, re.M), "no group of 120: %s", text[:400])
    need(len(text.splitlines()) < 60, "%d lines for one stack", len(text.splitlines()))


@test
def check_ends_with_3_when_it_finds_something(x):
    result = x.run("check", x.core)
    need(not result.crashed(), "%s", result.crashed())
    need(result.status == 3 and result.out, "exit status %d", result.status)


# --- the cache --------------------------------------------------------------

def _cache_files(folder):
    return [os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names]


@test
def a_damaged_cache_is_rebuilt_and_never_trusted(x):
    folder = x.folder("cache")
    env = {"XDG_CACHE_HOME": folder}
    expected = x.json("report", x.core, env=env)
    files = _cache_files(folder)
    need(files, "nothing is cached")
    for damage in (b"", b"garbage" * 50, None):
        for path in files:
            with open(path, "rb") as source:
                data = source.read()
            if damage is None:          # right length, wrong bytes in the middle
                middle = len(data) // 2
                data = data[:middle] + bytes(byte ^ 0x55 for byte in data[middle:middle + 16]) \
                    + data[middle + 16:]
            else:
                data = damage
            with open(path, "wb") as out:
                out.write(data)
        need(x.json("report", x.core, env=env) == expected, "another report after %r", damage)


@test
def no_cache_means_none(x):
    folder = x.folder("no-cache")
    env = {"XDG_CACHE_HOME": folder}
    expected = x.json("report", x.core)
    need(x.json("report", "--no-cache", x.core, env=env) == expected, "another report")
    need(not _cache_files(folder), "written: %s", _cache_files(folder))


@test
def a_cache_that_cannot_be_written_does_no_harm(x):
    path = x.file("not-a-folder")
    worked(x.run(x.core, env={"XDG_CACHE_HOME": path, "HOME": path}))


# --- hostile names ----------------------------------------------------------

@test
def hostile_names_reach_json_exactly(x):
    sys.path.insert(0, PROGRAMS)
    import hostile
    report = x.json("report", "--pid", x.hostile.pid)
    said = [row["name"] for row in report["tasks"]]
    for name in hostile.NAMES:
        need(name in said, "%r is missing", name[:60])
    need(len([name for name in said if "surrogate" in name]) == 1, "no task with a lone surrogate")
    need([row["qualname"] for row in report["orphans"]] == ["qualname " + hostile.ESCAPE],
         "orphans: %s", report["orphans"])
    need(hostile.ESCAPE in [row["name"] for row in report["threads"]], "the thread's name")
    failed = [row for row in report["tasks"] if row["name"] == "failed"][0]
    need(failed["exception"]["type"] == "ValueError", "%s", failed["exception"])


@test
def hostile_names_in_json_do_not_steer_a_terminal(x):
    text = worked(x.run("report", "--json", "--locals", "--pid", x.hostile.pid)).text
    unsafe = UNSAFE.search(text.replace("\n", ""))
    need(not unsafe, "raw %r in %r", unsafe and unsafe.group(),
         unsafe and text[max(0, unsafe.start() - 30):unsafe.end() + 30])
    need("caf\xe9" in text, "letters are escaped that need not be")


@test
def hostile_names_do_not_reach_a_terminal(x):
    pid = x.hostile.pid
    address = x.json("orphans", "--pid", pid)["orphans"][0]["address"]
    commands = [["report"], ["tasks"], ["orphans"], ["threads"], ["where", "failed"],
                ["where", "wait_for_ever", "--locals"], ["refs", address], ["path", address]]
    commands += [[name] for name in ("tree", "stacks", "loops") if has_command(x, name)]
    for command in commands:
        text = worked(x.run(*command, "--pid", pid)).text
        unsafe = UNSAFE.search(text)
        need(not unsafe, "%s: raw %r in %r", command, unsafe and unsafe.group(),
             unsafe and text[max(0, unsafe.start() - 30):unsafe.end() + 30])
        for line in text.splitlines():
            need("INJECTED" not in line or "red" in line, "%s: a name breaks a line: %r",
                 command, line)
