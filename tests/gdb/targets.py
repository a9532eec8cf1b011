"""What GDB can have: nothing, a running inferior, several, a remote one, one it has started, files elsewhere."""
import json
import os
import re
import shutil
import subprocess

import gdbs
from context import once
import low_memory
import same
from harness.workload import held_by_tracer
from suite import Skipped, end, need, sleeper, test


def refused(gdb, command, *words):
    out = gdb.ask(command)
    lines = out.rstrip("\n").split("\n")
    need(re.match("asyncinspect: ", lines[0]) and len(lines) <= 2, "%s: %s", command, out)
    for word in words:
        need(re.search(word, out), "%s: not %r but %s", command, word, out)
    need(gdb.value("$asyncio_status") in (1, 2), "status %d", gdb.value("$asyncio_status"))


@test
def without_an_inferior_there_is_one_clear_sentence(x):
    with x.start_gdb() as gdb:
        refused(gdb, "asyncio", "neither a process nor a core", "attach PID")
        gdb.ask("file " + x.executable())
        refused(gdb, "asyncio tasks", "neither a process nor a core")
        refused(gdb, "asyncio snapshot", "no process")
        out = gdb.ask("asyncio tasks --pid %d" % x.service.pid)
        need(out.startswith("TASK"), "another target by --pid: %s", out[:200])
        out = gdb.ask("asyncio tasks --core %s" % x.core)
        need(out.startswith("TASK"), "another target by --core: %s", out[:200])


@test
@once
def an_inferior_that_is_no_python_is_told_so(x):
    other = sleeper()
    try:
        with x.start_gdb("-p", str(other.pid)) as gdb:
            refused(gdb, "asyncio", "not a Python process|no Python")
    finally:
        end(other)


@test
def a_running_inferior_is_refused_and_read_on_request(x):
    with x.start_gdb("-iex", "set non-stop on", "-iex", "maintenance set target-async on",
                     "-p", str(x.service.pid)) as gdb:
        need(gdb.ask("asyncio tasks").startswith("TASK"), "stopped, but not read")
        gdb.ask("continue -a &")
        refused(gdb, "asyncio", "runs", "interrupt")
        out = gdb.ask("asyncio tasks --no-stop")
        need(out.startswith("TASK") and "torn" in out, "%s", out[-300:])
        gdb.ask("interrupt -a", "shell sleep 0.2")
        # GDB notices it between two commands.
        for _ in range(50):
            if gdb.ask("asyncio tasks").startswith("TASK"):
                break
            gdb.ask("shell sleep 0.05")
        else:
            need(False, "stopped again, but not read: %s", gdb.ask("info threads"))


@test
@once
def with_low_memory_an_inferior_is_read_where_gdb_holds_it(x):
    with x.start_gdb("-p", str(x.service.pid)) as gdb:
        for command in ("orphans", "loops --all"):
            usual, low = (json.loads(gdb.ask("asyncio %s --json%s" % (command, option)))
                          for option in ("", " --low-memory"))
            found = same.differences(low_memory.without_retained(usual), low)
            need(not found, "%s: %s", command, found[:3])
        out = gdb.ask("asyncio orphans --low-memory")
        need("held by" in out and "retains" not in out, "%s", out[:500])


@test
def of_several_inferiors_the_current_one_is_read(x):
    with x.start_gdb("-p", str(x.service.pid)) as gdb:
        expected = gdb.ask("asyncio tasks")
        gdb.ask("add-inferior", "inferior 2", "attach %d" % x.odd.pid)
        out = gdb.ask("asyncio tasks")
        need("worker 3" in out and out != expected, "of the second: %s", out[:300])
        out = gdb.ask("asyncio thread other")
        need(re.match(r"\[Switching to thread 2\.\d+ ", out), "%s", out)
        gdb.ask("inferior 1")
        need(gdb.ask("asyncio tasks") == expected, "of the first: %s", out[:300])
        gdb.ask("add-inferior", "inferior 3")
        refused(gdb, "asyncio", "inferior 3")


@test
def asyncio_thread_goes_to_the_thread_of_the_tasks_loop(x):
    report = x.json("report", "--pid", x.odd.pid)
    thread_of = {loop["address"]: loop["thread"] for loop in report["loops"]}
    tasks = {task["name"]: task for task in report["tasks"]}
    with x.start_gdb("-p", str(x.odd.pid)) as gdb:
        for name in ("other", "worker 3", "other", "it's"):
            tid = thread_of[tasks[name]["loop"]]
            out = gdb.ask('asyncio thread "%s"' % name)
            need("Switching to thread" in out and "LWP %d" % tid in out, "%s: %s", name, out)
            need("LWP %d" % tid in gdb.ask("thread"), "%s: %s", name, gdb.ask("thread"))
        gdb.ask("asyncio thread " + tasks["other"]["address"])
        need("LWP %d" % thread_of[tasks["other"]["loop"]] in gdb.ask("thread"), "by address")
        refused(gdb, "asyncio thread nobody", "no task 'nobody'")
        core = os.path.join(x.folder("thread"), "core")
        gdb.ask("generate-core-file " + core)
    with x.start_gdb(x.executable(), core) as gdb:
        for name in ("other", "worker 3"):
            gdb.ask('asyncio thread "%s"' % name)
            tid = thread_of[tasks[name]["loop"]]
            need("LWP %d" % tid in gdb.ask("thread"), "in a core, %s: %s", name, gdb.ask("thread"))
    os.unlink(core)


@test
def a_remote_inferior_is_read_from_a_snapshot(x):
    server = gdbs.gdbserver()
    if server is None:
        raise Skipped("gdbserver is not installed, and tests/gdb/fetch.sh has not been run")
    pid = x.odd.pid
    expected = x.run("orphans", "--pid", pid).text
    core = os.path.join(x.folder("snap shots"), "core 1")
    process = subprocess.Popen([server, "--once", "--attach", "localhost:0", str(pid)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, universal_newlines=True)
    port = None
    for line in process.stderr:
        port = re.match(r"Listening on port (\d+)", line)
        if port:
            break
    need(port, "gdbserver tells no port")
    with x.start_gdb("-iex", "set sysroot /") as gdb:
        gdb.ask("target extended-remote localhost:" + port.group(1))
        refused(gdb, "asyncio", "only GDB can read", "asyncio snapshot")
        out = gdb.ask("asyncio snapshot " + core)
        need("Saved corefile" in out and os.path.exists(core), "%s", out)
        out = gdb.ask("asyncio orphans")
        need(out.startswith(expected), "%s", out[:300])
        need("read from the snapshot " + core in out, "it does not say from where: %s", out[-300:])
        out = gdb.ask("asyncio thread other")
        need("Switching to thread" in out, "%s", out)
        gdb.ask("asyncio snapshot forget")
        refused(gdb, "asyncio", "only GDB can read")
        gdb.ask("detach")
    process.wait(timeout=30)
    process.stderr.close()
    need(held_by_tracer(pid) is None, "%s", held_by_tracer(pid))
    os.unlink(core)


@test
@once
def a_snapshot_of_a_native_inferior_is_used_until_it_is_forgotten(x):
    folder = x.folder("native")
    with x.start_gdb("-p", str(x.service.pid)) as gdb:
        expected = gdb.ask("asyncio orphans")
        gdb.ask("cd " + folder, "asyncio snapshot")
        core = os.path.join(folder, "core.%d" % x.service.pid)
        need(os.path.exists(core), "%s", os.listdir(folder))
        out = gdb.ask("asyncio orphans")
        need(out.startswith(expected) and "read from the snapshot " + core in out, "%s", out[-300:])
        out = gdb.ask("asyncio orphans --pid %d" % x.odd.pid)
        need("forgotten(" in out and "snapshot" not in out, "--pid goes before: %s", out[-300:])
        gdb.ask("asyncio snapshot forget")
        need(gdb.ask("asyncio orphans") == expected, "not forgotten")
        gdb.ask("asyncio snapshot", "detach", "attach %d" % x.odd.pid)
        out = gdb.ask("asyncio orphans")
        need("forgotten(" in out and "snapshot" not in out, "taken for another process: %s", out[-300:])
        out = gdb.ask("asyncio snapshot /nonexistent/folder/core")
        need("Failed to open" in out, "%s", out)
        need("snapshot" not in gdb.ask("asyncio orphans"), "a snapshot that was not written is read")
    shutil.rmtree(folder)


@test
@once
def a_process_that_gdb_has_started_is_read(x):
    script = os.path.join(x.folder("started"), "started.py")
    with open(script, "w") as out:
        out.write("import asyncio, os\n"
                  "async def parked(): os.kill(os.getpid(), 10)\n"
                  "asyncio.run(parked())\n")
    with x.start_gdb("--args", x.executable(), script) as gdb:
        # GDBs from elsewhere have it set, for their own Python.
        gdb.ask("unset environment PYTHONHOME")
        library = os.path.join(os.path.dirname(os.path.dirname(x.executable())), "lib")
        gdb.ask("set environment LD_LIBRARY_PATH " + library)
        gdb.ask("starti")
        refused(gdb, "asyncio", "Python has not started yet|no mapped file|not a Python")
        gdb.ask("continue")
        out = gdb.ask("asyncio tasks")
        need(re.search(r"^Task-1 +(pending|running) +parked", out, re.M), "%s", out)
        gdb.ask("kill")
        refused(gdb, "asyncio", "neither a process nor a core")


@test
@once
def after_a_fork_the_inferior_that_gdb_follows_is_read(x):
    script = os.path.join(x.folder("forked"), "forked.py")
    with open(script, "w") as out:
        out.write("import asyncio, os\n"
                  "async def child(): os.kill(os.getpid(), 10)\n"
                  "if os.fork():\n    os.wait()\nelse:\n    asyncio.run(child())\n")
    with x.start_gdb("--args", x.executable(), script) as gdb:
        gdb.ask("unset environment PYTHONHOME", "set follow-fork-mode child")
        library = os.path.join(os.path.dirname(os.path.dirname(x.executable())), "lib")
        gdb.ask("set environment LD_LIBRARY_PATH " + library)
        gdb.ask("run")
        out = gdb.ask("asyncio tasks")
        need(re.search(r"^Task-1 +(pending|running) +child", out, re.M), "%s", out)
        gdb.ask("kill")


@test
@once
def files_of_a_core_are_looked_for_where_gdb_looks(x):
    """The core of an interpreter that has moved since: solib-search-path, sysroot, the executable."""
    executable = x.executable()
    maps = open("/proc/%d/maps" % x.service.pid).read()
    library = re.search(r"(/\S*/libpython3\S*)$", maps, re.M)
    if not library:
        raise Skipped("this interpreter has no shared libpython")
    here, there = x.folder("here"), os.path.join(x.folder("moved"), "with blanks")
    os.makedirs(there, exist_ok=True)
    for path in (executable, library.group(1)):
        shutil.copy(path, here)
    soname = os.path.basename(library.group(1))
    script = os.path.join(x.scratch, "parked.py")
    with open(script, "w") as out:
        out.write("import asyncio, os\nasync def parked():\n    print('READY', flush=True)\n"
                  "    await asyncio.Event().wait()\nasyncio.run(parked())\n")
    home = os.path.dirname(os.path.dirname(executable))
    process = subprocess.Popen(
        [os.path.join(here, os.path.basename(executable)), script], stdout=subprocess.PIPE,
        env=dict(x.environment(), LD_LIBRARY_PATH=here, PYTHONHOME=home))
    core = os.path.join(x.scratch, "moved.core")
    try:
        need(process.stdout.readline() == b"READY\n", "it did not start")
        with x.start_gdb("-p", str(process.pid)) as gdb:
            expected = gdb.ask("asyncio tasks")
            gdb.ask("generate-core-file " + core)
    finally:
        end(process)
        process.stdout.close()
    for name in os.listdir(here):
        shutil.move(os.path.join(here, name), os.path.join(there, name))
    moved = os.path.join(there, os.path.basename(executable))
    try:
        result = x.run("tasks", core)
        need(result.status == 1, "read without its files: %s", result.text[:200])
        result = x.run("tasks", "--exe", moved, "--library-dir", "/nonexistent", "--library-dir", there, core)
        need(result.text == expected, "--library-dir: %s %s", result.complaint, result.text[:200])
        with x.start_gdb() as gdb:
            gdb.ask("set solib-search-path /nonexistent:" + there, "core-file " + core)
            gdb.ask("file " + moved.replace(" ", "\\ "))
            out = gdb.ask("asyncio tasks")
            need(out == expected, "solib-search-path: %s", out[:300])
        root = x.folder("root")
        os.makedirs(os.path.dirname(root + here), exist_ok=True)
        shutil.copytree(there, root + here)
        with x.start_gdb() as gdb:
            gdb.ask("set sysroot " + root, "core-file " + core)
            out = gdb.ask("asyncio tasks")
            need(soname not in out and out.startswith(expected.split("\n")[0]), "sysroot: %s", out[:300])
        shutil.rmtree(root)
    finally:
        shutil.rmtree(there, ignore_errors=True)
        os.unlink(core)


@test
@once
def nobody_but_gdb_may_read_it(x):
    """Another user's process that a GDB of root holds, asked by a program without rights."""
    if os.geteuid() != 0:
        raise Skipped("not root: rights cannot be taken away")
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise Skipped("setpriv is not installed")
    program = shutil.copy(x.tool.command[0], x.folder("public"))
    os.chmod(x.scratch, 0o755)
    os.chmod(program, 0o755)
    wrapper = os.path.join(x.folder("public"), "as nobody")
    with open(wrapper, "w") as out:
        out.write("#!/bin/sh\nexec %s --bounding-set -all --inh-caps -all %s \"$@\"\n" % (setpriv, program))
    os.chmod(wrapper, 0o755)
    with x.start_gdb("-p", str(x.service.pid)) as gdb:
        expected = gdb.ask("asyncio orphans")
        gdb.ask('set $asyncinspect = "%s"' % wrapper)
        out = gdb.ask("asyncio orphans")
        if out == expected:
            raise Skipped("the process may be read without any rights here")
        refused(gdb, "asyncio orphans", "asyncio snapshot")
        core = os.path.join(x.folder("public"), "core")
        gdb.ask("asyncio snapshot " + core)
        need(gdb.ask("asyncio orphans").startswith(expected), "%s", gdb.ask("asyncio orphans")[:300])
        os.unlink(core)
