#!/usr/bin/env python3
"""The commands for GDB, in real GDBs.

  run.py                        everything
  run.py --gdb gdb,gdb-sid      with these GDBs
  run.py --only remote,pager    tests whose name contains one of the words

fetch.sh beside it gets more GDBs. Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import argparse
import os
import signal
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "behaviour"))

import suite                                                # noqa: E402
import gdbs                                                 # noqa: E402
from context import GdbContext                              # noqa: E402
import installing                                           # noqa: E402,F401
import printing                                             # noqa: E402,F401
import targets                                              # noqa: E402,F401
import words                                                # noqa: E402,F401
from harness import interpreters                            # noqa: E402
from harness.tally import Tally                             # noqa: E402
from harness.tool import DEFAULT, Tool                      # noqa: E402

PREFERRED = ("3.12", "debian-3.11", "3.13", "3.11", "debian-3.13")


def choose(args):
    known = interpreters.discover(args.interpreters)
    wanted = [args.python] if args.python else \
        list(PREFERRED) + [i.name for i in known if i.name not in PREFERRED]
    usable, _ = interpreters.select(known, wanted)
    return usable[0] if usable else None


def run_one(tally, context, function, where):
    name = function.__name__.replace("_", " ") + where
    fault, start = None, time.monotonic()
    try:
        function(context)
    except suite.Skipped as reason:
        tally.skip(name, str(reason))
        return
    except suite.Failed as why:
        fault = str(why)
    except Exception:
        fault = "the test itself: " + " | ".join(traceback.format_exc().strip().split("\n")[-3:])
    held = context.targets_run_free() or context.files_left()
    if fault or held:
        tally.fail(name, [text for text in (fault, held) if text])
    else:
        tally.ok(name)
        if tally.verbose:
            tally.note("      %.1f s" % (time.monotonic() - start))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, help="the program to test")
    parser.add_argument("--python", metavar="NAME", help="inspect this interpreter")
    parser.add_argument("--interpreters", metavar="FILE")
    parser.add_argument("--gdb", type=lambda text: text.split(","), metavar="NAME,...")
    parser.add_argument("--require", type=lambda text: text.split(","), metavar="NAME,...", default=[],
                        help="GDBs of which none may be missing")
    parser.add_argument("--only", type=lambda text: text.split(","), metavar="WORD,...")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tally = Tally(verbose=args.verbose)
    interpreter = choose(args)
    tool = Tool(args.tool)
    if interpreter is None:
        tally.fail("interpreter", "no usable CPython was found")
        return tally.finish()
    if not tool.exists():
        tally.fail("asyncinspect", "%s is not there: run make" % tool.command[0])
        return tally.finish()
    first = True
    context = GdbContext(tool, interpreter)
    try:
        for installed in gdbs.discover():
            if args.gdb and installed.name not in args.gdb:
                continue
            if installed.missing:
                tell = tally.fail if installed.name in args.require else tally.skip
                tell("everything in %s" % installed.name, installed.missing)
                continue
            context.gdb = installed
            for function in suite.TESTS:
                name = function.__name__.replace("_", " ")
                if args.only and not any(word in name for word in args.only):
                    continue
                if first or not getattr(function, "once", False):
                    run_one(tally, context, function, " (%s)" % installed.name)
            first = False
    finally:
        context.close()
        tool.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
