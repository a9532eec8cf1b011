"""Run the program under test."""
import json
import os
import shlex
import subprocess
import tempfile

from harness.workload import TESTS

DEFAULT = os.path.join(os.path.dirname(TESTS), "asyncinspect")
# A sanitizer's complaint must not look like a refusal, which is exit status 1.
SANITIZERS = {"ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "exitcode=99:print_stacktrace=1"}


class Result:
    def __init__(self, command, status, out, err):
        self.command = command
        self.status = status        # as subprocess has it: -9 when killed by SIGKILL
        self.out = out              # bytes
        self.err = err              # bytes

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    @property
    def complaint(self):
        return self.err.decode("utf-8", "replace")

    def crashed(self):
        """What went wrong that no input may bring about, or None."""
        if self.status < 0:
            return "killed by signal %d" % -self.status
        for mark in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
            if mark in self.complaint:
                at = self.complaint.index(mark)
                return "sanitizer: " + self.complaint[at:at + 300]
        return None

    def json(self):
        return json.loads(self.out.decode("utf-8"))


class Tool:
    """The program, with a cache folder of its own that lives as long as this object."""

    def __init__(self, program=DEFAULT, timeout=120):
        self.command = shlex.split(program)
        if os.sep in self.command[0]:
            self.command[0] = os.path.abspath(self.command[0])
        self.timeout = timeout
        self._cache = tempfile.TemporaryDirectory(prefix="asyncinspect-cache-")

    def exists(self):
        return os.access(self.command[0], os.X_OK)

    def environment(self, extra=None):
        # Neutral: the caller's terminal, colours, cache and language are not part of a test.
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8",
               "HOME": self._cache.name, "XDG_CACHE_HOME": self._cache.name}
        if "LD_LIBRARY_PATH" in os.environ:
            env["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        env.update(SANITIZERS)
        env.update(extra or {})
        return env

    def cache_of(self, name):
        """Environment for a cache that no other name shares: layouts go by build-id, and a
        program that was stripped has the build-id of the one that was not."""
        folder = os.path.join(self._cache.name, name)
        os.makedirs(folder, exist_ok=True)
        return {"XDG_CACHE_HOME": folder}

    def popen(self, *arguments, env=None, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen(self.command + [str(a) for a in arguments],
                                env=self.environment(env), **options)

    def run(self, *arguments, env=None, **options):
        process = self.popen(*arguments, env=env, **options)
        try:
            out, err = process.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += b"\nstill running after %d s" % self.timeout
        return Result(process.args, process.returncode, out or b"", err or b"")

    def close(self):
        self._cache.cleanup()
