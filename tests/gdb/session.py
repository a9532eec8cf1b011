"""A GDB that is driven: commands in, what it printed out."""
import os
import re
import subprocess
import threading

MARK = "<<<asyncinspect-test %d>>>"
HERE = os.path.dirname(os.path.abspath(__file__))
COMMANDS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "gdb-commands", "asyncinspect.gdb")

# Quiet: no configuration, no questions, no debug files from the network, the system's Python
# printers do not matter.
QUIET = ["-nx", "-q", "-iex", "set debuginfod enabled off", "-iex", "set confirm off",
         "-iex", "set width 0"]


class Lost(Exception):
    """GDB ended, or did not answer."""


class Gdb:
    """with Gdb(installed, environment) as gdb: gdb.ask("attach 42")

    Standard output and standard error are one pipe, as on a terminal they are one file."""

    def __init__(self, installed, environment, arguments=(), commands=True, cwd=None, seconds=120):
        self.seconds = seconds
        self.count = 0
        self.process = subprocess.Popen(
            installed.command + QUIET + list(arguments), env=environment, cwd=cwd,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            self.banner = self.ask("set height 0")
            if commands:
                self.banner += self.ask("source " + COMMANDS)
        except BaseException:
            self.close()
            raise

    def ask(self, *commands):
        """What GDB prints for the commands, without prompts."""
        self.count += 1
        mark = (MARK % self.count).encode()
        text = "".join(command + "\n" for command in commands)
        # Two echos: the mark must not be found in a command that is shown in a message.
        text += "echo %s\\n\n" % (MARK % self.count).replace("<<<", "<<\\<")
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()
        timer = threading.Timer(self.seconds, self.process.kill)
        timer.start()
        out = b""
        try:
            while True:
                line = self.process.stdout.readline()
                if not line:
                    raise Lost("GDB ended during %r: %s" % (commands, out[-500:].decode()))
                if mark in line:
                    out += line[:line.index(mark)]
                    break
                out += line
        finally:
            timer.cancel()
        return re.sub(r"(?m)^(\(gdb\) |>)+", "", out.decode("utf-8", "replace"))

    def value(self, expression):
        """The value of an integer expression."""
        return int(self.ask('printf "%%ld\\n", (long) (%s)' % expression))

    def close(self):
        if self.process.poll() is None:
            # At its end GDB lets go of what it has attached to.
            try:
                self.process.communicate(b"quit\n", timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
