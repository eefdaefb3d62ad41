"""A container's log file as the runtime writes it: TIMESTAMP STREAM TAG CONTENT, a line each."""

import collections
import hashlib
import os
import re

LINE = re.compile(
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) (stdout|stderr) ([PF]) (.*)", re.DOTALL
)
Entry = collections.namedtuple("Entry", "stream tag content")


def entries(text):
    """Of a whole log; a line that is torn or out of format is a failure."""
    lines = text.split(b"\n")
    if lines.pop():
        raise AssertionError("the log ends inside a line")
    return [entry(line) for line in lines]


def entry(line):
    found = LINE.fullmatch(line)
    if not found:
        raise AssertionError(f"not a log line: {line[:100]}")
    return Entry(found[1].decode(), found[2].decode(), found[3])


class Follower:
    """Reads a growing log of one stream and keeps what all its lines amount to, not the lines."""

    def __init__(self, path):
        self.path = path
        self.offset = 0
        self.lines = 0
        self.bytes = 0
        self.longest = 0
        self.tags = set()
        self.digest = hashlib.sha256()

    def file_size(self):
        return os.stat(self.path).st_size

    def read_on(self):
        """Takes in the lines that are complete by now."""
        with open(self.path, "rb") as log:
            log.seek(self.offset)
            text = log.read()
        complete = text[: text.rfind(b"\n") + 1]
        self.offset += len(complete)
        for _, tag, content in entries(complete):
            self.lines += 1
            self.bytes += len(content)
            self.longest = max(self.longest, len(content))
            self.tags.add(tag)
            self.digest.update(content)
        return self
