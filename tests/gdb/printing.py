"""How the answer comes out: the same as without GDB, by its pager, in its colours, through its pipes."""
import json
import os
import pty
import re
import select
import subprocess
import time

import same
from context import once
from session import COMMANDS, QUIET
from suite import need, test

from harness.workload import held_by_tracer

# A timer is told relative to the moment of looking.
MOMENT = re.compile(r"-?\b[0-9][0-9.,]* (s|ms|min|h)\b")


def a_task(x):
    return x.json("tasks", "--pid", x.service.pid)["tasks"][0]["name"]


def commands(x):
    task = a_task(x)
    for name in x.commands():
        takes = {"where": [task], "refs": [task], "path": [task]}.get(name, [])
        yield name, [name] + takes


def compare(x, gdb, target):
    for name, words in commands(x):
        typed = "asyncio " + " ".join('"%s"' % word if " " in word else word for word in words)
        alone = x.run(*words, *target)
        inside = gdb.ask(typed)
        need(MOMENT.sub("T", inside) == MOMENT.sub("T", (alone.text + alone.complaint)),
             "%s: in GDB %r, alone %r", typed, inside[:300], (alone.text + alone.complaint)[:300])
        need(gdb.value("$asyncio_status") == alone.status, "%s: status %d, alone %d", typed,
             gdb.value("$asyncio_status"), alone.status)
        alone = x.run(*words, "--json", *target)
        inside = gdb.ask(typed + " --json")
        found = same.differences(json.loads(inside), alone.json()) if inside.startswith("{") else \
            ["no JSON: " + inside[:200]]
        need(not found or alone.status not in (0, 3), "%s --json: %s", typed, found[:3])


@test
def every_command_tells_of_a_process_what_it_tells_without_gdb(x):
    pid = x.service.pid
    before = x.json("report", "--pid", pid)
    with x.start_gdb("-p", str(pid)) as gdb:
        compare(x, gdb, ["--pid", str(pid)])
        inside = json.loads(gdb.ask("asyncio --json"))
        need(not same.differences(inside, before), "unlike before GDB came: %s",
             same.differences(inside, before)[:3])
        gdb.ask("detach")
        need(held_by_tracer(pid) is None, "after detach: %s", held_by_tracer(pid))
    need(not same.differences(x.json("report", "--pid", pid), before), "unlike after GDB has gone")


@test
def every_command_tells_of_a_core_what_it_tells_without_gdb(x):
    with x.start_gdb(x.executable(), x.core) as gdb:
        compare(x, gdb, ["--exe", x.executable(), x.core])


@test
@once
def a_core_needs_no_executable_in_gdb(x):
    expected = x.run("tasks", x.core).text
    with x.start_gdb("-iex", "set sysroot /nonexistent", "-c", x.core) as gdb:
        gdb.ask("file", "set sysroot /")
        out = gdb.ask("asyncio tasks")
        need(out == expected, "%s", out[:300])


@test
@once
def a_batch_of_commands_works_in_a_script(x):
    run = subprocess.run(
        x.gdb.command + ["-nx", "-batch", "-iex", "set debuginfod enabled off", "-ex", "source " + COMMANDS,
                         "-p", str(x.service.pid), "-ex", "asyncio check", "-ex", "asyncio nonsense",
                         "-ex", "asyncio tasks", "-ex", "quit $asyncio_status + 40"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=x.environment(),
        timeout=120)
    out = run.stdout.decode()
    need(run.returncode == 40, "exit status %d", run.returncode)
    need("\nTASK " in out and "nonsense" not in out, "standard output: %s", out[-300:])
    need(b"there is no command 'nonsense'" in run.stderr, "standard error: %s", run.stderr[-300:])


@test
def the_answer_can_be_piped_and_logged(x):
    with x.start_gdb("-p", str(x.service.pid)) as gdb:
        whole = gdb.ask("asyncio tasks")
        need(len(whole.splitlines()) > 30, "%s", whole[:300])
        out = gdb.ask("pipe asyncio tasks | grep -c .")
        need(int(out) == len(whole.splitlines()), "%s lines of %d", out, len(whole.splitlines()))
        report = json.loads(gdb.ask("pipe asyncio report --json | cat"))
        need(report["tasks"], "no tasks")
        log = os.path.join(x.folder("log"), "log")
        gdb.ask("set logging file " + log, "set logging redirect on", "set logging on",
                "asyncio tasks", "set logging off")
        with open(log) as source:
            need(whole in source.read(), "not in the log")
        os.unlink(log)


@test
@once
def the_tool_works_from_gdbs_shell_too(x):
    pid = x.service.pid
    expected = x.run("tasks", "--pid", pid).text
    with x.start_gdb("-p", str(pid)) as gdb:
        for command in ("shell asyncinspect tasks --pid %d" % pid, "!asyncinspect tasks %d" % pid,
                        "pipe info inferiors | asyncinspect --gdb tasks",
                        "pipe info inferiors | asyncinspect tasks --gdb"):
            out = gdb.ask(command)
            need(out == expected, "%s: %s", command, out[:300])
    with x.start_gdb(x.executable(), x.core) as gdb:
        expected = x.run("tasks", x.core).text
        for command in ("!asyncinspect tasks " + x.core, "pipe info files | asyncinspect --gdb tasks",
                        "pipe info target | asyncinspect --gdb tasks"):
            need(gdb.ask(command) == expected, "%s: %s", command, out[:300])


@test
def a_console_inside_mi_gets_it_as_records(x):
    run = subprocess.run(
        x.gdb.command + QUIET + ["-i=mi", "-p", str(x.service.pid)], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=x.environment(), timeout=120,
        input=('-interpreter-exec console "source %s"\n-interpreter-exec console "asyncio tasks"\n'
               "-gdb-exit\n" % COMMANDS).encode())
    lines = run.stdout.decode().split("\n")
    need(any(line.startswith('~"TASK') for line in lines), "%s", lines[-10:])
    need(not any(line.startswith("TASK") for line in lines), "raw output among the records")


class Terminal:
    """A GDB on a terminal of 24 lines and 60 columns."""

    def __init__(self, x, *arguments):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            env = x.environment()
            env["TERM"] = "xterm"
            command = x.gdb.command + ["-nx", "-q", "-iex", "set debuginfod enabled off", "-iex",
                                       "set height 24", "-iex", "set width 60"] + list(arguments)
            try:
                os.execvpe(command[0], command, env)
            finally:
                os._exit(127)
        x.gdb_pids.add(self.pid)
        self.text = ""

    def until(self, word, seconds=60):
        """What was printed up to and with word."""
        deadline = time.monotonic() + seconds
        while word not in self.text:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            data = os.read(self.fd, 65536) if ready else b""
            need(data, "%r did not come, but %r", word, self.text[-300:])
            self.text += data.decode("utf-8", "replace").replace("\r", "")
        at = self.text.index(word) + len(word)
        found, self.text = self.text[:at], self.text[at:]
        return found

    def type(self, text):
        os.write(self.fd, text.encode() + b"\n")

    def ask(self, command):
        """A command with little output, without what readline echoes."""
        self.type(command)
        self.type("echo <EO\\F>\\n")
        return self.until("<EOF>")

    def close(self):
        os.write(self.fd, b"\x03")
        os.close(self.fd)
        try:
            os.kill(self.pid, 15)
        except ProcessLookupError:
            pass
        deadline = time.monotonic() + 20
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(self.pid, 9)
            time.sleep(0.02)


ESCAPE = re.compile("\x1b\\[[0-9;]*m")
COLOR = re.compile("\x1b\\[[0-9;]+m")        # GDB itself ends lines with the empty one
MORE = "--Type <RET> for more"


@test
def the_pager_and_the_colours_are_gdbs(x):
    terminal = Terminal(x, "-iex", "set pagination off")
    try:
        terminal.ask("attach %d" % x.service.pid)
        terminal.ask("source " + COMMANDS)
        terminal.ask("set pagination on")
        terminal.type("asyncio tasks")
        page = terminal.until(MORE)
        rows = [line for line in ESCAPE.sub("", page).split("\n") if " pending " in line]
        need(5 < len(rows) < 24, "%d rows on a page of 24 lines", len(rows))
        need(all(len(row) <= 60 for row in rows), "a row is wider than the terminal: %r",
             max(rows, key=len))
        terminal.type("q")
        terminal.until("(gdb)")
        terminal.text = ""
        terminal.type("asyncio orphans")
        page = terminal.until(MORE)
        need(COLOR.search(page[page.index("orphans: "):]), "no colours: %r", page[-300:])
        terminal.type("q")
        terminal.until("(gdb)")
        terminal.type("set pagination off")
        terminal.type("set style enabled off")
        terminal.type("set width 0")
        terminal.text = ""
        page = terminal.ask("asyncio tasks")
        need(MORE not in page, "the pager came")
        need("…" not in page, "cut though width is 0")
        page = terminal.ask("asyncio orphans")
        need(not COLOR.search(page[page.index("orphans: "):]), "colours though style is off")
        # A warning comes after the answer, not before it.
        terminal.text = ""
        page = terminal.ask("asyncio snapshot %s" % os.path.join(x.folder("pager"), "core"))
        page = terminal.ask("asyncio tasks")
        need(page.rindex("read from the snapshot") > page.rindex(" pending "), "%r", page[-300:])
    finally:
        terminal.close()
