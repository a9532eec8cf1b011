"""Counting and telling: one line a failure, one line a skip, totals last."""
import sys


class Tally:
    def __init__(self, verbose=False, limit=12):
        self.passed = self.failed = 0
        self.skipped = []
        self.verbose = verbose
        self.limit = limit          # lines of one failed case

    def ok(self, name):
        self.passed += 1
        if self.verbose:
            self._say("ok    %s" % name)

    def fail(self, name, faults):
        """faults: one text, or several about the same case."""
        self.failed += 1
        faults = [faults] if isinstance(faults, str) else list(faults)
        for fault in faults[:self.limit]:
            self._say("FAIL  %s: %s" % (name, fault))
        if len(faults) > self.limit:
            self._say("FAIL  %s: and %d more" % (name, len(faults) - self.limit))

    def skip(self, name, reason):
        self.skipped.append((name, reason))
        self._say("skip  %s: %s" % (name, reason))

    def note(self, text):
        self._say(text)

    def finish(self):
        """Prints the totals; returns the exit status."""
        self._say("%d passed, %d failed, %d skipped"
                  % (self.passed, self.failed, len(self.skipped)))
        return 1 if self.failed else 0

    @staticmethod
    def _say(text, limit=600):
        # An error message of the program under test must not break the lines here.
        text = text.replace("\n", "\\n")
        sys.stdout.write((text if len(text) <= limit else text[:limit] + " ...") + "\n")
        sys.stdout.flush()
