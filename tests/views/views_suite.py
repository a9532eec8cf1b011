"""What the tests of views share, beyond what those of limits do."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(TESTS, "truth"))

import limits_suite                                         # noqa: E402
import schema                                               # noqa: E402
from limits_suite import (WORKLOADS, misused, need, once, refused, task, worked)  # noqa: E402,F401

PROGRAMS = os.path.join(HERE, "programs")
BUGS = os.path.join(WORKLOADS, "bugs")
EACH = ("3.8", "3.12", "debian-3.14", "debian-3.15")

with open(os.path.join(TESTS, "truth", "asyncinspect-1.schema.json"), encoding="utf-8") as source:
    SCHEMA = json.load(source)


# Tests that name no interpreter run on these, or on those that --python names.
limits_suite.EACH = EACH
test = limits_suite.test


def valid(report):
    """The report, which the schema allows."""
    found = schema.faults(report, SCHEMA)
    need(not found, "%s", "; ".join(schema.summary(found)))
    return report
