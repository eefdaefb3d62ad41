"""document.py SIZE: a JSON document of SIZE bytes without a newline, then, when stdin ends, its end.

What "structured" output is like where nobody thought of lines.
"""

import json
import sys

WORDS = "the quick brown fox jumps over the lazy dog while five boxing wizards look on".split()
BATCH = 200  # events written at a time

size = int(sys.argv[1])


def event(number):
    text = " ".join(WORDS[(number + i) % len(WORDS)] for i in range(12))
    return {"id": number, "level": "info", "user": f"Zoë Müller {number % 97}", "text": (text + "; ") * 16}


def events():
    number = 0
    while True:
        batch = [event(number + i) for i in range(BATCH)]
        yield json.dumps(batch, ensure_ascii=False)[1:-1].encode()
        number += BATCH


out = sys.stdout.buffer
printed = out.write(b'{"events":[{}')
for batch in events():
    if printed + len(batch) + 1 > size:
        break
    printed += out.write(b",") + out.write(batch)
out.write(b" " * (size - printed))  # white space, as far as JSON is concerned
out.flush()
sys.stdin.read()
out.write(b"]}\n")
