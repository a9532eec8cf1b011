"""What the behaviour tests share: how a test is declared, what it is given, and
what a refusal must look like."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "truth"))

from harness.workload import Skipped, Workload, held_by_tracer      # noqa: E402

PROGRAMS = os.path.join(HERE, "programs")
TOP = os.path.dirname(os.path.dirname(HERE))
TESTS = []

# Raw control characters, C1 and the two bidirectional overrides that reorder a line.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")


class Failed(Exception):
    """What a test found wrong."""


def test(function):
    """Declares a test; its name is its promise."""
    TESTS.append(function)
    return function


def need(condition, text, *values):
    if not condition:
        raise Failed(text % values if values else text)


def refused(result, *words, status=1):
    """Exit status 1, one clear line on standard error and maybe a hint, nothing else
    anywhere.  words: regular expressions that the complaint must match, in any case."""
    _complaint(result, words, status, r"asyncinspect: (?!hint:)", r"asyncinspect: hint: ")


def misused(result, *words):
    """Wrong usage: exit status 2, one line and maybe where help is, in the words of getopt,
    which begins with the name that it was called by."""
    _complaint(result, words, 2, r"(\S*/)?asyncinspect: ", r"Try |asyncinspect: hint: ")


def _complaint(result, words, status, first, second):
    need(not result.crashed(), "%s", result.crashed())
    lines = result.complaint.split("\n")
    need(result.status == status, "exit status %d, not %d: %s", result.status, status,
         result.complaint or result.text[:200])
    need(result.out == b"", "standard output has %d bytes: %s", len(result.out), result.text[:200])
    need(lines[-1] == "", "the complaint does not end with a line break: %r", result.complaint)
    lines.pop()
    need(lines and re.match(first, lines[0]), "no complaint but %r", result.complaint)
    need(len(lines) == 1 or len(lines) == 2 and re.match(second, lines[1]),
         "not one line and perhaps a hint: %r", result.complaint)
    need(not UNSAFE.search(result.complaint.replace("\n", "")), "raw control characters: %r",
         result.complaint)
    for word in words:
        need(re.search(word, result.complaint, re.I), "the complaint does not say %s: %r", word,
             result.complaint)


def worked(result, quiet=True):
    need(not result.crashed(), "%s", result.crashed())
    need(result.status == 0, "exit status %d: %s", result.status, result.complaint.strip()[:300])
    need(not quiet or not result.err, "on standard error: %s", result.complaint.strip()[:300])
    return result


class Context:
    """A scratch folder, the tool, and targets that are made when first asked for."""

    def __init__(self, tool, interpreter):
        self.tool = tool
        self.interpreter = interpreter
        self.scratch = tempfile.mkdtemp(prefix="asyncinspect-behaviour-")
        self.here = os.path.join(self.scratch, "cwd")       # stays empty: nobody writes there
        os.mkdir(self.here)
        self._open = []
        self._made = {}

    def run(self, *arguments, **options):
        options.setdefault("cwd", self.here)
        return self.tool.run(*arguments, **options)

    def json(self, *arguments, **options):
        return worked(self.run(*arguments, "--json", **options)).json()

    def _once(self, name, make):
        if name not in self._made:
            try:
                self._made[name] = make()
            except Skipped as reason:
                self._made[name] = reason
        if isinstance(self._made[name], Skipped):
            raise self._made[name]
        return self._made[name]

    def start(self, script, arguments=(), **options):
        """A workload that lives until the tests end."""
        workload = Workload(options.pop("interpreter", self.interpreter), script, arguments,
                            truth=False, **options)
        workload.__enter__()
        self._open.append(workload)
        workload.settle()
        return workload

    @property
    def service(self):
        """A parked service with tasks of every shape and a basic orphan of each kind."""
        return self._once("service", lambda: self.start("service.py", ["--tasks", "40"]))

    @property
    def hostile(self):
        return self._once("hostile", lambda: self.start("hostile.py", folder=PROGRAMS))

    @property
    def core(self):
        """A core of a service that is gone, written by the kernel where that can be had."""
        return self._once("core", self._make_core)

    def _make_core(self):
        service = self.start("service.py", ["--tasks", "40"])
        try:
            return service.abort()
        except Skipped:
            core = service.gcore()
            service.process.kill()
            service.process.wait()
            return core

    def run_as_nobody(self, *arguments):
        """As run(), by a user who has no rights here; needs root."""
        os.chmod(self.scratch, 0o755)
        # The checkout may lie where nobody may look.
        program = shutil.copy(self.tool.command[0], self.folder("public"))
        os.chmod(program, 0o755)
        command = [require_program("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups",
                   program]
        command, self.tool.command = self.tool.command, command
        try:
            return self.run(*arguments, cwd="/")
        finally:
            self.tool.command = command

    def file(self, name, data=b""):
        path = os.path.join(self.scratch, name)
        with open(path, "wb") as out:
            out.write(data)
        return path

    def folder(self, name):
        path = os.path.join(self.scratch, name)
        os.makedirs(path, exist_ok=True)
        return path

    def targets_run_free(self):
        """Why one of the live targets does not run as before, or None."""
        for workload in self._open:
            if workload.process.poll() is None:
                why = held_by_tracer(workload.pid)
                if why:
                    return "%s (pid %d): %s" % (workload.script, workload.pid, why)
        if self.service.process.poll() is not None:
            return "the service has ended"
        return None

    def close(self):
        for workload in self._open:
            workload.__exit__()
        shutil.rmtree(self.scratch, ignore_errors=True)


def require_program(name):
    path = shutil.which(name)
    if path is None:
        raise Skipped("%s is not installed" % name)
    return path


def sleeper():
    """A process that is no Python."""
    return subprocess.Popen([require_program("sleep"), "600"], stdin=subprocess.DEVNULL)


def end(process):
    process.kill()
    process.wait()
