"""Start a program under inspection, wait until it is parked, dump it, end it.

A workload runs in a folder of its own below a scratch folder; its core, its
truth and everything else it leaves lie there and vanish with it.
"""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORKLOADS = os.path.join(TESTS, "workloads")
READY_SECONDS = 60
# A workload that was lost (its driver was killed) ends by itself after this long.
HOLD_SECONDS = 600


class Skipped(Exception):
    """What was asked cannot be tried on this machine; the text says why."""


class Broken(Exception):
    """The harness could not bring about what a test needs."""


def core_pattern_problem():
    """Why the kernel's own cores cannot be collected here, or None."""
    with open("/proc/sys/kernel/core_pattern") as source:
        pattern = source.read().rstrip("\n")
    if not pattern:
        return "the kernel's core_pattern is empty: no cores"
    if pattern.startswith("|"):
        return "the kernel pipes cores to a program (core_pattern %s)" % pattern
    if pattern.startswith("/"):
        return "the kernel writes cores to a fixed place (core_pattern %s)" % pattern
    return None


def unread_by_gcore(output):
    """What gdb could not copy into the core, in its own words, or None.

    gdb 13 gives up a whole mapping at its first unreadable page.  glibc 2.42, on a
    kernel that can, makes guard pages part of a thread's stack, and gdb leaves all
    of that stack empty.  The vsyscall page is never readable and matters to nobody.
    """
    for line in output.decode(errors="replace").splitlines():
        found = re.search(r"Memory read failed for corefile section, \d+ bytes at (\w+)", line)
        if found and found.group(1) != "0xffffffffff600000":
            return re.sub("0x\\w+", "0x...", found.group(0))
    return None


def clean_environment(extra=None):
    """Nothing of the caller's environment that changes what Python does."""
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("PYTHON", "PYENV"))}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env.update(extra or {})
    return env


class Workload:
    """with Workload(interpreter, "service.py", ["--tasks", "3"]) as w: w.pid ..."""

    def __init__(self, interpreter, script, arguments=(), truth=True, env=None,
                 folder=WORKLOADS, stdin=subprocess.DEVNULL, seconds=READY_SECONDS):
        self.interpreter = interpreter
        self.script = script
        self.arguments = list(arguments)
        self.truth = truth
        self.env = env
        self.source = folder
        self.stdin = stdin
        self.seconds = seconds      # until it has to be ready
        self.process = None

    def __enter__(self):
        inside_tmp = tempfile.gettempdir() if self.interpreter.root == "/" else "/tmp"
        self.folder = tempfile.mkdtemp(prefix="asyncinspect-",
                                       dir=self.interpreter.outside(inside_tmp))
        try:
            self._start(os.path.join(inside_tmp, os.path.basename(self.folder)))
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, inside):
        scripts = self.source
        if self.interpreter.root != "/":
            shutil.copytree(self.source, os.path.join(self.folder, "workloads"))
            scripts = os.path.join(inside, "workloads")
        # The core belongs into the workload's own folder, so it must be the working
        # folder, and the limit is raised for the workload alone.
        command = ["/bin/sh", "-c", 'cd "$1" && shift && ulimit -c unlimited && exec "$@"',
                   "sh", inside, self.interpreter.python, os.path.join(scripts, self.script)]
        if self.interpreter.root != "/":
            command = ["chroot", self.interpreter.root] + command
        command += self.arguments + ["--hold", str(HOLD_SECONDS)]
        if self.truth:
            command += ["--truth", os.path.join(inside, "truth.json")]
        self.stderr_path = os.path.join(self.folder, "stderr")
        with open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen(
                command, stdin=self.stdin, stdout=subprocess.PIPE, stderr=stderr,
                env=clean_environment(self.env), start_new_session=True)
        self.pid = self.process.pid
        timer = threading.Timer(self.seconds, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        if line != b"READY %d\n" % self.pid:
            self.process.kill()
            self.process.wait()
            raise Broken("no READY but %r: %s" % (line, self.stderr_text()[-400:]))

    def stderr_text(self):
        with open(self.stderr_path, errors="replace") as source:
            return source.read().strip()

    @property
    def truth_path(self):
        return os.path.join(self.folder, "truth.json")

    def settle(self, seconds=10):
        """Wait until every thread sleeps and none was scheduled for a while."""
        deadline = time.monotonic() + seconds
        before = None
        while time.monotonic() < deadline:
            now = switches(self.pid)
            if now == before and all(state == "S" for state, _ in now.values()):
                return
            before = now
            time.sleep(0.02)
        raise Broken("pid %d does not become idle" % self.pid)

    def gcore(self):
        """A core by gdb's gcore; the process goes on."""
        if shutil.which("gcore") is None:
            raise Skipped("gcore is not installed")
        if self.interpreter.root != "/":
            command = ["gdb", "--nx", "--batch", "-iex", "set debuginfod enabled off",
                       "-iex", "set sysroot /proc/%d/root" % self.pid, "-p", str(self.pid),
                       "-ex", "gcore %s/gcore.%d" % (self.folder, self.pid)]
        else:
            command = ["gcore", "-o", os.path.join(self.folder, "gcore"), str(self.pid)]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, env=clean_environment())
        path = os.path.join(self.folder, "gcore.%d" % self.pid)
        if run.returncode != 0 or not os.path.exists(path):
            raise Broken("gcore: %s" % run.stdout.decode(errors="replace").strip()[-300:])
        lost = unread_by_gcore(run.stdout)
        if lost:
            raise Skipped("gcore wrote zeros for memory of the process: %s" % lost)
        return path

    def abort(self):
        """The kernel's core, written as the process dies by SIGABRT."""
        problem = core_pattern_problem()
        if problem:
            raise Skipped(problem)
        before = set(_files(self.folder))
        os.kill(self.pid, signal.SIGABRT)
        self.process.wait()
        for path in set(_files(self.folder)) - before:
            with open(path, "rb") as source:
                if source.read(4) == b"\x7fELF":
                    return path
        raise Skipped("the kernel wrote no core (is the hard limit of core size 0?)")

    def __exit__(self, *_):
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            if self.process.stdin:
                self.process.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _files(folder):
    for parent, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(parent, name)


def stat_fields(path):
    """Fields of a /proc stat file from the state on: state is [0], utime [11]."""
    with open(path) as source:
        return source.read().rpartition(")")[2].split()


def switches(pid):
    """{tid: (state letter, context switches)}"""
    found = {}
    for tid in os.listdir("/proc/%d/task" % pid):
        folder = "/proc/%d/task/%s" % (pid, tid)
        try:
            state = stat_fields(folder + "/stat")[0]
            with open(folder + "/status") as source:
                count = sum(int(line.split()[1]) for line in source if "ctxt_switches" in line)
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[int(tid)] = (state, count)
    return found


def held_by_tracer(pid):
    """Why the process does not run free, or None: a stopped thread, or a tracer."""
    for tid in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, tid)) as source:
            fields = dict(line.split(":\t", 1) for line in source if ":\t" in line)
        if fields["State"][0] in "tT":
            return "thread %s is in state %s" % (tid, fields["State"].strip())
        if fields["TracerPid"].strip() != "0":
            return "thread %s is traced by %s" % (tid, fields["TracerPid"].strip())
    return None
