"""What the tests of the commands for GDB share, on top of what the behaviour tests have."""
import glob
import os
import re
import shlex

import session
from suite import Context, Failed, Skipped, need                # noqa: F401

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "programs")
TOP = os.path.dirname(os.path.dirname(HERE))


def once(function):
    """Does not depend on the version of GDB: done with the first one only."""
    function.once = True
    return function


class GdbContext(Context):
    def __init__(self, tool, interpreter):
        super().__init__(tool, interpreter)
        self.gdb = None                 # the one under test
        self.gdb_pids = set()

    def environment(self, **extra):
        """asyncinspect is found as by a user: in PATH."""
        folder = self.folder("bin")
        program = os.path.join(folder, "asyncinspect")
        if not os.path.exists(program):
            with open(program, "w") as out:
                out.write('#!/bin/sh\nexec %s "$@"\n' % " ".join(map(shlex.quote, self.tool.command)))
            os.chmod(program, 0o755)
        env = self.tool.environment(extra)
        env["PATH"] = folder + os.pathsep + env["PATH"]
        env["TERM"] = env.get("TERM", "dumb")
        return env

    def start_gdb(self, *arguments, installed=None, **options):
        gdb = session.Gdb(installed or self.gdb, self.environment(), arguments, cwd=self.here,
                          **options)
        self.gdb_pids.add(gdb.process.pid)
        return gdb

    @property
    def odd(self):
        return self._once("odd", lambda: self.start("odd_names.py", folder=PROGRAMS))

    def executable(self):
        """The file that the interpreter runs, as GDB has to be given it."""
        return os.path.realpath("/proc/%d/exe" % self.service.pid)

    def files_left(self):
        found = [path for path in glob.glob("/tmp/asyncinspect-gdb.*")
                 if int(path.split(".")[1]) in self.gdb_pids]
        return "left behind: %s" % ", ".join(found) if found else None

    def commands(self):
        """The tool's commands, by its --help."""
        text = self.run("--help").text
        part = text[text.index("Commands:"):]
        return re.findall(r"(?m)^  ([a-z][a-z-]*)(?: [A-Z]+)?  ", part)
