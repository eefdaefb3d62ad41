"""Where things are."""

import atexit
import os
import shutil
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "programs")
PROJECT = os.path.dirname(os.path.dirname(HERE))
BUILT = os.path.join(PROJECT, os.environ.get("BUILD") or "build")
LIBRARY = os.path.join(BUILT, "liblinecap.so")
LINECAP = os.path.join(BUILT, "linecap")
BUILD = tempfile.mkdtemp(prefix="build.")  # others may run these tests of the same checkout
atexit.register(shutil.rmtree, BUILD, ignore_errors=True)
