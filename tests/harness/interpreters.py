"""The CPython builds that the tests inspect: which there are, and what is missing.

Found without being told: pyenv's newest patch release of each minor version in
PYENV_MINORS, named "3.12", and Debian's /usr/bin/python3.N together with its
separate debug file, named "debian-3.N".

Any other one comes from a list: the file named by --interpreters or by the
environment variable ASYNCINSPECT_INTERPRETERS.  A line is

    NAME ROOT PYTHON        # comment

where PYTHON is the program as seen inside ROOT, "/" for no chroot.  An entry
replaces a discovered one of the same name.  A chroot needs root and nothing
mounted in it.  Example, after debootstrap and the installation of python3.13-dbg:

    debian-3.13  /srv/trixie  /usr/bin/python3.13

tests/interpreters/fetch.sh gets the versions that this Debian does not have, and
build-free-threaded.sh builds free-threaded ones; both write such a list of them.
Theirs are used only when asked for by name.
"""
import glob
import os
import re
import shutil
import struct
import subprocess

PYENV_MINORS = (8, 9, 10, 11, 12, 13)
DEBIAN_MINORS = (11, 12, 13)
LIST_VARIABLE = "ASYNCINSPECT_INTERPRETERS"
ROOTS_VARIABLE = "ASYNCINSPECT_ROOTS"


class Interpreter:
    def __init__(self, name, python, root="/", missing=None):
        self.name = name
        self.python = python        # as seen inside root
        self.root = root
        self.missing = missing      # why it cannot be used; None: it can
        self.version = None         # (3, 12, 1)
        self.on_request = False     # used only when asked for by name

    def outside(self, path):
        """A path inside the interpreter's root, as this process sees it."""
        return path if self.root == "/" else os.path.join(self.root, path.lstrip("/"))

    def command(self, arguments):
        command = [self.python] + list(arguments)
        return command if self.root == "/" else ["chroot", self.root] + command

    def ask_version(self):
        try:
            text = subprocess.check_output(
                self.command(["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]),
                universal_newlines=True, stderr=subprocess.STDOUT)
            self.version = tuple(int(part) for part in text.split("."))[:3]
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            self.missing = "does not run: %s" % error

    def __repr__(self):
        return self.name


def build_id(path):
    """The GNU build-id of a 64-bit ELF file in hex; None when it has none."""
    with open(path, "rb") as source:
        data = source.read()
    place = build_id_place(data)
    return data[place[0]:place[1]].hex() if place else None


def build_id_place(data):
    """(start, end) of the build-id's bytes in an ELF file's data, or None."""
    if data[:5] != b"\x7fELF\x02":
        return None
    table, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for index in range(count):
        kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", data, table + index * size)
        if kind != 4:               # PT_NOTE
            continue
        at, end = offset, offset + length
        while at + 12 <= end:
            name_size, value_size, note = struct.unpack_from("<III", data, at)
            value = at + 12 + (name_size + 3 & ~3)
            if note == 3 and data[at + 12:at + 16] == b"GNU\0":
                return value, value + value_size
            at = value + (value_size + 3 & ~3)
    return None


def _pyenv_root():
    home = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    pyenv = shutil.which("pyenv") or shutil.which("pyenv", path=os.path.join(home, "bin"))
    if pyenv is None:
        return None
    try:
        return subprocess.check_output([pyenv, "root"], universal_newlines=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _from_pyenv():
    root = _pyenv_root()
    for minor in PYENV_MINORS:
        name, found = "3.%d" % minor, []
        for path in glob.glob("%s/versions/3.%d.*/bin/python3.%d" % (root, minor, minor)):
            patch = re.search(r"/3\.\d+\.(\d+)/bin/", path)     # no pre-releases
            if patch:
                found.append((int(patch.group(1)), path))
        if found:
            yield Interpreter(name, max(found)[1])
        else:
            yield Interpreter(name, None, missing="pyenv has no %s" % name if root
                              else "pyenv is not installed")


def _from_debian():
    for minor in DEBIAN_MINORS:
        path = "/usr/bin/python3.%d" % minor
        if not os.path.isfile(path) or not os.path.exists("/etc/debian_version"):
            continue
        own = build_id(path)
        missing = None
        if own is None or not os.path.exists(
                "/usr/lib/debug/.build-id/%s/%s.debug" % (own[:2], own[2:])):
            missing = "no separate debug file: install python3.%d-dbg" % minor
        yield Interpreter("debian-3.%d" % minor, path, missing=missing)


def _from_list(path):
    with open(path) as source:
        for number, line in enumerate(source, 1):
            fields = line.split("#")[0].split()
            if not fields:
                continue
            if len(fields) != 3:
                raise SystemExit("%s:%d: expected NAME ROOT PYTHON" % (path, number))
            name, root, python = fields
            missing = None
            if not os.path.exists(os.path.join(root, python.lstrip("/"))):
                missing = "%s is not in %s" % (python, root)
            elif root != "/" and os.geteuid() != 0:
                missing = "not root: chroot needs it"
            yield Interpreter(name, python, root, missing)


def _fetched():
    """What the scripts in tests/interpreters have got, from the lists that they write."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    roots = os.environ.get(ROOTS_VARIABLE) or os.path.join(cache, "asyncinspect-tests")
    for name in ("interpreters.list", "free-threaded.list"):
        path = os.path.join(roots, name)
        for interpreter in _from_list(path) if os.path.exists(path) else ():
            interpreter.on_request = True
            yield interpreter


def discover(list_file=None):
    """Every interpreter that is known by name, usable or not, in a stable order."""
    found = {}
    sources = [_fetched(), _from_pyenv(), _from_debian()]   # this Debian's own ones come last
    list_file = list_file or os.environ.get(LIST_VARIABLE)
    if list_file:
        sources.append(_from_list(list_file))
    for source in sources:
        for interpreter in source:
            found[interpreter.name] = interpreter
    for interpreter in found.values():
        if not interpreter.missing:
            interpreter.ask_version()
    return list(found.values())


def select(known, wanted=None, required=()):
    """(usable, [(name, reason, is_failure)]).  wanted: names, None for all that need no asking."""
    by_name = {interpreter.name: interpreter for interpreter in known}
    usable, absent = [], []
    names = list(wanted) if wanted is not None else [
        name for name in by_name if not by_name[name].on_request]
    names += [name for name in required if name not in names]
    for name in names:
        interpreter = by_name.get(name)
        if interpreter is not None and not interpreter.missing:
            usable.append(interpreter)
        else:
            reason = (interpreter.missing if interpreter else
                      "unknown interpreter; the scripts in tests/interpreters get more")
            absent.append((name, reason, name in required))
    return usable, absent
