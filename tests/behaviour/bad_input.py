"""Bad input gets one clear line and exit status 1; nothing is lost or left stopped."""
import os
import random
import shutil
import subprocess
import time

from suite import Skipped, end, need, refused, require_program, sleeper, test, worked

from harness.interpreters import Interpreter, build_id, build_id_place
from harness.workload import clean_environment

SEED = 20240607


@test
def a_missing_file_is_refused(x):
    refused(x.run(os.path.join(x.scratch, "no-such-core")), "no-such-core")


@test
def an_empty_file_is_refused(x):
    refused(x.run(x.file("empty")), "empty")


@test
def a_text_file_is_refused(x):
    refused(x.run(x.file("notes.txt", b"hello\n" * 100)), "notes.txt")


@test
def a_directory_is_refused(x):
    refused(x.run(x.folder("folder")), "folder")


@test
def an_unreadable_file_is_refused(x):
    path = x.file("locked", b"\x7fELF" + bytes(100))
    os.chmod(path, 0)
    refused(x.run_as_nobody(path) if os.geteuid() == 0 else x.run(path), "locked")


@test
def a_fifo_is_refused_at_once(x):
    path = os.path.join(x.scratch, "fifo")
    os.mkfifo(path)
    refused(x.run(path), "fifo")


@test
def an_executable_is_refused_as_core(x):
    refused(x.run(require_program("true")), "core")


@test
def names_with_escapes_are_escaped_in_complaints(x):
    refused(x.run(os.path.join(x.scratch, "no\x1b[31m\nsuch")))


@test
def a_core_cut_to_4_KiB_is_refused(x):
    with open(x.core, "rb") as source:
        refused(x.run(x.file("core-4k", source.read(4096))), "core-4k|cut|truncated|short")


@test
def a_core_cut_to_its_magic_is_refused(x):
    refused(x.run(x.file("core-magic", b"\x7fELF\x02\x01\x01")))


@test
def a_core_cut_in_half_works_with_a_warning_or_is_refused(x):
    path = os.path.join(x.scratch, "core-half")
    shutil.copyfile(x.core, path)
    os.truncate(path, os.path.getsize(path) // 2)
    result = x.run(path)
    if result.status == 0:
        worked(result, quiet=False)
        need(result.complaint.startswith("asyncinspect: "), "no warning about the cut core")
    else:
        refused(result)


@test
def a_spoiled_core_never_crashes_or_hangs(x):
    """Bytes are changed where the reader looks first: headers, notes, then anywhere."""
    path = os.path.join(x.scratch, "core-spoiled")
    shutil.copyfile(x.core, path)
    size = os.path.getsize(path)
    dice = random.Random(SEED)
    limits = [64, 4096, 65536, size]
    with open(path, "r+b") as core:
        for turn in range(40):
            limit = limits[turn % len(limits)]
            saved = []
            for _ in range(1 if limit == 64 else 8):
                at = dice.randrange(4, limit)
                core.seek(at)
                saved.append((at, core.read(1)))
                core.seek(at)
                core.write(bytes([dice.choice((0, 1, 127, 128, 255))]))
            core.flush()
            before = time.monotonic()
            result = x.run(path)
            where = "seed %d, turn %d, bytes %s" % (SEED, turn, [at for at, _ in saved])
            need(not result.crashed(), "%s: %s", where, result.crashed())
            need(time.monotonic() - before < 60, "%s: it takes too long", where)
            need(result.status in (0, 1), "%s: exit status %d", where, result.status)
            if result.status == 1:
                refused(result)
            for at, byte in reversed(saved):
                core.seek(at)
                core.write(byte)


@test
def a_core_of_another_program_is_refused(x):
    require_program("gcore")
    other = sleeper()
    try:
        stem = os.path.join(x.scratch, "sleep")
        subprocess.run(["gcore", "-o", stem, str(other.pid)], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env=clean_environment())
    finally:
        end(other)
    refused(x.run("%s.%d" % (stem, other.pid)), "python")


@test
def another_program_is_refused(x):
    other = sleeper()
    try:
        refused(x.run("--pid", other.pid), "python")
        need(other.poll() is None, "it has ended")
    finally:
        end(other)


@test
def a_shell_whose_child_is_python_is_refused_with_the_childs_pid(x):
    shell = subprocess.Popen(
        ["sh", "-c", '"$0" -c "print(1, flush=True); import time; time.sleep(600)"; true',
         x.interpreter.python], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=clean_environment())
    try:
        shell.stdout.readline()
        with open("/proc/%d/task/%d/children" % (shell.pid, shell.pid)) as source:
            child = source.read().strip()
        try:
            refused(x.run("--pid", shell.pid), "python", r"\b%s\b" % child)
        finally:
            os.kill(int(child), 9)
    finally:
        end(shell)
        shell.stdout.close()


@test
def a_python_without_asyncio_has_an_empty_report(x):
    bare = subprocess.Popen([x.interpreter.python, "-c",
                             "print(1, flush=True); import time; time.sleep(600)"],
                            stdout=subprocess.PIPE, env=clean_environment())
    try:
        bare.stdout.readline()
        worked(x.run("--pid", bare.pid))
        report = x.json("report", "--pid", bare.pid)
        need(report["tasks"] == [] and report["orphans"] == [] and report["loops"] == [],
             "tasks, orphans or loops where asyncio was never imported")
    finally:
        end(bare)
        bare.stdout.close()


@test
def a_dead_pid_is_refused(x):
    gone = sleeper()
    end(gone)
    refused(x.run("--pid", gone.pid), str(gone.pid))


@test
def a_zombie_is_refused(x):
    zombie = subprocess.Popen(["true"])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    try:
        refused(x.run("--pid", zombie.pid), str(zombie.pid))
    finally:
        zombie.wait()


@test
def a_process_of_another_user_is_refused(x):
    if os.geteuid() == 0:
        refused(x.run_as_nobody("--pid", x.service.pid), str(x.service.pid),
                "root|permission|user")
    elif os.stat("/proc/1").st_uid != os.geteuid():
        refused(x.run("--pid", 1), r"\b1\b")
    else:
        raise Skipped("there is no process of another user")


@test
def a_core_without_its_executable_is_refused(x):
    refused(x.run("--sysroot", x.folder("empty-root"), x.core), "python")


@test
def a_core_with_another_executable_is_refused(x):
    refused(x.run("--exe", require_program("true"), x.core), "build.?id")


@test
def a_missing_executable_option_is_refused(x):
    refused(x.run("--exe", os.path.join(x.scratch, "no-such-exe"), x.core), "no-such-exe")


# --- debug information ------------------------------------------------------

def _python_binary(x):
    """The file that holds the interpreter: libpython, or the executable itself."""
    with open("/proc/%d/maps" % x.service.pid) as source:
        for line in source:
            path = line.split(None, 5)[-1].strip()
            if os.path.basename(path).startswith("libpython3"):
                return path, True
    return os.path.realpath("/proc/%d/exe" % x.service.pid), False


def _stripped_python(x):
    """A service on a copy of the interpreter that no debug file is for.

    The copy gets a build-id of its own, so that nothing that is installed fits it;
    its debug information goes to a folder as --debug-dir expects it.
    Returns (service, folder)."""
    objcopy = require_program("objcopy")
    path, is_library = _python_binary(x)
    home = x.folder("stripped")
    copy = os.path.join(home, os.path.basename(path))
    with open(path, "rb") as source:
        data = bytearray(source.read())
    place = build_id_place(bytes(data))
    if place is None:
        raise Skipped("%s has no build-id" % path)
    data[place[0]] ^= 0xff
    with open(copy, "wb") as out:
        out.write(data)
    os.chmod(copy, 0o755)
    own = build_id(copy)
    debug = os.path.join(x.folder("debug/.build-id/" + own[:2]), own[2:] + ".debug")
    source = copy
    if not is_library:          # Debian's is stripped: its debug information is a file already
        true_id = build_id(path)
        source = "/usr/lib/debug/.build-id/%s/%s.debug" % (true_id[:2], true_id[2:])
    subprocess.check_call([objcopy, "--only-keep-debug", source, debug])
    if not is_library:
        with open(debug, "r+b") as out:
            place = build_id_place(out.read())
            if place is None:
                raise Skipped("%s has no build-id" % source)
            out.seek(place[0])
            out.write(bytes.fromhex(own))
    subprocess.check_call([objcopy, "--strip-debug", "--remove-section=.gnu_debuglink", copy])
    interpreter, env = x.interpreter, {"LD_LIBRARY_PATH": home}
    if not is_library:
        interpreter = Interpreter("stripped", copy)
        env = {"PYTHONHOME": "/usr"}
    service = x.start("service.py", ["--tasks", "20"], env=env, interpreter=interpreter)
    with open("/proc/%d/maps" % service.pid) as maps:
        need(copy in maps.read(), "the harness: the copy is not what runs")
    return service, os.path.join(x.scratch, "debug")


@test
def missing_debug_information_is_named_and_debug_dir_brings_it(x):
    service, folder = x._once("stripped", lambda: _stripped_python(x))
    result = x.run("--pid", service.pid)
    if result.status == 0:      # a built-in table or the target's own may be enough
        layouts = x.json("report", "--pid", service.pid)["target"]["layouts"]
        need(layouts["built-in"] + layouts["debug-offsets"] > 0, "layouts from nowhere: %s", layouts)
    else:
        refused(result, "debug", r"--debug-dir|-dbg|install")
    report = x.json("report", "--debug-dir", folder, "--pid", service.pid)
    need(len(report["tasks"]) >= 20, "only %d tasks with --debug-dir", len(report["tasks"]))
    need(report["target"]["layouts"]["dwarf"] > 0, "no layout from --debug-dir")


@test
def a_wrong_debug_dir_does_no_harm(x):
    worked(x.run("--debug-dir", x.folder("empty-root"), "--pid", x.service.pid))
