"""endless.py COUNT: endless.c in Python."""

import sys

count = int(sys.argv[1])
with open("/sync/payload") as file:
    payload = file.read()
with open("/sync/go") as go:
    go.read()
for _ in range(count):
    print(payload, end="")
sys.stdout.flush()
open("/sync/printed", "w").close()
with open("/sync/finish") as finish:
    finish.read()
