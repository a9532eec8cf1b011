"""What the tests of limits share: how a test is declared, and what it is given."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS_FOLDER = os.path.dirname(HERE)
sys.path.insert(0, TESTS_FOLDER)
sys.path.insert(0, os.path.join(TESTS_FOLDER, "behaviour"))

from harness.tool import Result                                         # noqa: E402
from harness.workload import (Broken, Skipped, WORKLOADS, Workload,     # noqa: E402
                              clean_environment)
from suite import Failed, misused, need, refused, require_program, worked  # noqa: E402,F401

PROGRAMS = os.path.join(HERE, "programs")
TESTS = []
# Where the standard library's own tool is, and what it is compared with.
EACH = ("3.12", "debian-3.14", "debian-3.15")
STDLIB_TOOL_SINCE = (3, 14)
STDLIB_TOOL_SECONDS = 120


def test(*interpreters, since=None):
    """Declares a test; its name is its promise.  interpreters: EACH when none is named."""
    def declare(function):
        TESTS.append((function, interpreters or EACH, since))
        return function
    return declare


class Case:
    """One test on one interpreter: a scratch folder, the tool, and targets."""

    def __init__(self, tool, interpreter, note):
        self.tool = tool
        self.interpreter = interpreter
        self.note = note
        self.scratch = tempfile.mkdtemp(prefix="asyncinspect-limits-")
        self.targets = []

    def start(self, script, *arguments, settle=True, **options):
        """A program of programs/ (or folder=), parked; it is ended after the test."""
        options.setdefault("folder", PROGRAMS)
        workload = Workload(options.pop("interpreter", self.interpreter), script, arguments,
                            truth=False, **options)
        workload.__enter__()
        self.targets.append(workload)
        if settle:
            workload.settle(30)
        return workload

    def gcore(self, target):
        """A core of the target, and the options that it needs."""
        core = target.gcore()
        root = self.interpreter.root
        return [core] if root == "/" else \
            ["--debug-dir", os.path.join(root, "usr/lib/debug"), core]

    def abort(self, target):
        """The kernel's core as the target dies, and the options that it needs."""
        core, root = target.abort(), self.interpreter.root
        return [core] if root == "/" else ["--sysroot", root, core]

    def has_module(self, name):
        return subprocess.run(self.interpreter.command(["-c", "import " + name]),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def environment(self):
        return self.tool.cache_of(self.interpreter.name)

    def run(self, *arguments, stack_kb=None, prefix=(), **options):
        """prefix: words before the program's own; stack_kb: the most that its stack may have."""
        options.setdefault("env", self.environment())
        if stack_kb:
            prefix = ["sh", "-c", 'ulimit -s %d && exec "$@"' % stack_kb, "sh"]
        plain = self.tool.command
        self.tool.command = list(prefix) + plain
        try:
            return self.tool.run(*arguments, **options)
        finally:
            self.tool.command = plain

    def json(self, *arguments, quiet=True, **options):
        return worked(self.run(*arguments, "--json", **options), quiet).json()

    def text(self, *arguments, **options):
        return worked(self.run(*arguments, **options)).text

    def measured(self, *arguments):
        """(result, "1.2 s, 210 MB"): the most memory that was seen in use."""
        start = time.monotonic()
        most, ended = [0], threading.Event()
        process = self.tool.popen(*arguments, env=self.environment())

        def watch():
            # Not ru_maxrss: that of a child begins with what this process has.
            while not ended.wait(0.01):
                most[0] = max(most[0], peak_memory_mb(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            out, err = process.communicate(timeout=self.tool.timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        finally:
            ended.set()
            watcher.join()
        result = Result(process.args, process.returncode, out, err)
        return result, "%.1f s, %d MB" % (time.monotonic() - start, most[0])

    def compare_with_stdlib(self, pid, report, *commands):
        """Notes what `python -m asyncio ps` makes of the same process; asserts nothing.
        report: with the tasks that there are."""
        if self.interpreter.version < STDLIB_TOOL_SINCE:
            return
        for command in commands or ("ps",):
            self.note("asyncio %s: %s" % (command, self._ask_stdlib(command, pid, report)))

    def _ask_stdlib(self, command, pid, report):
        result = self.run_stdlib(command, pid)
        if isinstance(result, str):
            return result
        if result.status != 0:
            return "fails: " + last_line(result)
        addresses = {int(address, 16) for address in re.findall(r"\b0x[0-9a-f]+\b", result.text)}
        if addresses:
            found = sum(int(row["address"], 16) in addresses for row in report["tasks"])
        else:
            words = set(re.findall(r"[^\s()]+", result.text))
            found = sum(row["name"] in words for row in report["tasks"])
        return "ok, with %d of %d tasks" % (found, len(report["tasks"]))

    def run_stdlib(self, command, pid):
        """A result, or a text that says why there is none."""
        words, environment = [self.interpreter.outside(self.interpreter.python)], clean_environment()
        root = self.interpreter.root
        if root != "/":
            # It looks for the target's files where /proc says, and that is how they are seen out here.
            words = [os.path.join(root, "lib64/ld-linux-x86-64.so.2"), "--library-path",
                     os.path.join(root, "usr/lib/x86_64-linux-gnu")] + words
            environment["PYTHONHOME"] = os.path.join(root, "usr")
        words += ["-m", "asyncio", command, str(pid)]
        try:
            run = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env=environment,
                                 timeout=STDLIB_TOOL_SECONDS)
        except OSError as error:
            return "cannot be run here: %s" % error
        except subprocess.TimeoutExpired:
            return "no answer in %d s" % STDLIB_TOOL_SECONDS
        return Result(words, run.returncode, run.stdout, run.stderr)

    def close(self):
        for workload in self.targets:
            workload.__exit__()
        shutil.rmtree(self.scratch, ignore_errors=True)


def last_line(result):
    lines = (result.complaint.strip() or result.text.strip()).split("\n")
    return lines[-1][:160]


def peak_memory_mb(pid):
    try:
        with open("/proc/%d/status" % pid) as source:
            return max([int(line.split()[1]) // 1024 for line in source if line.startswith("VmHWM:")]
                       or [0])
    except OSError:
        return 0


def names(report):
    return [task["name"] for task in report["tasks"]]


def task(report, name):
    found = [row for row in report["tasks"] if row["name"] == name]
    need(len(found) == 1, "%d tasks are called %r", len(found), name)
    return found[0]


def once(what, expected, found):
    """Each of expected exactly once in found, and nothing else."""
    counts = {}
    for name in found:
        counts[name] = counts.get(name, 0) + 1
    missing = [name for name in expected if name not in counts]
    twice = [name for name, count in counts.items() if count > 1]
    invented = sorted(set(counts) - set(expected))
    need(not (missing or twice or invented), "%s: %d missing %s, %d twice %s, %d invented %s", what,
         len(missing), missing[:3], len(twice), twice[:3], len(invented), invented[:3])


def qualnames(stack):
    return [frame["qualname"] for frame in stack]


def says(text, *words):
    for word in words:
        need(re.search(word, text), "it does not say %s: %s", word, text[:400])
