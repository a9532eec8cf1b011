"""Targets in other namespaces, without their files, and inside of other programs."""
import os
import shutil
import subprocess
import sys

from limits_suite import (Case, PROGRAMS, TESTS_FOLDER, Broken, Skipped, Workload, names, need, once,
                          refused, require_program, says, test, worked)

sys.path.insert(0, os.path.join(TESTS_FOLDER, "truth"))

import same                                                 # noqa: E402
from harness.interpreters import Interpreter, build_id_place     # noqa: E402

IDLE = ["Task-1"] + ["idle-%d" % number for number in range(5)]


# --- containers --------------------------------------------------------------------

class Contained(Workload):
    """A workload in a PID and a mount namespace of its own, where its root is under another path."""

    def _start(self, inside):
        shutil.copytree(self.source, os.path.join(self.folder, "workloads"))
        script = os.path.join(inside, "workloads", self.script)
        command = ["unshare", "--pid", "--fork", "--mount", "--kill-child", "sh", "-c",
                   'mount -t tmpfs none /mnt && mkdir /mnt/root && mount --rbind "$1" /mnt/root && shift'
                   ' && exec chroot /mnt/root "$@"',
                   "sh", self.interpreter.root, self.interpreter.python, script,
                   "--hold", "600"] + self.arguments
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, start_new_session=True)
        line = self.process.stdout.readline()
        if line != b"READY 1\n":
            self.process.kill()
            raise Skipped("no container can be made here: %r %r"
                          % (line, self.process.stderr.read()[-300:]))
        path = "/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)
        with open(path) as source:
            self.pid = int(source.read().split()[0])

    def __exit__(self, *_):
        if getattr(self, "process", None) is not None and hasattr(self.process, "stderr"):
            self.process.stderr.close()
        super().__exit__()


def contained(x):
    require_program("unshare")
    if x.interpreter.root == "/":
        raise Skipped("this interpreter has no root of its own")
    target = Contained(x.interpreter, "embedded.py", truth=False, folder=PROGRAMS)
    target.__enter__()
    x.targets.append(target)
    target.settle()
    return target


# Root, but not so much that it may use /proc/PID/map_files.
WITHOUT_MAP_FILES = ["setpriv", "--bounding-set", "-sys_admin,-checkpoint_restore"]


@test("debian-3.9", "debian-3.13", "debian-3.14", "debian-3.15")
def a_program_in_a_container_is_read_from_outside(x):
    target = contained(x)
    for prefix in ([], WITHOUT_MAP_FILES):
        report = x.json("report", "--pid", target.pid, prefix=prefix)
        once("report", IDLE, names(report))
        need(report["target"]["pid"] == target.pid, "its pid is %s", report["target"]["pid"])
        need(report["target"]["namespace_pid"] == 1, "its pid in the container is %s",
             report["target"].get("namespace_pid"))
        need(report["target"]["unreadable"] == 0, "%d values could not be read",
             report["target"]["unreadable"])
    need(report["target"]["executable"].endswith(x.interpreter.python), "its executable is %s",
         report["target"]["executable"])
    says(x.text("report", "--pid", target.pid), r"\bpid %d \(1 in its container\)" % target.pid)
    says(x.text("where", "--pid", target.pid, "idle-0"), r"get_running_loop\(\)\.create_future")


# --- files that are gone -----------------------------------------------------------

def prefix_of(interpreter):
    return os.path.dirname(os.path.dirname(interpreter.python))


def copied_interpreter(x):
    """The same interpreter in a folder of its own, whose files may be spoiled."""
    source, copy = prefix_of(x.interpreter), os.path.join(x.scratch, "python")
    short = "python3.%d" % x.interpreter.version[1]
    os.makedirs(os.path.join(copy, "bin"))
    os.makedirs(os.path.join(copy, "lib"))
    shutil.copy(os.path.join(source, "bin", short), os.path.join(copy, "bin", short))
    library = "lib" + short + ".so.1.0"
    shutil.copy(os.path.join(source, "lib", library), os.path.join(copy, "lib", library))
    shutil.copytree(os.path.join(source, "lib", short), os.path.join(copy, "lib", short),
                    ignore=shutil.ignore_patterns("test", "site-packages", "*.a", "idlelib", "config-*",
                                                  "ensurepip"))
    found = Interpreter(x.interpreter.name, os.path.join(copy, "bin", short))
    found.version = x.interpreter.version
    return found, os.path.join(copy, "lib", library), {
        "LD_LIBRARY_PATH": os.path.join(copy, "lib"), "PYTHONHOME": copy}


def another_build(path):
    """Puts a file there that has another build-id, as an upgrade does."""
    with open(path, "rb") as source:
        data = bytearray(source.read())
    start, end = build_id_place(bytes(data))
    for at in range(start, end):
        data[at] ^= 0xff
    with open(path + ".new", "wb") as out:
        out.write(data)
    os.rename(path + ".new", path)


def without_its_library(x, spoil):
    interpreter, library, env = copied_interpreter(x)
    target = x.start("idle_tasks.py", "--tasks", "5", interpreter=interpreter, env=env)
    before = x.json("report", "--pid", target.pid)
    spoil(library)
    return target, library, before


def goes_on(x, spoil):
    target, library, before = without_its_library(x, spoil)
    for extra in ([], ["--no-cache"]):
        result = worked(x.run("report", "--json", "--pid", target.pid, *extra), quiet=False)
        found = same.differences(before, result.json())
        need(not found, "another answer than before: %s", found[:3])
        says(result.complaint, "^asyncinspect: warning: .*%s.*(replaced|removed)" % library)
        need(result.complaint.count("\n") == 1, "more than one warning: %s", result.complaint)
    # Without the right to map_files the file cannot be had, and its symbols are in it.
    result = x.run("report", "--json", "--pid", target.pid, "--no-cache", prefix=WITHOUT_MAP_FILES)
    if result.status == 0:
        need(not same.differences(before, result.json()), "another answer without map_files")
        says(result.complaint, library)
    else:
        refused(result, library)
    x.note("without map_files: " + (result.complaint.strip().replace("\n", " ")[:300] or "the same"))
    return target, library


def core_is_refused(x, target, library):
    core = target.gcore()
    result = x.run("report", core)
    if result.status == 0:
        # gcore saved the text as well: nothing is missing.
        need(library in result.complaint, "it says nothing of %s", library)
    else:
        refused(result, library, "--sysroot")
    x.note("the core: " + result.complaint.strip().replace("\n", " ")[:400])


@test("3.12", "3.8")
def a_program_whose_libpython_was_removed_is_read(x):
    target, library = goes_on(x, os.unlink)
    core_is_refused(x, target, library)


@test("3.12", "3.8")
def a_program_whose_libpython_was_replaced_is_read(x):
    target, library = goes_on(x, another_build)
    core_is_refused(x, target, library)


@test("debian-3.11")
def a_program_whose_executable_was_removed_is_read(x):
    interpreter = Interpreter("python", shutil.copy(x.interpreter.python, x.scratch))
    interpreter.version = x.interpreter.version
    target = x.start("idle_tasks.py", "--tasks", "5", interpreter=interpreter, env={"PYTHONHOME": "/usr"})
    before = x.json("report", "--pid", target.pid)
    for spoil in (another_build, os.unlink):
        spoil(interpreter.python)
        for prefix in ([], WITHOUT_MAP_FILES):
            result = worked(x.run("report", "--json", "--pid", target.pid, "--no-cache", prefix=prefix),
                            quiet=False)
            found = same.differences(before, result.json())
            need(not found, "another answer than before: %s", found[:3])
            says(result.complaint, "^asyncinspect: warning: .*%s.*replaced or removed"
                 % interpreter.python)
    result = x.run("report", target.gcore())
    refused(result, interpreter.python, "--exe")


@test("3.12")
def the_kernels_core_of_a_program_without_its_libpython_is_refused(x):
    for spoil in (os.unlink, another_build):
        target, library, _ = without_its_library(Case(x.tool, x.interpreter, x.note), spoil)
        x.targets.append(target)
        result = x.run("report", target.abort())
        refused(result, library, "--sysroot")


# --- inside of other programs ------------------------------------------------------

def compile_host(x, name):
    prefix = prefix_of(x.interpreter)
    short = "python3.%d" % x.interpreter.version[1]
    program = os.path.join(x.scratch, name)
    run = subprocess.run(
        [require_program("cc"), "-o", program, os.path.join(PROGRAMS, "embedding.c"),
         "-I", os.path.join(prefix, "include", short), "-L", os.path.join(prefix, "lib"), "-l" + short,
         "-Wl,-rpath," + os.path.join(prefix, "lib")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode != 0:
        raise Broken("the compiler: " + run.stdout.decode(errors="replace")[-400:])
    return program, prefix


@test("3.8", "3.12", "3.13")
def python_inside_of_another_program_is_read(x):
    program, prefix = compile_host(x, "orderd")
    host = Interpreter("orderd", program)
    host.version = x.interpreter.version
    target = x.start("embedded.py", interpreter=host, env={"PYTHONHOME": prefix})
    report = x.json("report", "--pid", target.pid)
    once("report", IDLE, names(report))
    need(report["target"]["executable"] == program, "the executable is %s",
         report["target"]["executable"])
    gcore = x.json("report", target.gcore())
    need(not same.differences(report, gcore), "gcore: %s", same.differences(report, gcore)[:3])
    core = x.json("report", target.abort())
    need(not same.differences(report, core), "the core: %s", same.differences(report, core)[:3])
