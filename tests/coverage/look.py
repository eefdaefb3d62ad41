"""Runs a program and tells what became of its lines.

Every judgement compares two runs of the same command: one bare, one with the library loaded. The
bare run shows what the original is, and that its line really is too long without the library.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from enum import Enum

MAX = 16384  # LINECAP_MAX in every run
PATIENCE = 120  # seconds until a program that doesn't end is ended
NOT_PRESENT = 77  # the exit status of a program whose way out this system lacks


class Verdict(Enum):
    CAUGHT = "caught"
    MISSED = "not caught"
    ABSENT = "–"
    BROKEN = "broken"


@dataclass(frozen=True)
class Seen:
    stdout: bytes
    stderr: bytes
    status: int | None  # as subprocess has it; None: it didn't end


def ends(output):
    """(read end, write end) of a pipe or of a stream socket."""
    if output == "socket":
        ours, theirs = socket.socketpair()
        return ours.detach(), theirs.detach()
    return os.pipe()


def look(command, env, output="pipe"):
    """Runs the command with nothing but env, and reads all that it prints."""
    readers, writers = zip(*(ends(output) for _ in range(2)))
    program = subprocess.Popen(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=writers[0],
        stderr=writers[1],
        start_new_session=True,
    )
    for fd in writers:
        os.close(fd)
    seen = {fd: bytearray() for fd in readers}
    deadline = time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as open_ends:
        for fd in readers:
            open_ends.register(fd, selectors.EVENT_READ)
        while open_ends.get_map():
            ready = open_ends.select(max(0, deadline - time.monotonic()))
            if not ready:
                break
            for key, _ in ready:
                piece = os.read(key.fd, 1 << 20)
                seen[key.fd] += piece
                if not piece:
                    open_ends.unregister(key.fd)
        status = end(program, deadline if not open_ends.get_map() else 0)
    for fd in readers:
        os.close(fd)
    return Seen(*(bytes(seen[fd]) for fd in readers), status)


def end(program, deadline):
    """The exit status; None if it and all that it started had to be killed."""
    if deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return program.wait(max(0, deadline - time.monotonic()))
    os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    return None


def longest(data):
    return max(len(line) for line in data.split(b"\n"))


def breaks(original, got):
    """How many newlines were put in to make `got` of `original`; None if it isn't made so."""
    at = added = 0
    pieces = got.split(b"\n")
    for number, piece in enumerate(pieces):
        if not original.startswith(piece, at):
            return None
        at += len(piece)
        if number == len(pieces) - 1:
            break
        if original.startswith(b"\n", at):
            at += 1
        else:
            added += 1
    return added if at == len(original) else None


def harm(bare, loaded, stream):
    """What is wrong with a stream, beyond lines that are too long; None if nothing is."""
    original, got = getattr(bare, stream), getattr(loaded, stream)
    added = breaks(original, got)
    if added is None:
        start = os.path.commonprefix([original, got])
        return (
            f"{stream}: {len(original)} bytes became {len(got)}, not the same from byte "
            f"{len(start)}: {got[len(start):][:60]!r}"
        )
    if added > 2 * len(original) / MAX:
        return f"{stream}: {added} breaks in {len(original)} bytes"
    return None


def judge(bare, loaded, noisy=False):
    """(Verdict, what was seen). noisy: what stands on stderr isn't the same in any two runs."""
    streams = ("stdout",) if noisy else ("stdout", "stderr")
    if bare.status == NOT_PRESENT:
        return Verdict.ABSENT, "not present here"
    if bare.status != 0:
        return Verdict.BROKEN, f"fails even bare: status {bare.status}, {bare.stderr[:200]!r}"
    if longest(bare.stdout) <= MAX and longest(bare.stderr) <= MAX:
        return Verdict.BROKEN, "prints no long line even bare"
    if loaded.status is None:
        return Verdict.BROKEN, f"did not end within {PATIENCE} s"
    if loaded.status != 0:
        return Verdict.BROKEN, f"exit status {loaded.status}, stderr {loaded.stderr[-200:]!r}"
    for stream in streams:
        wrong = harm(bare, loaded, stream)
        if wrong:
            return Verdict.BROKEN, wrong
    seen = max(longest(getattr(loaded, stream)) for stream in streams)
    verdict = Verdict.CAUGHT if seen <= MAX else Verdict.MISSED
    return verdict, f"longest line {seen}"
