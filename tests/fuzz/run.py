#!/usr/bin/env python3
"""The fuzz test: words of a core change under the objects that the program reads.

A service is dumped.  The core as it is tells where its tasks, coroutines, loops and
frames lie; each round then overwrites a few words in and around these, with pointers
to other objects, nearly pointers, huge numbers and rubbish, runs one command on the
core and puts the words back.  A round passes when the program ends in time by itself,
with an exit status of its own, no complaint of a sanitizer, JSON that is JSON and text
without control characters.  What it says of such a core is not looked at.

One round in four is with --low-memory, which drops what it has looked at and reads
objects a second time; with --low-memory here all are.

Then the same with the library that the core belongs to: bytes of its tables, symbols
and debug information change in a copy, which --sysroot names.

  run.py                               each interpreter of the default set
  run.py --tool build/asan/asyncinspect --rounds 500 --seed 7
  run.py --python 3.12 --seed 7 --round 41          one round again; prints what it changed

Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import argparse
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from harness import interpreters                            # noqa: E402
from harness.tally import Tally                             # noqa: E402
from harness.tool import DEFAULT, Tool                      # noqa: E402
from harness.workload import Broken, Skipped, Workload      # noqa: E402

# One of each form of object that was ever changed: a version of each kind is enough here.
PREFERRED = "3.8,3.10,3.11,3.12,3.13,debian-3.14"
SERVICE = ["--tasks", "12", "--orphans", "14", "--orphan-kinds", "all", "--loops", "2"]
SECONDS = 60
ADDRESS = re.compile(r"0x[0-9a-f]{6,16}")
PT_LOAD, PF_W = 1, 2
# Commands, and how often each; those with ADDRESS get one of the objects.
COMMANDS = (["report", "--json"], ["report"], ["report", "--json", "--locals"], ["tasks"],
            ["orphans", "--json"], ["orphans"], ["threads", "--json"], ["where", "ADDRESS"],
            ["refs", "ADDRESS"], ["path", "ADDRESS", "--json"])
# Those that a build of the program may not have yet are asked for by --help.
NEWER = (["tree"], ["stacks"], ["loops", "--json"], ["loops", "--all"], ["check"], ["heap", "--json"])


class Core:
    """A core file whose memory can be changed, and put back."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "r+b")
        self.segments = list(self._segments())
        self.undo = []

    def _segments(self):
        """(first address, bytes, offset) of what is in the file and was writable."""
        head = self.file.read(64)
        phoff, = struct.unpack_from("<Q", head, 32)
        phentsize, phnum = struct.unpack_from("<HH", head, 54)
        for i in range(phnum):
            self.file.seek(phoff + i * phentsize)
            kind, flags, offset, vaddr, _, filesz, _, _ = struct.unpack("<IIQQQQQQ",
                                                                        self.file.read(56))
            if kind == PT_LOAD and flags & PF_W and filesz:
                yield vaddr, filesz, offset

    def _offset(self, address):
        for first, size, offset in self.segments:
            if first <= address <= first + size - 8:
                return offset + address - first
        return None

    def read(self, address):
        offset = self._offset(address)
        if offset is None:
            return None
        self.file.seek(offset)
        return struct.unpack("<Q", self.file.read(8))[0]

    def write(self, address, value):
        before = self.read(address)
        if before is None:
            return False
        self.undo.append((address, before))
        self._put(address, value)
        return True

    def _put(self, address, value):
        self.file.seek(self._offset(address))
        self.file.write(struct.pack("<Q", value & (1 << 64) - 1))
        self.file.flush()

    def restore(self):
        for address, value in reversed(self.undo):
            self._put(address, value)
        self.undo = []


def neighbourhood(core, addresses):
    """The objects, and what their first words point to, two steps far."""
    known = dict.fromkeys(addresses)
    level = list(known)
    for _ in range(2):
        following = []
        for address in level:
            for offset in range(-16, 160, 8):
                value = core.read(address + offset)
                if value and value % 8 == 0 and value not in known and \
                        core.read(value) is not None:
                    known[value] = None
                    following.append(value)
        level = following[:4000]
    return list(known)


def spoil(core, dice, objects, likely):
    """Changes a few words; returns what was done, for the message."""
    done = []
    for _ in range(dice.choice((1, 1, 2, 4, 8, 32))):
        base = dice.choice(likely if dice.random() < 0.6 else objects)
        at = base + 8 * dice.randrange(-2, 24)
        before = core.read(at)
        if before is None:
            continue
        value = dice.choice((
            0, 1, base, at, dice.choice(objects), dice.choice(objects) + 8,
            dice.choice(likely), before ^ (1 << dice.randrange(64)), before + 8, before | 1,
            before | 3, (1 << 63) - 1, (1 << 64) - 1, 1 << 40, dice.getrandbits(16),
            dice.getrandbits(32), dice.getrandbits(64), 0x7fff00000000, 0x4141414141414141))
        if core.write(at, value):
            done.append("%#x=%#x" % (at, value))
    return done


def faults_of(result, as_json):
    if result.crashed():
        return [result.crashed()]
    if result.status not in (0, 1, 3):
        return ["exit status %d: %s" % (result.status, result.complaint[-300:])]
    faults = []
    if result.status == 1 and not result.err:
        faults.append("refused without a word")
    if as_json and result.status != 1:
        try:
            result.json()
        except ValueError as error:
            faults.append("standard output is not JSON: %s" % error)
    for name, data in (("output", result.text), ("error", result.complaint)):
        odd = re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", data)
        if odd:
            faults.append("a control character %r on standard %s" % (odd.group(), name))
    return faults


def commands_of(tool):
    text = tool.run("--help").text
    return list(COMMANDS) + [c for c in NEWER if re.search(r"^ +%s\b" % c[0], text, re.M)]


def one_round(tool, core, target, cache, dice, objects, likely, commands, low_memory):
    done = spoil(core, dice, objects, likely)
    command = [hex(dice.choice(likely)) if word == "ADDRESS" else word
               for word in dice.choice(commands)]
    if dice.randrange(4) == 0 or low_memory:
        command.append("--low-memory")
    try:
        result = tool.run(*command, *target, env=cache)
    except subprocess.TimeoutExpired:
        return command, done, ["it does not end within %d s" % SECONDS]
    finally:
        core.restore()
    return command, done, faults_of(result, "--json" in command)


def sections_of(path):
    """(name, offset, size) of what the program reads of an ELF file."""
    listing = subprocess.run(["readelf", "-SW", path], stdout=subprocess.PIPE, check=True,
                             universal_newlines=True, env={"LC_ALL": "C"}).stdout
    found = [("header", 0, 64), ("section headers", os.path.getsize(path) - 2048, 2048)]
    for line in listing.splitlines():
        words = re.sub(r"^ *\[ *\d+\] *", "", line).split()
        if len(words) > 5 and re.match(r"\.(debug_(info|abbrev|str|line_str)|symtab|strtab|shstrtab"
                                       r"|dynsym|dynstr|gnu\.hash|note\.gnu\.build-id)$", words[0]):
            found.append((words[0], int(words[3], 16), int(words[4], 16)))
    return found


def copy_of_files(workload):
    """A folder with the files that the process maps, and the one that holds CPython."""
    root = os.path.join(workload.folder, "sysroot")
    library = None
    with open("/proc/%d/maps" % workload.pid) as maps:
        paths = {line.split(None, 5)[5].strip() for line in maps if "/" in line}
    for path in sorted(paths):
        source = workload.interpreter.outside(path)
        if not os.path.isfile(source):
            continue
        target = root + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)
        if "libpython" in path or library is None and "/bin/python" in path:
            library = target
    if library is None:
        raise Broken("no file of CPython is mapped")
    return root, library


def fuzz_files(tally, tool, interpreter, args):
    with Workload(interpreter, "service.py", SERVICE, truth=False) as workload:
        workload.settle()
        root, library = copy_of_files(workload)
        core = workload.abort()
        sections = sections_of(library)
        rounds = [args.round] if args.round is not None else range(args.file_rounds)
        with open(library, "r+b") as elf:
            for number in rounds:
                dice = random.Random("file %d %d" % (args.seed, number))
                name, offset, size = dice.choice(sections)
                undo = []
                for _ in range(dice.choice((1, 4, 64, 1000))):
                    at = offset + dice.randrange(min(size, dice.choice((4000, 300000, size))))
                    elf.seek(at)
                    undo.append((at, elf.read(1)))
                    elf.seek(at)
                    elf.write(bytes([dice.choice((0, 1, 127, 128, 255, dice.randrange(256)))]))
                elf.flush()
                label = "%s seed %d round %d, %s of its file" % (interpreter.name, args.seed, number,
                                                                 name)
                try:
                    result = tool.run("report", "--json", "--no-cache", "--sysroot", root, core)
                    faults = faults_of(result, True)
                except subprocess.TimeoutExpired:
                    faults = ["it does not end within %d s" % SECONDS]
                for at, byte in reversed(undo):
                    elf.seek(at)
                    elf.write(byte)
                if faults:
                    tally.fail(label, faults)
                else:
                    tally.ok(label)


def fuzz(tally, tool, interpreter, args, commands):
    with Workload(interpreter, "service.py", SERVICE, truth=False) as workload:
        workload.settle()
        core = Core(workload.abort())
        cache = tool.cache_of(interpreter.name)
        target = [core.path] if interpreter.root == "/" else \
            ["--sysroot", interpreter.root, core.path]
        result = tool.run("report", "--json", "--locals", *target, env=cache)
        if result.status != 0:
            raise Broken("the core as it is: %s" % result.complaint.strip()[-300:])
        json.loads(result.text)
        likely = sorted({int(word, 16) for word in ADDRESS.findall(result.text)})
        objects = neighbourhood(core, likely)
        rounds = [args.round] if args.round is not None else range(args.rounds)
        for number in rounds:
            dice = random.Random("%d %d" % (args.seed, number))
            command, done, faults = one_round(tool, core, target, cache, dice, objects,
                                              likely, commands, args.low_memory)
            name = "%s seed %d round %d, %s" % (interpreter.name, args.seed, number,
                                                " ".join(command))
            if args.round is not None:
                tally.note("%s with %s" % (name, " ".join(done)))
            if faults:
                tally.fail(name, faults)
            else:
                tally.ok(name)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=DEFAULT, help="the program to test")
    parser.add_argument("--python", metavar="NAME,...", default=PREFERRED)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40, help="for each interpreter")
    parser.add_argument("--file-rounds", type=int, default=0,
                        help="changed files, for the first interpreter")
    parser.add_argument("--round", type=int, help="this one alone")
    parser.add_argument("--low-memory", action="store_true", help="in each round")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()

    tool = Tool(args.tool, timeout=SECONDS)
    tally = Tally(args.verbose)
    usable, absent = interpreters.select(interpreters.discover(), args.python.split(","))
    for name, reason, _ in absent:
        tally.skip(name, reason)
    commands = commands_of(tool)
    for interpreter in usable:
        try:
            if args.rounds:
                fuzz(tally, tool, interpreter, args, commands)
            if args.file_rounds and interpreter is usable[0]:
                fuzz_files(tally, tool, interpreter, args)
        except Skipped as reason:
            tally.skip(interpreter.name, str(reason))
        except Broken as why:
            tally.fail(interpreter.name, "the harness: %s" % why)
    tool.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
