#!/usr/bin/python3
"""joiner AGENT: what a log agent that joins partial lines makes of the log on stdin.

AGENT is fluent-bit or vector. Prints the most bytes that it held at once, of one record, and how many
records it passed on. Timeouts are left out: the log is read at once.

Facts: both append a piece with the tag P to what they hold, and pass the whole on with the piece that
has the tag F. fluent-bit holds a record for each stream (its multiline parser "cri" groups by the
key stream), Vector one for each file (kubernetes_logs with auto_partial_merge). Neither has a bound
by default in its widespread versions; where a later one is set, a longer record is cut or lost.
"""

import sys

GROUPS = {"fluent-bit": lambda stream: stream, "vector": lambda stream: "file"}


def main(agent):
    held, most, records = {}, 0, 0
    for line in sys.stdin.buffer:
        _, stream, tag, content = line.rstrip(b"\n").split(b" ", 3)
        group = GROUPS[agent](stream)
        held[group] = held.get(group, 0) + len(content)
        most = max(most, held[group])
        if tag == b"F":
            records += 1
            del held[group]
    print(most, records)


main(*sys.argv[1:])
