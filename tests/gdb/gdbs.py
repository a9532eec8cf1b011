"""The GDBs that the tests drive: the system's, named "gdb", and those that fetch.sh has got."""
import os
import shutil
import subprocess

# What CI must have, the oldest first.
FETCHED = ("gdb-10", "gdb-13-minimal", "gdb-sid")


class Installed:
    def __init__(self, name, command, missing=None):
        self.name = name
        self.command = command      # a list
        self.missing = missing      # why it cannot be used; None: it can


def _folder():
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(
        os.environ.get("HOME", "/nonexistent"), ".cache")
    roots = os.environ.get("ASYNCINSPECT_ROOTS") or os.path.join(caches, "asyncinspect-tests")
    return os.path.join(roots, "gdb")


def _fetched(name):
    start = os.path.join(_folder(), name, "start")
    return start if os.access(start, os.X_OK) else None


def discover():
    found = [Installed("gdb", [shutil.which("gdb")]) if shutil.which("gdb") else
             Installed("gdb", [], "gdb is not installed")]
    for name in FETCHED:
        start = _fetched(name)
        found.append(Installed(name, [start]) if start else
                     Installed(name, [], "tests/gdb/fetch.sh has not been run"))
    return found


def gdbserver():
    """The command of a gdbserver, or None."""
    return shutil.which("gdbserver") or _fetched("gdbserver")


def version(installed):
    return subprocess.check_output(installed.command + ["--version"], stdin=subprocess.DEVNULL,
                                   universal_newlines=True).split("\n")[0]
