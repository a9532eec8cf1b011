#!/usr/bin/env python3
"""Write the built-in tables of layouts anew: inspector/python/layouts/*.layout.

  export.py                          from every interpreter that is found, see harness/interpreters.py
  export.py --python 3.12,debian-3.13

Each table is what `asyncinspect layout --export` says of a process of that
interpreter, by its debug information.  A table whose interpreter is not here stays
as it is: when fields were renamed it must go, or the unit tests fail.
"""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from harness import interpreters                            # noqa: E402
from harness.tool import DEFAULT, Tool                      # noqa: E402
from harness.workload import Broken, Workload               # noqa: E402

TABLES = os.path.join(os.path.dirname(os.path.dirname(HERE)), "inspector", "python", "layouts")


def names(text):
    return [part for part in text.split(",") if part]


def file_name(interpreter, text):
    """3.12.1.layout, 3.13.5-debian-debug.layout, 3.14.10-free-threaded.layout"""
    lines = text.splitlines()
    name = lines[1].split()[1]
    if interpreter.name.startswith("debian"):
        name += "-debian"
    if "sizeof object 32" in lines:
        name += "-free-threaded"
    if lines[2].endswith("debug"):
        name += "-debug"
    return name + ".layout"


def export(tool, interpreter):
    with Workload(interpreter, "service.py", ["--tasks", "3"], truth=False) as workload:
        # Its own folder for debug files: that of the root it runs in.
        result = tool.run("layout", "--export", "--layout", "dwarf", "--pid", workload.pid,
                          "--debug-dir", interpreter.outside("/usr/lib/debug"))
    if result.status != 0:
        raise Broken(result.complaint.strip())
    return result.text


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, help="the program that exports")
    parser.add_argument("--python", type=names, metavar="NAME,...", help="these only")
    parser.add_argument("--interpreters", metavar="FILE")
    parser.add_argument("--to", default=TABLES, metavar="FOLDER", help="where the tables go")
    args = parser.parse_args()
    known = interpreters.discover(args.interpreters)
    wanted = args.python or [i.name for i in known if not i.name.endswith("-stripped")]
    usable, absent = interpreters.select(known, wanted)
    for name, reason, _ in absent:
        print("no %s: %s" % (name, reason))
    tool = Tool(args.tool)
    failed = 0
    try:
        for interpreter in usable:
            try:
                text = export(tool, interpreter)
            except (Broken, OSError) as trouble:
                print("no table of %s: %s" % (interpreter.name, trouble))
                failed += 1
                continue
            name = file_name(interpreter, text)
            with open(os.path.join(args.to, name), "w") as out:
                out.write(text)
            print("%s from %s" % (name, interpreter.name))
    finally:
        tool.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
