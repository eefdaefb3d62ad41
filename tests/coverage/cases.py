"""What is tried: each way out, each language, each hostile program; and what is expected of it."""

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from look import Verdict, judge, look
from systems import MULTIARCH, PROGRAMS, Missing, Musl, System, Unusable, all_systems, build

# All else that is present is expected to be caught. These are only expected to run unharmed; a key
# is a row, or "ROW on SYSTEM".
BEYOND = {
    "raw system call": "an instruction is no call of a function",
    "io_uring": "the kernel fetches the bytes by itself",
    "static program": "it has no loader that would read LD_PRELOAD",
    "setuid program": "its loader ignores LD_PRELOAD",
    "Go": "it makes its own system calls",
    "Go, -buildmode=pie": "it makes its own system calls, and has no libc",
    "no libc": "it makes its own system calls",
    "32-bit program": "a 64-bit library can't be loaded into it",
    "write before all constructors": "it writes before the library has started",
    "seccomp kills on mprotect": "behind a filter, no call is made to make sure of the pipe",
    "seccomp kills on fstat": "behind a filter, no call is made to make sure of the pipe",
    "seccomp refuses mprotect": "behind a filter, no call is made to make sure of the pipe",
    "seccomp refuses fstat": "behind a filter, no call is made to make sure of the pipe",
    "seccomp strict mode": "behind a filter, no call is made to make sure of the pipe",
    "RTLD_DEEPBIND, write": "the library finds libc's write first",
    "dlmopen, write": "the other namespace has a libc of its own and no preload",
    "dlmopen, printf": "the other namespace has a libc of its own and no preload",
    # One message each, and the line ends with it: bounded by what the program says at once.
    "syslog with LOG_PERROR on bullseye": "libc calls its own writev",
    "syslog with LOG_PERROR on bullseye without libdl.so.2": "libc calls its own writev",
    "syslog with LOG_PERROR on trixie": "libc calls its own write",
    "syslog with LOG_PERROR on sid": "libc calls its own write",
    "assert on sid": "libc calls its own writev",
}


@dataclass(frozen=True)
class Case:
    table: str  # which of the matrix's tables: TABLES below
    row: str
    words: Callable  # the command on a system; Missing if that has no such thing
    stream: str = ""  # where one run tries but one
    output: str = "pipe"
    env: Callable = lambda system: {}  # what the program's environment has besides
    noisy: bool = False  # stderr differs from run to run

    def is_beyond(self, system):
        return self.row in BEYOND or f"{self.row} on {system.name}" in BEYOND

    def name(self, system):
        stream = f" to {self.stream}" if self.stream else ""
        claim = "goes on unharmed" if self.is_beyond(system) else "is caught"
        return f"{self.row}{stream} {claim} on {system.name}"


@dataclass(frozen=True)
class Result:
    name: str
    verdict: Verdict
    detail: str
    case: Case | None = None  # None: the system is not to be had
    system: System | None = None
    again: str = ""  # the shell command that runs the program with the library

    def is_good(self):
        if self.verdict == Verdict.MISSED:
            return self.case.is_beyond(self.system)
        return self.verdict != Verdict.BROKEN


WAYS = "way out"
LANGUAGES = "language"
HOSTILE = "program"
TABLES = (WAYS, LANGUAGES, HOSTILE)

# ---- ways out ------------------------------------------------------------------------------------


def ways_program(system, name="ways", flags=()):
    ways = sorted(Path(__file__).parents[2].glob("src/ways/*.c"))
    return system.c_program(name, [PROGRAMS / "ways.c", *ways], flags)


def ways_cxx_program(system):
    return system.cxx_program("ways_cxx", PROGRAMS / "ways_cxx.cc")


def ways_listed(program, host):
    """(way, its streams, output), as the program lists them."""
    try:
        listed = look([program(host), "--list"], {}).stdout.decode()
    except Unusable as why:
        raise SystemExit(f"coverage: {why}") from why
    return [line.rsplit(" ", 2) for line in listed.splitlines()]


def ways_in_source(*sources):
    """The same from the tables in the sources: for names, nothing need be built."""
    row = r'\{"([^"]+)", (?:(STDOUT|STDERR|EITHER), (PIPE|SOCKET)|"(12?|2)"), '
    streams = {"STDOUT": "1", "STDERR": "2", "EITHER": "12"}
    for source in sources:
        for way, word, output, fds in re.findall(row, source.read_text(encoding="utf-8")):
            yield way, fds or streams[word], output.lower() or "pipe"


def way_cases(program, listed):
    """A case for each way and stream."""
    for way, streams, output in listed:
        for fd in streams:

            def words(system, way=way, fd=fd):
                if way in NEEDS_CHILDREN and not system.has_children:
                    raise Missing("programs that it starts run elsewhere")
                return [program(system), way, fd]

            yield Case(WAYS, way, words, f"std{'out' if fd == '1' else 'err'}", output)


NEEDS_CHILDREN = {
    "vfork and exec",
    "posix_spawn",
    "posix_spawnp with actions",
    "system",
    "popen",
    "posix_spawnp",
    "execve",
    "execv",
    "execvp",
    "execvpe",
    "execl",
    "execlp",
    "execle",
    "execveat",
    "fexecve",
}


def static_words(system):
    return [ways_program(system, "ways_static", ["-static"]), "write", "1"]


def setuid_words(system):
    """Root's program, run by somebody else."""
    if os.geteuid() or not (system.root / "usr/bin/setpriv").exists():
        raise Missing("needs root and setpriv")
    program = ways_program(system, "ways_setuid")
    (system.programs / "ways_setuid").chmod(0o4755)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return [*nobody, program, "write", "1"]


# ---- languages -----------------------------------------------------------------------------------


def script(interpreter, file):
    def words(system):
        if not system.has(interpreter):
            raise Missing(f"no {interpreter}")
        return [interpreter, system.path(PROGRAMS / "languages" / file)]

    return words


def c_words(system):
    return [system.c_program("endless_c", [PROGRAMS / "languages" / "endless.c"])]


def cxx_words(system):
    return [system.cxx_program("endless_cc", PROGRAMS / "languages" / "endless.cc")]


def rust_words(system):
    return [system.rust_program("endless_rs", PROGRAMS / "languages" / "endless.rs")]


def go(name, *flags):
    def words(system):
        if not system.rustc:
            raise Missing("no Go compiler for it")
        source = PROGRAMS / "languages" / "endless.go"
        return [system.program(name, [source], ["go", "build", *flags])]

    return words


def java_words(system):
    if not system.has("java"):
        raise Missing("no java")
    target = system.programs / "Endless.class"
    source = PROGRAMS / "languages" / "Endless.java"
    build(target, [source], ["javac", "-d", system.programs, source])
    return ["java", "-cp", system.path(system.programs), "Endless"]


def language_cases():
    commands = {
        "C": c_words,
        "C++": cxx_words,
        "Rust": rust_words,
        "Go": go("endless_go"),
        "Go, -buildmode=pie": go("endless_go_pie", "-buildmode=pie"),
        "Java": java_words,
        "Node": script("node", "endless.js"),
        "Python": script("python3", "endless.py"),
        "Perl": script("perl", "endless.pl"),
        "Ruby": script("ruby", "endless.rb"),
        "PHP": script("php", "endless.php"),
        "sh": script("sh", "endless.sh"),
        "bash": script("bash", "endless.sh"),
    }
    for language, words in commands.items():
        yield Case(LANGUAGES, language, words)


# ---- hostile programs ----------------------------------------------------------------------------


def hostile(name, *arguments, flags=(), target=None):
    def words(system):
        source = PROGRAMS / "hostile" / f"{name}.c"
        return [system.c_program(target or name, [source], flags), *arguments]

    return words


def shared(system, name, *flags):
    source = PROGRAMS / "hostile" / f"{name}.c"
    return system.c_program(f"{name}.so", [source], ["-shared", "-fPIC", *flags])


def opens_a_library(how, function):
    start = hostile("opens_a_library", how, function)

    def words(system):
        shared(system, "prints")
        return start(system)

    return words


def another_class(system):
    headers = system.root / "usr/include/gnu/stubs-32.h"
    if not headers.exists() or isinstance(system, Musl):
        raise Missing("no 32-bit libc")
    return hostile("another_class", flags=["-m32"])(system)


def redefines(name):
    return hostile("redefines", flags=[f"-DOWN_{name}"], target=f"redefines_{name}")


def lists_objects(how):
    return hostile("lists_objects", flags=[f"-DLIST_{how}"], target=f"lists_{how}")


def owns_r_debug(what):
    return hostile("owns_r_debug", flags=[f"-DDEBUG_{what}"], target=f"owns_r_debug_{what}")


# What a program may define itself, and linecap hooks or would like to call.
REDEFINED = (
    *("write", "writev", "syscall", "dprintf", "close", "sendto", "fopen"),
    *("setenv", "getenv", "malloc"),
)

HOSTILE_PROGRAMS = {
    "no libc": hostile(
        "no_libc", flags=["-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fPIE", "-pie"]
    ),
    **{f"a {name} of its own": redefines(name) for name in REDEFINED},
    "a memcpy, memmove, memset, memcmp and memchr of its own": redefines("memory"),
    "all of these of its own": redefines("all"),
    "a dl_iterate_phdr of its own that lists nothing": lists_objects("nothing"),
    "a dl_iterate_phdr of its own that lists garbage": lists_objects("garbage"),
    "a dl_iterate_phdr of its own that traps": lists_objects("trap"),
    "an _r_debug of its own that holds zeros": owns_r_debug("zeros"),
    "an _r_debug of its own that holds numbers": owns_r_debug("numbers"),
    "copy relocation of stdout": hostile("copy_relocation", flags=["-fno-pie", "-no-pie"]),
    "RTLD_DEEPBIND, printf": opens_a_library("deepbind", "print_by_printf"),
    "RTLD_DEEPBIND, write": opens_a_library("deepbind", "print_by_write"),
    "dlmopen, printf": opens_a_library("dlmopen", "print_by_printf"),
    "dlmopen, write": opens_a_library("dlmopen", "print_by_write"),
    "close of fds 0-1023": hostile("closes_every_fd", "close"),
    "close of fds 0-1023 by syscall()": hostile("closes_every_fd", "syscall"),
    "close_range": hostile("closes_every_fd", "close_range"),
    "closefrom": hostile("closes_every_fd", "closefrom"),
    "no fd left": hostile("out_of_fds"),
    "no memory left": hostile("out_of_memory"),
    "seccomp kills on mprotect": hostile("seccomp_filter", "kill", "mprotect"),
    "seccomp kills on fstat": hostile("seccomp_filter", "kill", "fstat"),
    "seccomp refuses mprotect": hostile("seccomp_filter", "refuse", "mprotect"),
    "seccomp refuses fstat": hostile("seccomp_filter", "refuse", "fstat"),
    "seccomp strict mode": hostile("seccomp_strict"),
    "write before main": hostile("writes_before_main"),
    "write before all constructors": hostile("writes_before_all"),
    "write after main": hostile("writes_after_main"),
    "cancelled write": hostile("cancelled_in_write"),
    "clearenv": hostile("no_environment", "clearenv"),
    "environ of NULL": hostile("no_environment", "null"),
    "vfork child that writes": hostile("vfork_writes"),
    "stderr on stdout's pipe": hostile("both_streams_one_pipe"),
    "pwrite family on a pipe": hostile("writes_at_an_offset"),
    "small signal stack": hostile("small_stack", "signal"),
    "small thread stack": hostile("small_stack", "thread"),
}


def fputs_words(system):
    return [ways_program(system), "fputs", "1"]


def write_words(system):
    return [ways_program(system), "write", "1"]


def installed(*path):
    """A preload library of somebody else's: a program for musl can't load one of this machine."""

    def find(system):
        file = system.root.joinpath(*path)
        if not file.exists() or isinstance(system, Musl):
            raise Missing(f"no {file.name}")
        return str(file)

    return find


def lists_objects_library(system):
    return shared(system, "lists_objects", "-DLISTED_BY_A_LIBRARY", "-DLIST_trap")


def neighbour_cases():
    """Another preload library before linecap and after it."""
    neighbours = {
        "passes_on": (lambda system: shared(system, "passes_on"), write_words),
        "lists_objects": (lists_objects_library, fputs_words),
        "libstdbuf": (installed("usr/libexec/coreutils/libstdbuf.so"), fputs_words),
        "libfaketime": (installed("usr/lib", MULTIARCH, "faketime/libfaketime.so.1"), fputs_words),
        "jemalloc": (installed("usr/lib", MULTIARCH, "libjemalloc.so.2"), fputs_words),
    }
    for name, (find, words) in neighbours.items():
        for place, order in (("before", "{}:linecap"), ("after", "linecap:{}")):

            def env(system, find=find, order=order):
                return {"LD_PRELOAD": order.format(find(system)), "_STDBUF_O": "0"}

            yield Case(HOSTILE, f"{name} {place} linecap", words, env=env)


def hostile_cases():
    for row, words in HOSTILE_PROGRAMS.items():
        yield Case(HOSTILE, row, words)
    yield Case(HOSTILE, "malloc that writes", hostile("malloc_writes"), noisy=True)
    yield Case(HOSTILE, "32-bit program", another_class, noisy=True)
    yield Case(HOSTILE, "LD_BIND_NOW", fputs_words, env=lambda system: {"LD_BIND_NOW": "1"})
    yield from neighbour_cases()


# ---- all of them ---------------------------------------------------------------------------------


def is_tried_on(case, system):
    """Hostile programs start others, and count on a kernel that isn't emulated. Languages are
    packages, and C++ is one."""
    if not system.has_packages:
        return case.table == WAYS and case.words is not ways_cxx_program
    return case.table != HOSTILE or system.has_children


def all_cases(host=None):
    """Without a host nothing is built: then the cases are good for their names."""
    ways, cxx = Path(__file__).parents[2].glob("src/ways/*.c"), PROGRAMS / "ways_cxx.cc"
    for program, sources in ((ways_program, ways), (ways_cxx_program, [cxx])):
        in_source = list(ways_in_source(*sources))
        listed = ways_listed(program, host) if host else in_source
        assert sorted(map(list, listed)) == sorted(map(list, in_source)), "a way that isn't in the tables"
        yield from way_cases(program, listed)
    yield Case(WAYS, "static program", static_words, "stdout")
    yield Case(WAYS, "setuid program", setuid_words, "stdout")
    yield from language_cases()
    yield from hostile_cases()


def run(case, system):
    """The result of the case's two runs on the system."""
    name = case.name(system)
    try:
        words, extra = case.words(system), case.env(system)
    except Unusable as why:
        return Result(name, why.verdict, str(why), case, system)
    bare = look(*system.command(words, False, extra), case.output)
    command, env = system.command(words, True, extra)
    verdict, detail = judge(bare, look(command, env, case.output), case.noisy)
    again = shlex.join(["env", "-i", *(f"{name}={value}" for name, value in env.items()), *command])
    return Result(name, verdict, detail, case, system, again)


def names():
    """Of all cases on all systems."""
    cases = list(all_cases())
    for system in all_systems():
        yield from (case.name(system) for case in cases if is_tried_on(case, system))


def results(word=""):
    """What came of each case whose name holds the word."""
    if not any(word in name for name in names()):
        return
    systems = all_systems()
    cases = list(all_cases(systems[0]))
    for system in systems:
        chosen = [case for case in cases if is_tried_on(case, system) and word in case.name(system)]
        try:
            if chosen:
                system.prepare()
        except Unusable as why:
            yield Result(system.name, why.verdict, str(why))
            continue
        for case in chosen:
            yield run(case, system)
