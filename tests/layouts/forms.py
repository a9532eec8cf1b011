"""Forms in which a distribution ships debug information: each must give the layout that the plain one gives."""
import glob
import os
import shutil
import subprocess

from harness.interpreters import build_id
from harness.workload import Broken, Workload

DEBUG = "/usr/lib/debug"


def _path(folder, identifier):
    return os.path.join(folder, ".build-id", identifier[:2], identifier[2:] + ".debug")


def _unpacked(source, to):
    os.makedirs(os.path.dirname(to), exist_ok=True)
    subprocess.check_call(["objcopy", "--decompress-debug-sections", source, to])


def compressed(way, source, identifier, folder):
    to = _path(folder, identifier)
    os.makedirs(os.path.dirname(to), exist_ok=True)
    subprocess.check_call(["objcopy", "--decompress-debug-sections", source, to + ".plain"])
    subprocess.check_call(["objcopy", "--compress-debug-sections=" + way, to + ".plain", to])
    os.unlink(to + ".plain")


def shared(source, identifier, folder):
    """What the file has in common with another one is moved to a third, which both refer to."""
    _unpacked(source, _path(folder, identifier))
    os.makedirs(os.path.join(folder, ".dwz"))
    second = os.path.join(folder, "second.debug")
    shutil.copy(_path(folder, identifier), second)
    subprocess.check_call(["dwz", "-m", os.path.join(folder, ".dwz", "common.debug"),
                           "-M", "../../.dwz/common.debug", _path(folder, identifier), second])
    os.unlink(second)


FORMS = {"zlib": lambda *where: compressed("zlib", *where),
         "zstd": lambda *where: compressed("zstd", *where),
         "dwz -m": shared}


def check(tally, tool, interpreter, folder):
    """For an interpreter whose debug information is in a file of its own."""
    identifier = build_id(interpreter.outside(interpreter.python))
    source = _path(interpreter.outside(DEBUG), identifier) if identifier else None
    if not source or not os.path.exists(source):
        return
    for program in ("objcopy", "dwz"):
        if not shutil.which(program):
            tally.skip("%s forms of debug files" % interpreter.name, "%s is not installed" % program)
            return
    with Workload(interpreter, "service.py", ["--tasks", "3"], truth=False) as workload:
        def export(where):
            result = tool.run("layout", "--export", "--no-cache", "--layout", "dwarf",
                              "--debug-dir", where, "--pid", workload.pid)
            if result.status != 0:
                raise Broken(result.complaint.strip())
            return result.text

        plain = export(interpreter.outside(DEBUG))
        for form, make in FORMS.items():
            name = "%s debug file by %s" % (interpreter.name, form)
            where = os.path.join(folder, form.replace(" ", ""))
            make(source, identifier, where)
            same = export(where) == plain
            tally.ok(name) if same else tally.fail(name, ["another layout than of the plain file"])
        for common in glob.glob(os.path.join(where, ".dwz", "*")):
            os.unlink(common)
        name = "%s debug file without what it shares" % interpreter.name
        result = tool.run("layout", "--no-cache", "--layout", "dwarf", "--debug-dir", where,
                          "--pid", workload.pid)
        told = result.status == 1 and "common.debug" in result.complaint and "hint:" in result.complaint
        tally.ok(name) if told else tally.fail(name, ["status %d: %s" % (
            result.status, result.complaint.strip())])
