#!/usr/bin/env python3
"""The tests of views: the await tree, tasks by their stacks, threads, filters, check, the report's page.

  run.py                                    everything
  run.py --python 3.12 --only tree,check    tests whose name contains one of the words
  run.py --require debian-3.14              a missing interpreter of these is a failure

Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "limits"))

import runner                                               # noqa: E402
import checks                                               # noqa: E402,F401
import pages                                                # noqa: E402,F401
import stacks                                               # noqa: E402,F401
import thread_activity                                      # noqa: E402,F401
import trees                                                # noqa: E402,F401

if __name__ == "__main__":
    sys.exit(runner.main(__doc__))
