#!/usr/bin/env python3
"""Layouts: every source says the same, and a table of another build is never believed wrongly.

  run.py                             on every interpreter that is found, see harness/interpreters.py
  run.py --python 3.12,debian-3.13
  run.py --try-table build/release/tests/layouts/try_table

For each interpreter with debug information:
  - what the target's own tables and the built-in ones say is what DWARF says;
  - each built-in table of its minor version, on its own and after the target's own
    tables, gives nothing that DWARF contradicts: the same, or a refusal;
  - of its own table each field is moved on its own: it is noticed, but for the fields
    named here, which nothing in a process tells from their neighbours.
For Debian's 3.11: its debug file compressed, and split by dwz, says the same.
For each interpreter with a libpython of its own, stripped of everything: the truth.

Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import argparse
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "truth"))

import compare                                              # noqa: E402
import forms                                                # noqa: E402
from harness import interpreters                            # noqa: E402
from harness.tally import Tally                             # noqa: E402
from harness.tool import DEFAULT, Tool                      # noqa: E402
from harness.workload import Broken, Workload               # noqa: E402

TABLES = os.path.join(TOP, "inspector", "python", "layouts")
FORCED = ("built-in", "target,built-in")
PROGRAMS = os.path.join(HERE, "programs")
# Fields that may pass for a neighbour of theirs when they are moved on their own: in this program (and in most)
# there is nothing at either place, or nothing reads them.
UNNOTICED = {
    "member interp_dict": "NULL, as the place next to it, until an extension asks for it",
    "member interp_atexit_callbacks": "NULL at either place: an empty list of 3.14 is made when it is needed",
    "member moduledef_size": "3.15 has the size in the module; this is not read",
    "constant owned_by_cstack": "no frame of that kind is there while the program waits",
}
# Of fields that were added since, which nobody has looked at yet.
UNNOTICED_MOST = 0.01
# The objects of a free-threaded build are met in another order, and not all of them.
UNNOTICED_OF_HEAPS = 0.05


def names(text):
    return [part for part in text.split(",") if part]


def fields_of(tool, sources, target):
    result = tool.run("layout", "--json", "--layout", sources, *target)
    if result.status != 0:
        raise Broken("--layout %s: %s" % (sources, result.complaint.strip()))
    return {(row["kind"], row["id"]): row for row in result.json()["layout"]}, result.complaint


def place(row):
    """What a source says of a field; None: nothing.  Of more than a word only the start counts."""
    if row["source"] == "none":
        return None
    said = {key: row[key] for key in ("offset", "size", "bit", "bits", "value") if key in row}
    if row["kind"] == "member" and said["size"] > 8:
        said["size"] = "large"
    return said


def sources_agree(tool, target):
    faults = []
    dwarf, complaint = fields_of(tool, "dwarf,target", target)
    if complaint:
        faults.append("dwarf,target: %s" % complaint.strip())
    for sources in FORCED:
        other, complaint = fields_of(tool, sources, target)
        if complaint:
            faults.append("%s: %s" % (sources, complaint.strip()))
        for key, row in sorted(dwarf.items()):
            if place(row) != place(other[key]):
                faults.append("%s %s: dwarf %s, %s %s" % (
                    key + (place(row), other[key]["source"], place(other[key]))))
    return faults


def tables_of(version):
    return sorted(glob.glob(os.path.join(TABLES, "%d.%d.*.layout" % version[:2])))


def try_table(program, arguments, table, tool):
    with open(table, "rb") as source:
        run = subprocess.run([program] + [str(word) for word in arguments], stdin=source,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                             env=tool.environment())
    text = run.stdout.decode(errors="replace")
    if run.returncode != 0:
        raise Broken("try_table: status %d: %s" % (run.returncode,
                                                   run.stderr.decode(errors="replace")[-300:]))
    return text


def other_tables(program, tool, interpreter, arguments):
    """[(table's name, faults, last line)]"""
    for table in tables_of(interpreter.version):
        for extra in ([], ["--target"]):
            text = try_table(program, extra + arguments, table, tool)
            faults = re.findall(r"^wrong .*", text, re.M)
            yield " ".join([os.path.basename(table)] + extra), faults, text.splitlines()[-1]


def own_table(interpreter):
    """The table that was made of this very build, or None."""
    version = "%d.%d.%d" % interpreter.version
    version += "-debian" if interpreter.name.startswith("debian") else ""
    version += "-free-threaded" if interpreter.name.startswith("free-threaded") else ""
    version += "-debug" if re.search(r"\dd(-|$)", interpreter.name) else ""
    path = os.path.join(TABLES, version + ".layout")
    return path if os.path.exists(path) else None


def moved_fields(program, tool, interpreter, arguments, table):
    """(what to say, faults)"""
    text = try_table(program, ["--alter"] + arguments, table, tool)
    over, count, bad = re.search(r"^(not enough: )?altered (\d+), unnoticed (\d+)$", text, re.M).groups()
    passed = re.findall(r"^unnoticed (.*)$", text, re.M)
    faults = ["%s was not noticed" % field for field in passed if field not in UNNOTICED]
    is_free_threaded = interpreter.name.startswith("free-threaded")
    if len(faults) <= int(count) * (UNNOTICED_OF_HEAPS if is_free_threaded else UNNOTICED_MOST):
        faults = []
    if over:
        faults.append("the table as it is was refused: %s" % ", ".join(
            re.findall(r"^lost (.*)$", text, re.M)))
    return "%s of %s: %s" % (bad, count, ", ".join(passed)), faults


def check_known(tally, args, tool, interpreter):
    with Workload(interpreter, "service.py", ["--tasks", "30"], truth=False) as workload:
        workload.settle()
        folder = interpreter.outside("/usr/lib/debug")
        target = ["--debug-dir", folder, "--pid", workload.pid]
        faults = sources_agree(tool, target)
        name = "%s sources agree" % interpreter.name
        tally.fail(name, faults) if faults else tally.ok(name)
        if not os.access(args.try_table, os.X_OK):
            tally.skip("%s tables of others" % interpreter.name, "no try_table: make try-table")
            return
        trial = ["--debug-dir=" + folder, workload.pid]
        for table, faults, last in other_tables(args.try_table, tool, interpreter, trial):
            name = "%s by %s: %s" % (interpreter.name, table, last)
            tally.fail(name, faults) if faults else tally.ok(name)


def check_moved(tally, args, tool, interpreter):
    """On a program that has one object of each kind: what it lacks nothing can be told of."""
    name = "%s moved fields" % interpreter.name
    table = own_table(interpreter)
    if not table:
        tally.skip(name, "there is no table of this very build")
        return
    if not os.access(args.try_table, os.X_OK):
        tally.skip(name, "no try_table: make try-table")
        return
    with Workload(interpreter, "one_of_each.py", truth=False, folder=PROGRAMS) as workload:
        arguments = ["--debug-dir=" + interpreter.outside("/usr/lib/debug"), workload.pid]
        text = try_table(args.try_table, arguments, table, tool)
        faults = re.findall(r"^wrong .*|built-in: not used .*", text, re.M)
        said, unnoticed = moved_fields(args.try_table, tool, interpreter, arguments, table)
        faults += unnoticed
        tally.fail(name, faults) if faults else tally.ok("%s: unnoticed %s" % (name, said))


def strip(source, folder):
    copy = os.path.join(folder, os.path.basename(source))
    subprocess.check_call(["objcopy", "--strip-all", source, copy])
    return copy


def strip_python(interpreter, folder):
    """(libpython, _asyncio) without any symbol or debug information, or None when it has no libpython."""
    home = os.path.dirname(os.path.dirname(interpreter.python))
    library = glob.glob(os.path.join(home, "lib", "libpython%d.%d.so.1.0" % interpreter.version[:2]))
    module = glob.glob(os.path.join(home, "lib", "python*", "lib-dynload", "_asyncio.*.so"))
    if not library or not module:
        return None
    return strip(library[0], folder), strip(module[0], folder)


def check_stripped(tally, tool, interpreter, folder):
    name = "%s stripped" % interpreter.name
    os.makedirs(folder)
    files = strip_python(interpreter, folder) if interpreter.root == "/" else None
    if not files:
        tally.skip(name, "it has no libpython of its own")
        return
    env = {"LD_LIBRARY_PATH": folder, "PYTHONPATH": folder}
    with Workload(interpreter, "service.py", ["--tasks", "30", "--orphan-kinds", "all"],
                  env=env) as workload:
        workload.settle()
        with open("/proc/%d/maps" % workload.pid) as maps:
            mapped = maps.read()
        if not all(path in mapped for path in files):
            tally.fail(name, "the test itself: the stripped files are not what runs")
            return
        with open(workload.truth_path) as source:
            truth = json.load(source)
        for arguments in ([], ["--layout", "built-in"]):
            # The cache knows this build-id from before.
            result = tool.run("report", "--json", "--no-cache", *arguments, "--pid", workload.pid)
            label = " ".join([name] + arguments)
            faults = []
            if result.status != 0 or result.err:
                faults = ["status %d: %s" % (result.status, result.complaint.strip())]
            else:
                report = result.json()
                faults = compare.compare(truth, report).faults
                if report["target"]["layouts"]["dwarf"]:
                    faults.append("DWARF was found somewhere: %s" % report["target"]["layouts"])
            tally.fail(label, faults) if faults else tally.ok(label)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, help="the program to test")
    parser.add_argument("--try-table", metavar="PROGRAM",
                        default=os.path.join(TOP, "build/release/tests/layouts/try_table"))
    parser.add_argument("--python", type=names, metavar="NAME,...", help="these only")
    parser.add_argument("--interpreters", metavar="FILE")
    parser.add_argument("--verbose", action="store_true", help="a line for what passed as well")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tally = Tally(verbose=args.verbose)
    known = interpreters.discover(args.interpreters)
    # There is no table of a free-threaded pydebug build.
    wanted = args.python or [
        i.name for i in known if not i.name.endswith("-stripped")
        and not (i.name.startswith("free-threaded") and i.name.endswith("d"))]
    usable, absent = interpreters.select(known, wanted)
    for name, reason, _ in absent:
        tally.skip("interpreter " + name, reason)
    tool = Tool(args.tool)
    try:
        for interpreter in usable:
            folder = os.path.join(tool.environment()["HOME"], "stripped-" + interpreter.name)
            try:
                check_known(tally, args, tool, interpreter)
                check_moved(tally, args, tool, interpreter)
                check_stripped(tally, tool, interpreter, folder)
                if interpreter.name == "debian-3.11":       # dwz takes its time
                    os.makedirs(folder, exist_ok=True)
                    forms.check(tally, tool, interpreter, folder)
            except (Broken, OSError, subprocess.SubprocessError) as trouble:
                tally.fail(interpreter.name, "the test itself: %s" % trouble)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        tool.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
