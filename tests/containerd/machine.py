"""What this machine is and can. Needs nothing but Python, so that it can say what is missing."""

import importlib.util
import os
import shutil
import subprocess

PROGRAMS = ["containerd", "ctr", "runc", "cc"]
MODULES = ["grpc", "grpc_tools"]


def inability():
    """Why the cases can't run here, or None."""
    if os.geteuid() != 0:
        return "containerd needs root"
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    missing += [f"Python's {module}" for module in MODULES if not importlib.util.find_spec(module)]
    return f"not installed: {', '.join(missing)}" if missing else None


def versions():
    return {
        "containerd": first_line("containerd", "--version").split()[2],
        "runc": first_line("runc", "--version").split()[-1],
        "kernel": os.uname().release,
    }


def first_line(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
