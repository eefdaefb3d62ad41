"""What this machine is and can. Needs nothing but Python, so that it can say what is missing."""

import importlib.util
import os
import shutil
import subprocess
import sys

PROGRAMS = ["containerd", "ctr", "runc", "cc"]
MODULES = ["grpc", "grpc_tools"]


def be_a_guest():
    """This program again as a guest: see tests/guest."""
    if not os.environ.get("TEST_GUEST"):
        guest = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "guest")
        os.execv(guest, [guest, sys.executable, *sys.argv])


def inability():
    """Why the cases can't run here, or None."""
    if os.geteuid() != 0:
        return "containerd needs root"
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    missing += [f"Python's {module}" for module in MODULES if not importlib.util.find_spec(module)]
    return f"not installed: {', '.join(missing)}" if missing else None


def no_newer_containerd():
    """From here on containerd is Debian sid's. Why it can't be, or None."""
    cache = os.environ.get("LINECAP_CACHE") or "/var/cache/linecap"
    place = os.path.join(cache, "containerd-sid")
    unpacked = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "unpacked")
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    command = [unpacked, place, f"sid:{architecture}", "containerd"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return done.stderr.strip()
    os.environ["PATH"] = f"{place}/usr/bin:{os.environ['PATH']}"
    done = subprocess.run(["containerd", "--version"], capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else None


def versions():
    return {
        "containerd": first_line("containerd", "--version").split()[2],
        "runc": first_line("runc", "--version").split()[-1],
        "kernel": os.uname().release,
    }


def first_line(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
