#!/bin/sh
# A shell's own printf: the line is doubled 14 times.
line='0123456 789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ'
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
	line=$line$line
done
printf '%s\n' "$line"
printf '%s\n' "$line" >&2
