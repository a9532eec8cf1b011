"""report: the page fits the terminal, and says what is wrong first."""
import fcntl
import os
import pty
import re
import struct
import termios
import unicodedata

from views_suite import PROGRAMS, TESTS, WORKLOADS, need, test

DEMO = os.path.join(TESTS, "demo")


def width(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in line)


def on_terminal(case, columns, rows, *arguments):
    """What it prints on a terminal of that size, line by line."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    env = dict(case.environment(), TERM="xterm", NO_COLOR="1")
    process = case.tool.popen(*arguments, env=env, stdout=terminal)
    os.close(terminal)
    out = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:                 # the other end is closed
            break
        if not part:
            break
        out += part
    os.close(controller)
    need(process.wait() == 0, "exit status %d: %s", process.returncode, process.stderr.read()[:300])
    process.stderr.close()
    return out.decode("utf-8").replace("\r\n", "\n").rstrip("\n").split("\n")


def fits(lines, columns, rows):
    need(len(lines) < rows, "%d lines on a screen of %d", len(lines), rows)
    for line in lines:
        need(width(line) <= columns, "%d columns, not %d: %s", width(line), columns, line)


@test()
def report_of_the_demo_fits_the_screen_and_says_what_is_wrong_first(case):
    pid = case.start("service.py", folder=DEMO).pid
    for columns, rows in ((80, 24), (100, 24), (100, 30), (120, 30), (100, 40)):
        lines = on_terminal(case, columns, rows, "--pid", pid)
        page = "\n".join(lines)
        fits(lines, columns, rows)
        need(lines[0].startswith("Python ") and lines.index("FINDINGS") <= 3, "the first lines: %s", lines[:4])
        need(page.index("unretrieved exception") < page.index("\nTASKS\n"), "tasks come first: %s", page)
        for words in ("never awaited", r"Mailer\.send\(", r"audit_allows\(", "unreferenced task",
                      "stock-watch", "rates", "unretrieved exception", r"held by __main__\.app\.m",
                      r"handler-17 .*service\.py:\d+", r"3 worker-1"):
            need(re.search(words, page), "at %dx%d there is no %s: %s", columns, rows, words, page)


@test("3.12")
def report_of_very_many_tasks_fits_the_screen(case):
    pid = case.start("service.py", "--tasks", "200", folder=WORKLOADS).pid
    for columns, rows in ((80, 24), (100, 40)):
        lines = on_terminal(case, columns, rows, "--pid", pid)
        fits(lines, columns, rows)
        need(re.match(r"and \d+ more, in \d+ other ways: asyncinspect stacks$", lines[-1]), "%s", lines[-1])
        counts = [int(n) for n in re.findall(r"^ *(\d+) \S", "\n".join(lines[lines.index("TASKS"):]), re.M)]
        left = int(re.match(r"and (\d+)", lines[-1]).group(1))
        total = int(re.search(r"(\d+) tasks", lines[0]).group(1))
        need(sum(counts) + left == total, "%d in rows, %d left, %d tasks", sum(counts), left, total)
        need(counts == sorted(counts, reverse=True), "not the most common first: %s", counts)


@test("3.12")
def report_in_a_pipe_is_whole(case):
    pid = case.start("service.py", folder=DEMO).pid
    text = case.text("--pid", pid)
    need("…" not in text and "Await the call where it is made" in text
         and "held by local 'allowed' of coroutine handle_order in task 'handler-17'" in text, "%s", text)
    need(re.search(r"^3 worker-1 \.\.\. worker-3 +pending +worker ", text, re.M), "%s", text)


@test("3.12")
def what_is_cut_on_a_narrow_terminal_is_marked(case):
    pid = case.start("crowd.py", folder=PROGRAMS).pid
    for command in ("report", "tree", "tasks"):
        lines = on_terminal(case, 60, 1000, command, pid)
        # The report's rows have a shorter form on a narrow terminal.
        whole = case.text(command, pid) + case.text("loops", pid) + " loop timer, ready, ready polling"
        need(any("…" in line for line in lines), "%s: nothing is marked: %s", command, lines[:6])
        known = set(whole.split())
        for line in lines:
            for found in re.finditer(r"[^\s…]+(…?)", line):
                word = found.group(0)
                need(found.group(1) or word in known or re.match(r"\d", word),
                     "%s: %r is cut without a mark: %s", command, word, line)
