"""make install, which program is started, and the manual's session."""
import os
import re
import subprocess

import session
from context import TOP, once
from suite import Skipped, need, require_program, test


def make(x, *arguments):
    subprocess.run([require_program("make"), "-s", "-C", TOP] + list(arguments), check=True,
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                   env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})


@test
@once
def installed_it_is_found_by_source_and_by_auto_load(x):
    if os.path.abspath(x.tool.command[0]) != os.path.join(TOP, "asyncinspect"):
        raise Skipped("make install installs another program than the one under test")
    prefix = x.folder("prefix")
    python = x.executable()
    run = subprocess.run([require_program("make"), "-s", "-C", TOP, "install", "PREFIX=" + prefix,
                          "AUTOLOAD_FOR=" + python], stdout=subprocess.PIPE, check=True,
                         env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
    printed = [line.strip() for line in run.stdout.decode().split("\n") if line.startswith("    ")]
    pid = str(x.service.pid)
    need(printed[0] == "source %s/share/asyncinspect/asyncinspect.gdb" % prefix, "%s", printed)
    # Without PATH: the program is the one that was installed with it.
    environment = dict(x.environment(), PATH="/usr/bin:/bin")
    for lines in (printed[:1], printed[1:]):
        arguments = [word for line in lines for word in ("-iex", line)]
        with session.Gdb(x.gdb, environment, arguments + ["-p", pid], commands=False) as gdb:
            x.gdb_pids.add(gdb.process.pid)
            out = gdb.ask("asyncio tasks")
            need(out.startswith("TASK"), "%s: %s", lines, out[:300])
            out = gdb.ask("set $asyncinspect = \"/bin/false\"", "asyncio tasks", "print $asyncio_status")
            need(out == "$1 = 1\n", "set $asyncinspect: %s", out[:300])
    make(x, "uninstall", "PREFIX=" + prefix, "AUTOLOAD_FOR=" + python)
    left = [name for _, _, names in os.walk(prefix) for name in names]
    need(not left, "uninstall leaves %s", left)


@test
@once
def a_program_that_is_not_there_is_told_so(x):
    environment = dict(x.environment(), PATH="/usr/bin:/bin")
    with session.Gdb(x.gdb, environment, ["-p", str(x.service.pid)]) as gdb:
        out = gdb.ask("asyncio tasks")
        need("could not be started: put it into PATH" in out, "%s", out)
        gdb.ask('set $asyncinspect = "%s"' % os.path.join(x.folder("bin"), "asyncinspect"))
        need(gdb.ask("asyncio tasks").startswith("TASK"), "by $asyncinspect")


@test
@once
def an_old_gdb_is_told_to_be_too_old(x):
    with session.Gdb(x.gdb, x.environment(), commands=False) as gdb:
        out = gdb.ask("set $_gdb_major = 9", "source " + session.COMMANDS)
        need("this GDB is too old" in out, "%s", out)
        need("Redefine" not in out, "%s", out)


@test
@once
def the_answer_is_for_its_owner_alone_and_nobody_can_put_another_in_its_place(x):
    with x.start_gdb("-p", str(x.service.pid)) as gdb:
        gdb.ask("asyncio tasks")
        pid = gdb.value("$__asyncio_gdb")
        need(pid == gdb.process.pid, "%d is not GDB's PID %d", pid, gdb.process.pid)
        # What is ours is taken for left over, what is not is passed by.
        path = "/tmp/asyncinspect-gdb.%d.0" % pid
        with open(path, "w") as out:
            out.write("echo WRONG\\n\n")
        out = gdb.ask("asyncio tasks")
        need(out.startswith("TASK") and "WRONG" not in out, "%s", out[:200])
        need(not os.path.exists(path), "it is still there")
        if os.geteuid() == 0:
            with open(path, "w") as out:
                out.write("echo WRONG\\n\n")
            os.chown(path, 65534, 65534)
            out = gdb.ask("asyncio tasks")
            need(out.startswith("TASK") and "WRONG" not in out, "%s", out[:200])
            need(os.stat(path).st_uid == 65534, "another's file was removed")
            os.unlink(path)
        # It is looked at while it is there.
        out = gdb.ask("define hook-source", "shell ls -l /tmp/asyncinspect-gdb.%d.0" % pid, "end",
                      "asyncio tasks")
        need(re.search(r"-rw------- .*/tmp/asyncinspect-gdb", out), "%s", out[:300])


def manual_session():
    with open(os.path.join(TOP, "man", "asyncinspect-gdb.7"), encoding="utf-8") as source:
        text = source.read()
    part = re.search(r"(?s)^\$ gdb -q -p (\d+)\n(.*?)^\.Ed", text, re.M)
    steps, pid = [], part.group(1)
    for line in part.group(2).replace("\\&", "").split("\n"):
        if line.startswith("(gdb) "):
            steps.append([line[6:], []])
        elif steps:
            steps[-1][1].append(line)
    return pid, [(command, "\n".join(lines)) for command, lines in steps]


def plain(text, pid):
    """Without what differs from run to run and by where lines are broken."""
    text = re.sub(r"\b%s\b" % pid, "PID", text)
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    text = re.sub(r"/\S*/service\.py", "service.py", text)
    return " ".join(text.split())


def pattern(text, pid):
    """What the manual shows, with anything in the place of "..."."""
    parts = re.split(r"(?m)^\.\.\.$", text)
    return ".*".join(re.escape(plain(part, pid)) for part in parts) + "$"


@test
@once
def the_manuals_session_is_what_comes(x):
    """On Debian 12's Python, as it was written down with."""
    python = "/usr/bin/python3.11"
    if not os.access(python, os.X_OK):
        raise Skipped(python + " is not there")
    service = subprocess.Popen([python, os.path.join(TOP, "tests", "demo", "service.py"), "--hold", "300"],
                               stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        need(service.stdout.readline().startswith(b"READY"), "the demo did not start")
        written_pid, steps = manual_session()
        need(len(steps) > 6, "%d steps", len(steps))
        address, written = None, re.compile("0x7f9314f90c70")
        with x.start_gdb("-iex", "set auto-load python-scripts off", "-p", str(service.pid)) as gdb:
            for command, expected in steps:
                if address:
                    command = written.sub(address, command)
                out = gdb.ask(command)
                found = re.search(r"audit_allows at (0x\w+)", out)
                address = found.group(1) if found else address
                need(re.match(pattern(expected, written_pid), plain(out, str(service.pid)), re.S), "%s: %s, not %s", command,
                     plain(out, str(service.pid)), plain(expected, written_pid))
        need(address, "no address was seen")
    finally:
        service.kill()
        service.wait()
        service.stdout.close()


@test
@once
def the_manual_page_is_well_formed(x):
    man = require_program("man")
    run = subprocess.run([man, "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z",
                          os.path.join(TOP, "man", "asyncinspect-gdb.7")],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
    need(run.returncode == 0 and not run.stderr, "man: %s", run.stderr.decode()[:300])
