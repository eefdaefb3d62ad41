"""Where things are."""

import os

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "programs")
PROJECT = os.path.dirname(os.path.dirname(HERE))
LIBRARY = os.path.join(PROJECT, "build", "liblinecap.so")
LINECAP = os.path.join(PROJECT, "build", "linecap")
BUILD = os.path.join(PROJECT, "build", "containerd")
