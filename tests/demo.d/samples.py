"""Samples of what a logger holds in memory and has in its log, as a table of tab-separated values:

    phase    start (nothing printed), line (it is being printed), open (all of it is printed and read,
             but it hasn't ended), end (it has ended)
    seconds  since the first sample
    printed  bytes that the program has printed
    rss      bytes of memory that the logger holds
    peak     the most that it ever held
    log      bytes in the log
"""

import os
import sys
import time

COLUMNS = "phase seconds printed rss peak log".split()
STEP = 0.005  # seconds between two samples
SHOWN_EVERY = 0.1
STUCK = 300  # seconds in which nothing moves
MIB = 1 << 20


def fields(pid, name):
    """A file of /proc with `name: value` lines."""
    with open(f"/proc/{pid}/{name}") as file:
        return dict(line.rstrip("\n").split(":", 1) for line in file)


class Samples:
    def __init__(self, table, logger, log):
        self.table, self.logger, self.log = table, logger, log
        self.began = self.shown = self.moved = time.monotonic()
        self.last = None
        self.shows = sys.stderr.isatty()
        print(*COLUMNS, sep="\t", file=table)

    def take(self, phase, printed):
        """False: the logger is gone."""
        status = fields(self.logger, "status")
        if "VmRSS" not in status:
            return False
        rss, peak = (int(status[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
        log = self.write(phase, printed, rss, peak)
        self.show(printed, rss, log)
        self.check_progress(printed, rss, log)
        time.sleep(STEP)
        return True

    def write(self, phase, printed, rss, peak):
        log = os.stat(self.log).st_size if os.path.exists(self.log) else 0
        seconds = time.monotonic() - self.began
        print(phase, f"{seconds:.4f}", printed, rss, peak, log, sep="\t", file=self.table)
        return log

    def until(self, phase, reached, printed=lambda: 0):
        while not reached():
            self.take(phase, printed())
        self.take(phase, printed())

    def check_progress(self, *now):
        if now != self.last:
            self.last, self.moved = now, time.monotonic()
        elif time.monotonic() - self.moved > STUCK:
            raise SystemExit(f"measure: nothing has moved for {STUCK} s")

    def show(self, printed, rss, log):
        if not self.shows or time.monotonic() - self.shown < SHOWN_EVERY:
            return
        self.shown = time.monotonic()
        figures = f"{printed / MIB:.0f} MiB printed, {rss / MIB:.1f} in memory, {log / MIB:.1f} in the log"
        print(f"\r  {figures}\033[K", end="", file=sys.stderr, flush=True)

    def end(self, printed):
        """Of the logger nothing is left to see, or to come; of the log there is."""
        self.write("end", printed, 0, 0)
        if self.shows:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
