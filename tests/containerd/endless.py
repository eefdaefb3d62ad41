"""One line that never ends, watched from both sides: what was printed, what became of it."""

import functools
import hashlib
import os
import random

from expect import check, equal
from log import Follower
from wait import until

MIB = 1 << 20
SIZE = int(os.environ.get("SIZE_MIB", "512")) * MIB
MAX_LINE = 16384  # LINECAP_MAX by default
LEAST_GROWTH = 0.8  # without a limit, as a part of the line: some of it fits in the heap as it is
MOST_GROWTH = 8 * MIB  # with one, while the line lasts
MOST_PEAK = 24 * MIB  # a garbage collector overshoots, the more the busier the machine is

PRINTABLE = bytes(range(0x21, 0x7F))


def payload(seed=3, size=50021):
    """Text without a newline. Its size is prime, so that writes and breaks meet at every offset."""
    return bytes(random.Random(seed).choices(PRINTABLE, k=size))


@functools.cache
def digest_of(text, count):
    whole = hashlib.sha256()
    for _ in range(count):
        whole.update(text)
    return whole.hexdigest()


def mib(size):
    return f"{size / MIB:.1f} MiB"


class EndlessLine:
    """`limited` says what is expected of it: to reach the log in pieces, or to pile up in memory."""

    def __init__(self, stage, size, limited):
        stage.warm_up()
        self.stage = stage
        self.limited = limited
        self.text = stage.give("payload", payload())
        self.count = size // len(self.text)
        self.size = self.count * len(self.text)

    def digest(self):
        return digest_of(self.text, self.count)

    def starts(self, container):
        self.container = container
        self.log = Follower(container.log)
        self.stage.daemon.forget_peak()
        self.before = self.stage.daemon.memory()

    def growth(self):
        return self.stage.daemon.memory() - self.before

    def peak(self):
        return self.stage.daemon.peak() - self.before

    def lasts(self):
        """All of it is printed and it is still open."""
        if self.limited:
            self.is_readable()
            # What the garbage collector still has to give back is no part of the line.
            until(f"the growth of memory to be below {mib(MOST_GROWTH)}", lambda: self.growth() < MOST_GROWTH)
            check(f"growth of memory at its peak, {mib(self.peak())}, is limited", self.peak() < MOST_PEAK)
        else:
            until("memory to hold the line", lambda: self.growth() > LEAST_GROWTH * self.size)
            equal("bytes in the log", self.log.file_size(), 0)
        self.while_it_lasts = (
            f"{mib(self.size)} printed: memory {mib(self.before)}, then {self.growth() / MIB:+.1f} MiB "
            f"({self.peak() / MIB:+.1f} at its peak), log {mib(self.log.file_size())}"
        )

    def is_readable(self):
        least = self.size - MAX_LINE
        until("all but the last piece in the log", lambda: self.log.read_on().bytes >= least)
        check(f"the longest line of the log, {self.log.longest}, is limited", self.log.longest <= MAX_LINE)
        equal("tags in the log", self.log.tags, {"F"})

    def ends(self):
        """Drop the breaks, and what was printed is back."""
        self.stage.await_end(self.container)
        self.log.read_on()
        equal("bytes in the log", self.log.bytes, self.size)
        equal("sha256 of the log", self.log.digest.hexdigest(), self.digest())

    def figures(self):
        after = self.stage.daemon.memory()
        return f"{self.while_it_lasts}; in the end memory {mib(after)}, {self.log.lines} log lines"


def check_premise(container, command, words):
    answer = container.exec_sync(command)
    said = (answer.stdout + answer.stderr).decode(errors="replace")
    check(f"{command} answers {words}: {said}", words in said)


def endless_line(
    stage, command, size=SIZE, arguments=(), limited=None, premise=None, **options
):
    """premise: a command in the container and what its answer must hold, if the case is to mean
    what it says."""
    line = EndlessLine(stage, size, stage.linecap if limited is None else limited)
    line.starts(stage.start([*command, str(line.count), *arguments], **options))
    stage.release("go")
    stage.await_file("printed")
    line.lasts()
    if premise:
        check_premise(line.container, *premise)
    stage.release("finish")
    line.ends()
    return line
