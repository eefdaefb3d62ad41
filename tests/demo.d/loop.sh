#!/bin/sh
# loop.sh SIZE: a loop that reports what it does and never ends the line, SIZE bytes of it; then,
# when stdin ends, the line's end.
set -eu
report='shard 17: 4096 keys copied, 0 failed; '
reports=$report
while [ ${#reports} -lt 2000 ]; do
	reports=$reports$report
done
left=$1
while [ "$left" -ge ${#reports} ]; do
	printf '%s' "$reports"
	left=$((left - ${#reports}))
done
printf '%.*s' "$left" "$reports"
read -r _ || true
echo
