"""The same byte streams through containerd's logger and through `linecap cri-log`."""

import os
import random
import subprocess

from expect import check, equal
from log import entries
from places import LINECAP
from wait import until

LIMITS = [1, 2, 15, 16, 17, 100, 4095, 4096, 4097, 16384, 20000, -1]
READ_SIZE = 4096  # containerd's buffer, where the limit is not smaller

# Go's bufio reads at least 16 bytes at a time. With a limit below that, a line of more than 16
# bytes can leave more than one read over the limit, and containerd panics: see panics().
LEAST_READ = 16

STREAMS = ["stdout", "stderr"]


def streams(limit, seed):
    """Name and bytes of each stream."""
    dice = random.Random(seed)
    borders = [edge for edge in {READ_SIZE, limit, LEAST_READ} if edge > 0]
    multiples = [edge * times for edge in borders for times in (1, 2, 3)]
    sizes = sorted({max(0, size + off) for size in multiples for off in range(-2, 3)})
    yield from {
        "nothing": b"",
        "empty lines": b"\n\r\n\n\n\r\n" * 50,
        "rich in CR and LF": bytes(dice.choices(b"\r\r\n\nab\0\xff", k=30_000)),
        "any byte": dice.randbytes(300_000),
        "long lines of any byte but LF": lines(dice, [dice.randrange(60_000) for _ in range(12)], b"\n"),
        "lines that end at a border": lines(dice, sizes, b"\n"),
        "CRLF at a border": lines(dice, sizes, b"\r\n"),
        "CR CR LF at a border": lines(dice, sizes, b"\r\r\n"),
        "CR at a border": b"".join(letters(dice, size) + b"\r" for size in sizes) + b"\n",
        "no LF at the end": lines(dice, sizes[:5], b"\r\n") + letters(dice, 3),
        "CR at the end": letters(dice, READ_SIZE - 1) + b"\r",
        "a buffer and no LF": letters(dice, READ_SIZE),
        "just the limit and no LF": letters(dice, abs(limit)),
        "one byte over the limit and no LF": letters(dice, abs(limit) + 1),
    }.items()


def letters(dice, size):
    return bytes(dice.choices(b"abcdefghij", k=size))


def lines(dice, sizes, end):
    """Half of them letters, the others bytes with many a CR."""
    noise = bytes(byte for byte in range(256) if byte != ord("\n")) + b"\r" * 100
    alphabets = [b"abcdefghij", noise]
    return b"".join(bytes(dice.choices(alphabets[at % 2], k=size)) + end for at, size in enumerate(sizes))


def cut_short(stream):
    """With a newline wherever a line would be longer than containerd can do with a small limit."""
    size = LEAST_READ - 2
    return b"\n".join(
        line[at : at + size] for line in stream.split(b"\n") for at in range(0, len(line) or 1, size)
    )


class Pair:
    """A container that prints one stream on stdout and the next on stderr, beside what cri-log says."""

    def __init__(self, stage, at, named_streams):
        self.stage = stage
        self.expected = {}
        self.titles = {}
        for descriptor, (name, stream) in zip(STREAMS, named_streams):
            stage.give(f"{at}.{descriptor}", stream)
            self.titles[descriptor] = f"{name} ({descriptor})"
            self.expected[descriptor] = by_cri_log(stream, stage.max_line, descriptor)
        self.finish = f"finish.{at}"
        stage.fifo(self.finish)
        script = f"cat /sync/{at}.stdout; cat /sync/{at}.stderr >&2; read -r _ </sync/{self.finish}; exit 0"
        self.container = stage.start(["sh", "-c", script], name=f"streams-{at}")

    def found(self):
        with open(self.container.log, "rb") as log:
            return entries(log.read())

    def ends(self):
        """Not before its output is logged: containerd drops what it has not read when the container
        ends. Only what waits for more, a read of it and a rest over the limit, takes the end."""
        least = sum(map(len, self.expected.values())) - 2 * len(STREAMS)
        try:
            until("the log to have all lines", lambda: count_lines(self.container.log) >= least)
        except AssertionError:
            self.compare()
            raise
        self.stage.release(self.finish)
        self.stage.await_end(self.container)

    def compare(self):
        for descriptor, by_cri_log_ in self.expected.items():
            by_containerd = [entry for entry in self.found() if entry.stream == descriptor]
            compare(self.titles[descriptor], by_containerd, by_cri_log_)


def parity(stage):
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    cut = cut_short if 0 < stage.max_line < LEAST_READ else bytes
    given = [(name, cut(stream)) for name, stream in streams(stage.max_line, seed)]
    try:
        pairs = [Pair(stage, at, given[at : at + 2]) for at in range(0, len(given), 2)]
        for pair in pairs:
            pair.ends()
            pair.compare()
    except AssertionError as error:
        raise AssertionError(f"SEED={seed}: {error}") from error
    bytes_, lines_ = sum(len(stream) for _, stream in given), sum(len(pair.found()) for pair in pairs)
    return f"{len(given)} streams, {bytes_} bytes, {lines_} log lines, SEED={seed}"


def count_lines(path):
    with open(path, "rb") as log:
        return log.read().count(b"\n")


def by_cri_log(stream, limit, descriptor):
    command = [LINECAP, "cri-log", "--max-line", str(limit), "--stream", descriptor]
    return entries(subprocess.run(command, input=stream, stdout=subprocess.PIPE, check=True).stdout)


def compare(what, by_containerd, by_cri_log_):
    for at, (theirs, ours) in enumerate(zip(by_containerd, by_cri_log_)):
        if theirs != ours:
            raise AssertionError(f"{what}, log line {at}: containerd {shown(theirs)}, cri-log {shown(ours)}")
    equal(f"{what}: number of log lines by cri-log", len(by_cri_log_), len(by_containerd))


def shown(entry):
    return f"{entry.stream} {entry.tag} {len(entry.content)} bytes …{entry.content[-20:]!r}"


def panics(stage):
    """Why cut_short() is needed: containerd itself does not survive these bytes."""
    stage.give("payload", b"x" * 10 * LEAST_READ)
    stage.start(["/programs/endless", "write", "1"])
    stage.release("go")
    until("containerd to end", lambda: not stage.daemon.runs())
    check("it says why", "exceed length should <= last buffer size" in stage.daemon.messages())
    return f"containerd ended with status {stage.daemon.process.returncode}"
