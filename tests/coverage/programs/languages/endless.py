import sys

line = "".join(f"{at:07} " for at in range(0, 1 << 20, 8))
print(line)
print(line, file=sys.stderr)
