"""The cases: each is given a fresh stage, once without and once with linecap, and returns figures."""

import collections
import hashlib
import json
import random

from endless import endless_line, EndlessLine, MAX_LINE, MIB, mib, payload, SIZE
from expect import check, equal
from log import entries
from parity import LIMITS, panics, parity
from stage import http_get, IMAGE_VOLUME, INIT_CONTAINER
from wait import until

Run = collections.namedtuple("Run", "name body needs stage newer", defaults=[False])
RUNS = []
SMALL = min(SIZE, 64 * MIB)  # where the way that bytes take is the point, and not their number
BY_WRITE = ["/programs/endless", "write"]
NOBODY = "65534"
NEWLINE = b"\n"


def case(name, needs=(), newer=False, **stage):
    """needs: programs of this machine, for want of which the case is skipped. newer: it is one for a
    newer containerd, too."""

    def add(body):
        RUNS.append(Run(f"{name}, without linecap", body, needs, stage, newer))
        RUNS.append(Run(f"{name}, with linecap", body, needs, {**stage, "linecap": True}, newer))
        return body

    return add


@case("an endless line by write", newer=True)
def by_write(stage):
    return endless_line(stage, BY_WRITE).figures()


def brought_by_the_image(stage):
    """The image brings the library, and the program that shows what it has done."""
    line = EndlessLine(stage, SMALL, limited=True)
    line.starts(stage.start([*BY_WRITE, str(line.count)]))
    stage.release("go")
    stage.await_file("printed")
    line.lasts()
    answer = line.container.exec_sync(["/linecap/linecap", "stat", "--json"])
    equal("status of linecap stat", answer.exit_code, 0)
    breaks = sum(pipe["breaks"] for pipe in json.loads(answer.stdout))
    check(f"{breaks} breaks are in linecap stat", breaks >= line.size // MAX_LINE)
    answer = line.container.exec_sync(["/linecap/linecap", "--version"])
    equal("status of linecap", answer.exit_code, 0)
    stage.release("finish")
    line.ends()
    return line.figures()


IMAGE = ["umoci"]
by_init = Run("an endless line, the image's files put there by an init container", brought_by_the_image, IMAGE, {"linecap": INIT_CONTAINER}, True)
by_volume = Run("an endless line, the image itself a volume", brought_by_the_image, IMAGE, {"linecap": IMAGE_VOLUME}, True)
RUNS.append(by_init)
NEWER = [by_volume]  # what only a newer containerd can


@case("an endless line by printf")
def by_printf(stage):
    return endless_line(stage, ["/programs/endless", "printf"]).figures()


@case("an endless line by Python")
def by_python(stage):
    return endless_line(stage, ["/usr/bin/python3", "/programs/endless.py"], host=True).figures()


@case("an endless line by Perl", needs=["perl"])
def by_perl(stage):
    return endless_line(stage, ["perl", "/programs/endless.pl"], host=True).figures()


@case("an endless line by node", needs=["node"])
def by_node(stage):
    return endless_line(stage, ["node", "/programs/endless.js"], host=True).figures()


@case("an endless line by Java", needs=["java", "javac"])
def by_java(stage):
    return endless_line(stage, ["java", "/programs/Endless.java"], host=True).figures()


@case("a shell whose children print, with a pipeline of its own")
def shell(stage):
    line = endless_line(stage, ["sh", "/programs/shell.sh"], SMALL)
    equal("checksum by the pipeline", stage.take("checksum").split()[0].decode(), line.digest())
    return line.figures()


@case("a program that changes its uid")
def changed_uid(stage):
    premise = ["cat", "/proc/1/status"], f"Uid:\t{NOBODY}"
    return endless_line(stage, BY_WRITE, SMALL, arguments=[NOBODY], premise=premise).figures()


@case("a read-only root file system")
def readonly_root(stage):
    premise = ["sh", "-c", ": >/new"], "Read-only file system"
    return endless_line(stage, BY_WRITE, SMALL, premise=premise, readonly_rootfs=True).figures()


@case("a shared PID namespace", shared_pid=True)
def shared_pid(stage):
    premise = ["cat", "/proc/1/comm"], "pause"
    return endless_line(stage, BY_WRITE, SMALL, premise=premise).figures()


@case("a terminal is left alone and grows either way")
def terminal(stage):
    premise = ["readlink", "/proc/1/fd/1"], "/dev/pts/"
    return endless_line(stage, BY_WRITE, SMALL, limited=False, premise=premise, tty=True).figures()


@case("a job in an exec session that writes to /proc/1/fd/1")
def job(stage):
    line = EndlessLine(stage, SMALL, limited=stage.linecap)
    line.starts(idle(stage))
    answer = line.container.exec_sync(["sh", "/programs/job.sh", str(line.count)])
    equal("status of the job", answer.exit_code, 0)
    line.lasts()
    stage.release("go")
    stage.release("finish")
    line.ends()
    return line.figures()


@case("binary data through an exec session")
def binary_through_exec(stage):
    return binary_data(stage, idle(stage))


@case("binary data through an exec session, where PID 1 has changed its uid")
def binary_through_exec_after_setuid(stage):
    container = idle(stage, NOBODY)
    stage.release("go")
    stage.await_file("printed")
    return binary_data(stage, container)


def idle(stage, *uid):
    """A container whose PID 1 prints nothing."""
    stage.give("payload", payload())
    return stage.start([*BY_WRITE, "0", *uid])


@case("binary data through an exec session in a shared PID namespace", shared_pid=True)
def binary_through_exec_beside_pause(stage):
    return binary_data(stage, idle(stage))


def binary_data(stage, container):
    dice = random.Random(4)
    binary = stage.give("binary", without_newlines(dice.randbytes(32 * MIB)) + dice.randbytes(32 * MIB))
    stdout = container.exec_stream(["readlink", "/proc/self/fd/1"])
    check(f"the session's stdout, {stdout}, is a pipe", stdout.startswith(b"pipe:"))
    answer = container.exec_stream(["cat", "/sync/binary"])
    equal("bytes", len(answer), len(binary))
    equal("sha256", hashlib.sha256(answer).hexdigest(), hashlib.sha256(binary).hexdigest())
    return f"{mib(len(answer))} identical, its longest line {mib(max(map(len, answer.split(NEWLINE))))}"


def without_newlines(binary):
    """One line that wants a break if anything does."""
    return binary.replace(NEWLINE, b"\r")


@case("nginx logging through symlinks to /dev/stdout and /dev/stderr", needs=["nginx"])
def nginx(stage):
    sizes = [10, MAX_LINE, 100_000, 20] * 5
    agents = [chr(ord("a") + number) * size for number, size in enumerate(sizes)]
    expected = [f"/{number} {agent}".encode() for number, agent in enumerate(agents)]
    container = stage.start(["nginx", "-c", "/programs/nginx.conf"])
    for number, agent in enumerate(agents):
        equal("nginx's answer", http_get(stage.path("nginx.sock"), f"/{number}", agent), 404)

    def logged(stream):
        with open(container.log, "rb") as log:
            return [entry for entry in entries(log.read()) if entry.stream == stream]

    size = sum(map(len, expected))
    until("the access log", lambda: sum(len(entry.content) for entry in logged("stdout")) == size)
    until("the error log", lambda: len(logged("stderr")) == len(agents))
    pieces = [line[at : at + MAX_LINE] for line in expected for at in range(0, len(line), MAX_LINE)]
    equal(
        "the access log",
        [(tag, content) for _, tag, content in logged("stdout")],
        [("F", content) for content in (pieces if stage.linecap else expected)],
    )
    for number, (_, tag, content) in enumerate(logged("stderr")):
        told = tag == "F" and b'open() "/sync/%d"' % number in content
        check(f"{content[:200]} tells of /sync/{number}", told)
    return f"{len(agents)} requests, {len(logged('stdout'))} log lines"


for limit in LIMITS:
    RUNS.append(Run(f"parity of cri-log at limit {limit}", parity, (), {"max_line": limit}))
RUNS.append(Run("containerd panics where parity is not tried", panics, (), {"max_line": 2}))
