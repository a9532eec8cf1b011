#!/usr/bin/env python3
"""The tests of limits: very many, very deep, very odd, and in places where it is hard to look.

  run.py                                    everything
  run.py --python 3.12 --only deep,chain    tests whose name contains one of the words
  run.py --require debian-3.14              a missing interpreter of these is a failure

Where an interpreter brings `python -m asyncio ps` along, a line tells what that makes
of the same process.  Times and memory are told, too; neither is asserted.
Prints a line a failure and, last, "N passed, N failed, N skipped".
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import runner                                               # noqa: E402
import sizes                                                # noqa: E402,F401
import shapes                                               # noqa: E402,F401
import places                                               # noqa: E402,F401

if __name__ == "__main__":
    sys.exit(runner.main(__doc__))
