"""What the programs share.

A program brings tasks into a state, calls ready(), and stays there.  Then it is told to go on: "go" comes on its
standard input, and SIGUSR1.  A task that can be woken is woken by that, and says so with woken(NAME); of one that is
stuck nothing is ever heard.
"""
import os
import signal

signal.alarm(600)       # one that was lost ends by itself


def ready():
    os.write(1, b"READY %d\n" % os.getpid())


def woken(name):
    os.write(1, b"WOKEN %s\n" % name.encode())


def name_task(task, name):
    """Task.set_name for other classes of tasks as well."""
    task.set_name(name)
    return task
