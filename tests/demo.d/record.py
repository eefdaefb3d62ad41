"""record.py SIZE: one JSON record of about SIZE bytes on a line, as a logger prints it whose program has
died with a long stack trace; then a short record behind it."""

import sys

size = int(sys.argv[1])
out = sys.stdout.buffer
frame = rb"\tat com.example.shop.Order.pay(Order.java:42)\n"
out.write(b'{"level":"error","trace":"4bf92f3577b34da6","message":"payment failed","stack":"')
for _ in range(size // len(frame)):
    out.write(frame)
out.write(b'","user":4711}\n{"level":"info","message":"the next record"}\n')
