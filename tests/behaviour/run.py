#!/usr/bin/env python3
"""The behaviour tests: bad input, the command line, and harmlessness.

  run.py                        everything
  run.py --only sigkill,core    tests whose name contains one of the words

Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import argparse
import os
import signal
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import suite                                                # noqa: E402
import bad_input                                            # noqa: E402,F401
import command_line                                         # noqa: E402,F401
import harmless                                             # noqa: E402,F401
import large                                                # noqa: E402,F401
import little_memory                                        # noqa: E402,F401
from harness import interpreters                            # noqa: E402
from harness.tally import Tally                             # noqa: E402
from harness.tool import DEFAULT, Tool                      # noqa: E402

# One interpreter is enough here; the first of these that is usable.
PREFERRED = ("3.12", "3.13", "3.11", "debian-3.11", "debian-3.13")


def choose(args):
    known = interpreters.discover(args.interpreters)
    wanted = [args.python] if args.python else \
        list(PREFERRED) + [i.name for i in known if i.name not in PREFERRED]
    usable, _ = interpreters.select(known, wanted)
    return usable[0] if usable else None


def run_one(tally, context, function):
    name = function.__name__.replace("_", " ")
    fault = None
    try:
        function(context)
    except suite.Skipped as reason:
        tally.skip(name, str(reason))
        return
    except suite.Failed as why:
        fault = str(why)
    except Exception:
        # The last lines say which expectation on the program's output did not hold.
        fault = "the test itself: " + " | ".join(traceback.format_exc().strip().split("\n")[-3:])
    held = context.targets_run_free()
    if fault or held:
        tally.fail(name, [text for text in (fault, held) if text])
    else:
        tally.ok(name)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, help="the program to test")
    parser.add_argument("--python", metavar="NAME", help="inspect this interpreter")
    parser.add_argument("--interpreters", metavar="FILE")
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
    context = suite.Context(tool, interpreter)
    try:
        for function in suite.TESTS:
            name = function.__name__.replace("_", " ")
            if not args.only or any(word in name for word in args.only):
                run_one(tally, context, function)
    finally:
        context.close()
        tool.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
