#!/usr/bin/env python3
"""The shape of the source tree: includes point down, versions stay in one place.

Reads the #include lines of corefiles/ and inspector/.  A layer may include itself
and the layers before it; a report is made from a model and never from a target.
"""
import glob
import os
import re
import sys

TESTS = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(TESTS)
sys.path.insert(0, TESTS)

from harness.tally import Tally                             # noqa: E402

LAYERS = ("inspector/base", "corefiles", "inspector/target", "inspector/symbols",
          "inspector/python", "inspector/asyncio", "inspector/graph", "inspector/findings",
          "inspector/report", "inspector/commands")
# Beyond the order: a report never sees what a target is made of.
FORBIDDEN = {"inspector/report": ("corefiles", "inspector/target", "inspector/symbols")}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
VERSION = re.compile(r"\bminor *(>=|<=|<|>|==|!=)|version *(>=|<=|<|>|==|!=) *(0x03|3[0-9][0-9]|PY)")
VERSION_HOME = re.compile(r"^inspector/python/(layout|era|version)")


def layer_of(path):
    folder = os.path.dirname(path)
    return folder if folder in LAYERS else None


def sources():
    for pattern in ("corefiles/*", "inspector/*/*", "inspector/*"):
        for path in sorted(glob.glob(os.path.join(TOP, pattern))):
            if path.endswith((".c", ".h", ".def", ".inc")):
                yield os.path.relpath(path, TOP)


def include_fault(path, included):
    """Why this file must not include that one, or None."""
    own = layer_of(path)
    if "/" not in included:
        included = os.path.join(os.path.dirname(path), included)
    target = layer_of(included)
    if own is None:
        return "is in no layer"
    if target is None:
        return "includes %s, which is in no layer" % included
    if LAYERS.index(target) > LAYERS.index(own):
        return "includes %s: up, from %s to %s" % (included, own, target)
    if target in FORBIDDEN.get(own, ()):
        return "includes %s: %s must not know %s" % (included, own, target)
    return None


def check_rules(tally):
    """The rules themselves, on lines that must and must not pass."""
    samples = (("inspector/target/a.c", "inspector/base/b.h", True),
               ("inspector/target/a.c", "own.h", True),
               ("corefiles/a.c", "inspector/target/b.h", False),
               ("inspector/base/a.c", "corefiles/b.h", False),
               ("inspector/report/a.c", "inspector/graph/b.h", True),
               ("inspector/report/a.c", "inspector/target/b.h", False),
               ("inspector/python/a.c", "inspector/asyncio/b.h", False),
               ("inspector/odd/a.c", "inspector/base/b.h", False))
    wrong = [sample for sample in samples if (include_fault(*sample[:2]) is None) != sample[2]]
    if wrong:
        tally.fail("the rules", ["%s" % (sample,) for sample in wrong])
    else:
        tally.ok("the rules")


def main():
    tally = Tally(verbose="--verbose" in sys.argv)
    check_rules(tally)
    upward, versions, seen = [], [], 0
    for path in sources():
        with open(os.path.join(TOP, path)) as source:
            for number, line in enumerate(source, 1):
                include = INCLUDE.match(line)
                if include:
                    seen += 1
                    fault = include_fault(path, include.group(1))
                    if fault:
                        upward.append("%s:%d %s" % (path, number, fault))
                if VERSION.search(line) and not VERSION_HOME.match(path):
                    versions.append("%s:%d compares versions: %s" % (path, number, line.strip()))
    if not seen:
        upward.append("no #include line was found at all")
    for name, faults in (("includes point down", upward),
                         ("versions are compared in one place", versions)):
        if faults:
            tally.fail(name, faults)
        else:
            tally.ok(name)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
