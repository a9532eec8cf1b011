"""Large targets: what they cost, and that size changes nothing in the answer."""
from suite import need, require_program, test, worked


def large(x):
    """A service with a heap that is worth more than one thread."""
    return x._once("large", lambda: x.start(
        "service.py", ["--tasks", "40", "--orphan-kinds", "all", "--orphans", "30",
                       "--heap-objects", "300000"]))


@test
def a_large_heap_is_the_same_to_one_cpu_and_to_many(x):
    """Several threads walk the collector's lists and read the objects."""
    taskset = require_program("taskset")
    core = x._once("large core", lambda: large(x).gcore())
    expected = worked(x.run("report", "--json", core)).out
    command, x.tool.command = x.tool.command, [taskset, "-c", "0"] + x.tool.command
    try:
        need(worked(x.run("report", "--json", core)).out == expected, "they differ")
    finally:
        x.tool.command = command
