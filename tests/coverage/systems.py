"""The systems that programs are built for and run on.

Each has a name, a folder of programs, and a way to run a command there, bare or with the library.
What can't be had raises Missing, what is there and doesn't build raises Failed; each says why. What
is downloaded is kept in COVERAGE_CACHE.
"""

import contextlib
import fcntl
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from look import MAX, Verdict

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = HERE / "programs"
BUILT = Path(os.path.join(ROOT, os.environ.get("BUILD") or "build"))
BUILD = BUILT / "coverage"
LIBRARY = BUILT / "liblinecap.so"
CACHE = Path(os.environ.get("COVERAGE_CACHE") or "/var/cache/linecap")

SUITES = ("bullseye", "trixie", "sid")
OLDEST = "bullseye"  # gets programs linked with its own libc; the later ones run this machine's
PACKAGES = ("python3-minimal", "ruby", "php-cli", "nodejs", "libc6-dev")

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SETTINGS = {"LINECAP_MAX": str(MAX), "LINECAP_TARGET": "stdio"}
MULTIARCH = f"{platform.machine()}-linux-gnu"

WARNINGS = "-O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion".split()
if os.environ.get("CI") == "true":
    WARNINGS.append("-Werror")


def be_a_guest():
    """This program again as a guest: see tests/guest."""
    if not os.environ.get("TEST_GUEST"):
        guest = ROOT / "tests" / "guest"
        os.execv(guest, [guest, sys.executable, "-B", *sys.argv])


class Unusable(Exception):
    """A system or a program that can't be tried, and why."""

    verdict: Verdict


class Missing(Unusable):
    """It is not to be had here."""

    verdict = Verdict.ABSENT


class Failed(Unusable):
    """It is this repository's, and doesn't build."""

    verdict = Verdict.BROKEN


def tell(command, failure=Missing, **options):
    """Runs a command, returns what it prints; or raises the failure, with its last line."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            **options,
        )
    except OSError as error:
        raise failure(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        last = (done.stdout.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise failure(f"{command[0]}: {last}")
    return done.stdout


@contextlib.contextmanager
def alone(lock):
    """Waits for whoever else does the same now."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_older(target, sources):
    """Than a source, or than a header beside one."""
    depends = {file for source in sources for file in (source, *source.parent.glob("*.h"))}
    return not target.exists() or any(
        target.stat().st_mtime <= file.stat().st_mtime for file in depends
    )


def build(target, sources, command):
    if not shutil.which(command[0]):
        raise Missing(f"no {command[0]}")
    with alone(BUILD / "lock"):
        if not is_older(target, sources):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        tell(command, Failed)


class System:
    """This machine and its libc; the others below say what differs."""

    has_children = True  # what a program starts runs there, too
    has_packages = True  # with more in it than libc
    # The ways call what is in librt and libpthread by weak names, which need no library.
    libs = ("-Wl,--no-as-needed", "-lrt", "-lpthread", "-Wl,--as-needed", "-ldl")
    root = Path("/")
    library = LIBRARY
    cc = ["gcc"]
    cxx = ["g++"]
    cxx_libs = []
    rustc = ["rustc"]

    def __init__(self, name):
        self.name = name
        self.programs = BUILD / name

    def prepare(self):
        """Makes it ready to run commands; Missing if that is not to be."""

    def path(self, file):
        """What a file of this repository is called there."""
        return str(file)

    def env(self, loaded, extra):
        """In LD_PRELOAD, linecap stands for the library, and is taken out for a bare run."""
        env = {"PATH": PATH, "LD_PRELOAD": "linecap", **SETTINGS, **extra}
        ours = [self.path(self.library)] if loaded and self.library.exists() else []
        words = env.pop("LD_PRELOAD").split(":")
        preload = [file for word in words for file in (ours if word == "linecap" else [word])]
        return {**env, "LD_PRELOAD": ":".join(preload)} if preload else env

    def command(self, words, loaded, extra):
        """(command, environment) with which this machine runs the words there."""
        return words, self.env(loaded, extra)

    def has(self, interpreter):
        folders = (self.root / folder.lstrip("/") for folder in PATH.split(":"))
        return any(os.path.lexists(folder / interpreter) for folder in folders)

    def program(self, name, sources, compiler, libs=()):
        """Its path there, once it is built."""
        target = self.programs / name
        build(target, sources, [*compiler, "-o", target, *sources, *libs])
        return self.path(target)

    @property
    def static_cc(self):
        return self.cc

    def c_program(self, name, sources, flags=()):
        cc = self.static_cc if "-static" in flags else self.cc
        compiler = [*cc, "-std=gnu11", "-D_GNU_SOURCE", *WARNINGS, *flags]
        return self.program(name, sources, compiler, self.libs)

    def cxx_program(self, name, source):
        if not self.cxx:
            raise Missing("no C++ compiler for it")
        return self.program(name, [source], [*self.cxx, *WARNINGS], self.cxx_libs)

    def rust_program(self, name, source):
        if not self.rustc:
            raise Missing("no Rust compiler for it")
        return self.program(name, [source], [*self.rustc, "-O"])


class Musl(System):
    """The same machine with musl as its libc; the kernel's headers are the machine's."""

    cc = ["musl-gcc", "-idirafter", "/usr/include", "-idirafter", f"/usr/include/{MULTIARCH}"]
    cxx = rustc = []

    def prepare(self):
        if not shutil.which("musl-gcc"):
            raise Missing("no musl-gcc")

    def has(self, interpreter):
        return False


class Arm(System):
    """aarch64 in an emulator of one process: a child would be run as a program of this machine."""

    has_children = False
    root = Path("/usr/aarch64-linux-gnu")
    library = BUILT / "aarch64" / "liblinecap.so"
    cc = ["aarch64-linux-gnu-gcc"]
    cxx = ["aarch64-linux-gnu-g++"]
    rustc = []

    def prepare(self):
        for tool in ("qemu-aarch64", *self.cc):
            if not shutil.which(tool):
                raise Missing(f"no {tool}")
        if LIBRARY.exists():
            place = self.library.parent  # make takes no blank in a name: so, from where it runs
            place = place.relative_to(ROOT) if place.is_relative_to(ROOT) else place
            make = ["make", "-s", "-C", ROOT, f"BUILD={place}", f"CC={self.cc[0]}"]
            with alone(BUILD / "lock"):
                tell([*make, place / self.library.name], Failed)

    def command(self, words, loaded, extra):
        settings = [f"{name}={value}" for name, value in self.env(loaded, extra).items()]
        options = [word for setting in settings for word in ("-E", setting)]
        return ["qemu-aarch64", "-L", str(self.root), *options, *words], {"PATH": PATH}

    def has(self, interpreter):
        return False


class Suite(System):
    """A Debian of another age, in a chroot. Its mounts are in a namespace of their own."""

    ENTER = (
        'root=$0 repository=$1 built=$2; shift 2; mount -t proc proc "$root/proc"; '
        'mount -t tmpfs -o size=64m shm "$root/dev/shm"; mount --bind "$repository" "$root/mnt"; '
        'mount --bind "$built" "$root/opt"; exec chroot "$root" "$@"'
    )
    static_cc = ["gcc"]  # what it links needs nothing of the suite's

    def __init__(self, name, host):
        super().__init__(name)
        self.root = CACHE / name
        self.lock = CACHE / f"{name}.lock"
        if name != OLDEST:
            self.programs = BUILD / host
            return
        # gcc and not g++: the libstdc++ to link with is the suite's, not the compiler's.
        ours = [f"--sysroot={self.root}", f"-B{self.root}/usr/lib/{MULTIARCH}/"]
        self.cc = self.cxx = ["gcc", *ours]
        self.cxx_libs = ["-l:libstdc++.so.6"]
        self.rustc = ["rustc", *(f"-Clink-arg={flag}" for flag in ours)]

    def path(self, file):
        file = Path(file)
        built = file.is_relative_to(BUILT)
        return str("/opt" / file.relative_to(BUILT) if built else "/mnt" / file.relative_to(ROOT))

    def inside(self, root, words):
        namespace = ["unshare", "--mount", "--propagation", "private"]
        return [*namespace, "sh", "-ec", self.ENTER, str(root), str(ROOT), str(BUILT), *words]

    def command(self, words, loaded, extra):
        settings = [f"{name}={value}" for name, value in self.env(loaded, extra).items()]
        return self.inside(self.root, ["env", "-i", *settings, *words]), {"PATH": PATH}

    def prepare(self):
        if os.geteuid():
            raise Missing("a chroot needs root")
        try:
            with alone(self.lock):
                if not self.is_complete():
                    self.bootstrap()
        except OSError as error:
            raise Missing(str(error)) from error
        tell(self.inside(self.root, ["true"]))

    def is_complete(self):
        packages = self.root / "packages"
        return packages.exists() and packages.read_text(encoding="ascii").split() == list(PACKAGES)

    def bootstrap(self):
        """Under another name until it is complete: half a one is never found."""
        part = CACHE / f"{self.name}.part"
        for old in (part, self.root):
            shutil.rmtree(old, ignore_errors=True)
        tell(["debootstrap", "--variant=minbase", self.name, str(part), mirror()])
        self.install(part)
        for needless in ("var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man"):
            shutil.rmtree(part / needless, ignore_errors=True)
        point_links_inside(part)
        (part / "packages").write_text("\n".join(PACKAGES), encoding="ascii")
        part.rename(self.root)

    def install(self, root):
        # A proxy, and how old a snapshot may be, are this machine's.
        settings = tell(["apt-config", "dump", "Acquire"])
        (root / "etc/apt/apt.conf.d/00acquire").write_text(settings, encoding="utf-8")
        apt = """apt-get -q update
apt-get -qy --no-install-recommends install "$@"
apt-get clean"""
        env = {"PATH": PATH, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
        tell(self.inside(root, ["sh", "-ec", apt, "sh", *PACKAGES]), env=env)


class OldestWithoutLibdl(Suite):
    """The oldest, as an image that holds just a program and what it is linked with may be: until
    glibc 2.34 dlsym was in libdl.so.2, and that isn't there."""

    has_packages = False
    libs = ("-Wl,--no-as-needed", "-lrt", "-lpthread")
    ENTER = f'mount --bind /dev/null "$0/lib/{MULTIARCH}/libdl.so.2"; {Suite.ENTER}'

    def __init__(self, host):
        super().__init__(OLDEST, host)
        self.name = f"{OLDEST} without libdl.so.2"
        self.programs = BUILD / f"{OLDEST}-without-libdl"


def point_links_inside(root):
    """For a linker that looks in from outside, an absolute link leads to this machine's library."""
    for link in (*root.glob("usr/lib64/*"), *root.glob(f"usr/lib/{MULTIARCH}/*")):
        if link.is_symlink() and os.readlink(link).startswith("/"):
            inside = root / os.readlink(link).lstrip("/")
            link.unlink()
            link.symlink_to(os.path.relpath(inside, link.parent.resolve()))


def this_debian():
    with contextlib.suppress(OSError, KeyError):
        return platform.freedesktop_os_release()["VERSION_CODENAME"]
    return "this machine"


def mirror():
    """Where this machine's own release comes from."""
    form = "$(RELEASE) $(REPO_URI)"
    targets = tell(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    for target in targets.splitlines():
        release, _, uri = target.partition(" ")
        if release == this_debian():
            return uri
    raise Missing("no mirror in this machine's apt sources")


def all_systems():
    host = this_debian()
    suites = (Suite(suite, host) for suite in SUITES if suite != host)
    return [System(host), Musl("musl"), *suites, OldestWithoutLibdl(host), Arm("aarch64")]
