"""Runs the tests that were declared (limits_suite.test), each on its interpreters."""
import argparse
import signal
import sys
import traceback

import limits_suite as suite
from harness import interpreters
from harness.tally import Tally
from harness.tool import DEFAULT, Tool
from harness.workload import held_by_tracer


def held(case):
    for workload in case.targets:
        if workload.process.poll() is None:
            why = held_by_tracer(workload.pid)
            if why:
                return "%s (pid %d): %s" % (workload.script, workload.pid, why)
    return None


def run_one(tally, tool, interpreter, function):
    name = "%s %s" % (interpreter.name, function.__name__.replace("_", " ").strip())
    case = suite.Case(tool, interpreter, lambda text: tally.note("note  %s: %s" % (name, text)))
    faults = []
    try:
        function(case)
        faults.append(held(case))
    except suite.Skipped as reason:
        tally.skip(name, str(reason))
        return
    except suite.Failed as why:
        faults.append(str(why))
    except Exception:
        # The last lines say which expectation on the program's output did not hold.
        faults.append("the test itself: "
                      + " | ".join(traceback.format_exc().strip().split("\n")[-3:]))
    finally:
        case.close()
    faults = [fault for fault in faults if fault]
    if faults:
        tally.fail(name, faults)
    else:
        tally.ok(name)


def words(text):
    return [part for part in text.split(",") if part]


def parse_args(description):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, help="the program to test")
    parser.add_argument("--python", type=words, metavar="NAME,...",
                        help="on these interpreters, and on no other")
    parser.add_argument("--require", type=words, default=[], metavar="NAME,...",
                        help="a missing one of these fails instead of being skipped")
    parser.add_argument("--interpreters", metavar="FILE")
    parser.add_argument("--only", type=words, metavar="WORD,...")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def chosen(args):
    """[(function, names of interpreters)]"""
    def where(on):
        if args.python is None:
            return on
        # The others are about builds like those that they name.
        return args.python if on is suite.EACH else [name for name in on if name in args.python]

    return [(function, where(on), since) for function, on, since in suite.TESTS
            if not args.only
            or any(word in function.__name__.replace("_", " ") for word in args.only)]


def main(description):
    args = parse_args(description)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tally = Tally(verbose=args.verbose)
    tool = Tool(args.tool, timeout=300)
    if not tool.exists():
        tally.fail("asyncinspect", "%s is not there: run make" % tool.command[0])
        return tally.finish()
    tests = chosen(args)
    wanted = sorted({name for _, on, _ in tests for name in on})
    usable, absent = interpreters.select(
        interpreters.discover(args.interpreters), wanted,
        [name for name in args.require if name in wanted])
    for name, reason, is_failure in absent:
        (tally.fail if is_failure else tally.skip)("interpreter " + name, reason)
    by_name = {interpreter.name: interpreter for interpreter in usable}
    try:
        for function, on, since in tests:
            for interpreter in (by_name[name] for name in on if name in by_name):
                if since is None or interpreter.version >= since:
                    run_one(tally, tool, interpreter, function)
    finally:
        tool.close()
    return tally.finish()
