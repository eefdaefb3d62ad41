#!/usr/bin/env bats
# The library in programs as people run them: shell loops, progress bars, pipelines, streams that
# go elsewhere, readers that go away.
# shellcheck disable=SC2016 # $ in single quotes is for an inner program

load helpers

setup_file() {
	load helpers
	compile judge streams
	endless 2000000 >"$BATS_FILE_TMPDIR/endless"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	original=$BATS_FILE_TMPDIR/endless
}

# --- small writes ---------------------------------------------------------------------------------

@test "a loop of processes that print a few bytes each is one line" {
	cat >loop <<-'END'
		for ((i = 0; i < 100; i++)); do
			curl -s -o /dev/null -w '%{size_download},' "file://$1"
		done
	END
	bash loop "$original" >file
	equal 800 "$(longest <file)"
	LINECAP_MAX=64 guarded bash loop "$original" | judge 64 '' file
}

@test "a loop of a shell's own is one line" {
	LINECAP_MAX=64 guarded bash -c 'for ((i = 0; i < 1000; i++)); do printf "%d," "$i"; done' |
		judge 64 '' <(printf '%d,' {0..999})
}

@test "a progress bar is one line, and is broken like any" {
	cat >progress.py <<-'END'
		for done in range(5000):
		    print(f"\r{done / 50:5.1f} % [{'#' * (done // 100):50}]", end="", flush=True)
		print()
	END
	"$PYTHON" progress.py >file
	LINECAP_MAX=1000 guarded "$PYTHON" progress.py | judge 1000 '' file
}

@test "a break never comes between a carriage return and its newline" {
	for n in 62 63 64 65 128 129; do
		printf '%*s\r\n' "$n" '' >>file
	done
	LINECAP_MAX=64 guarded cat file | tee out | judge 64 '' file
	equal 6 "$(grep -c $'\r$' out)"
	equal 6 "$(tr -cd '\r' <out | wc -c)"
}

# --- both streams ---------------------------------------------------------------------------------

@test "stdout and stderr on one pipe are bounded as one line" {
	LINECAP_MAX=100 guarded "$PYTHON" -c 'import os
for i in range(1000):
    os.write(1, b"out"); os.write(2, b"err")' 2>&1 | judge 100 '' <(printf 'outerr%.0s' {1..1000})
}

@test "what a program says on stderr is bounded, too" {
	guarded bash -c 'cat "$1" >&2' - "$original" 2>&1 >/dev/null | judge 16384 '' "$original"
}

# --- streams that go elsewhere --------------------------------------------------------------------

@test "stdout on a file by freopen and back: the file is whole, the pipe bounded" {
	guarded streams freopen file | longest >length
	equal 16384 "$(<length)"
	equal 100000 "$(longest <file)"
}

@test "a command behind popen gets all, as it is" {
	guarded streams popen file | longest >length
	equal 16384 "$(<length)"
	equal 100000 "$(longest <file)"
}

@test "a shell's stdout on a file and back: the file is whole, the pipe bounded" {
	guarded bash -c 'exec 7>&1 >file; cat "$1"; exec >&7; cat "$1"' - "$original" |
		judge 16384 '' "$original"
	same_file "$original" file
}

@test "a background process goes on when its shell has ended, and stays bounded" {
	mkfifo go
	exec 7<>go
	guarded bash -c '{ read -r _ <go; cat "$1"; } & exit' - "$original" 3>&- 7>&- |
		judge 16384 '' "$original" &
	echo >&7
	wait $!
}

@test "a daemon's child, whose session is its own, is bounded" {
	guarded setsid --wait cat "$original" | judge 16384 '' "$original"
}

# --- tools that print one line --------------------------------------------------------------------

# one_line COMMAND…: it prints one, to a file; to the pipe it is broken, and nothing is lost.
one_line() {
	"$@" >file
	more_than 16384 "$(longest <file)"
	guarded "$@" | judge 16384 '' file
}

@test "base64 -w 0" {
	one_line base64 -w 0 "$original"
}

@test "seq with a separator" {
	one_line seq -s ' ' 100000
}

@test "tr that removes newlines" {
	seq 100000 >numbers
	one_line bash -c 'tr -d "\n" <numbers'
}

@test "paste that joins lines" {
	seq 100000 >numbers
	one_line paste -sd , numbers
}

@test "find -print0" {
	one_line find /usr/share/doc -print0
}

@test "sed that joins lines" {
	seq 10000 >numbers
	one_line sed ':a; N; $!ba; s/\n/,/g' numbers
}

@test "dd, in blocks of any size" {
	one_line dd if="$original" bs=7k status=none
	one_line dd if="$original" obs=1M status=none
}

@test "head -c" {
	one_line head -c 1000000 "$original"
}

@test "od without addresses" {
	one_line od -An -v -tx1 -w1000000 "$original"
}

@test "xargs, whose children write" {
	seq 20000 >numbers
	one_line xargs -n 100 -a numbers printf %s,
}

@test "timeout, nice, env and stdbuf pass the library on" {
	one_line timeout 60 nice env stdbuf -o0 cat "$original"
}

# --- readers that go ------------------------------------------------------------------------------

@test "a reader that goes ends the writer with SIGPIPE, as it does without the library" {
	local script='"$@" </dev/zero | head -c 1000 >/dev/null; echo "${PIPESTATUS[0]}"'

	equal 141 "$(bash -c "$script" - timeout 60 tr '\0' x)"
	for mode in split truncate; do
		equal 141 "$(LINECAP_MODE=$mode bash -c "$script" - \
			timeout 60 env LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP" tr '\0' x)"
	done
}

@test "a writer that ignores SIGPIPE hears EPIPE while its line is dropped" {
	LINECAP_MODE=truncate guarded timeout 60 "$PYTHON" -c 'import os, sys
written = 0
try:
    while True:
        written += os.write(1, b"x" * 1000)
except BrokenPipeError:
    print(written, file=sys.stderr)' 2>said | head -c 16385 >/dev/null
	more_than 16384 "$(<said)"
}

@test "a reader that is slow loses nothing" {
	guarded cat "$original" | "$PYTHON" -c 'import sys
while piece := sys.stdin.buffer.raw.read(4096):
    sys.stdout.buffer.write(piece)' | judge 16384 '' "$original"
}

@test "two copies of the library in one process count and drop once" {
	cp "$LIBLINECAP" "$BATS_TEST_TMPDIR/second.so"
	LINECAP_TARGET=stdio LINECAP_MAX=100 LINECAP_MODE=truncate \
		LD_PRELOAD="$LIBLINECAP:$BATS_TEST_TMPDIR/second.so" \
		perl -e 'print "x" x 10000, "\n"' | cat >"$BATS_TEST_TMPDIR/out"
	grep -Fx '[linecap: 9900 bytes dropped]' "$BATS_TEST_TMPDIR/out"
	LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP:$BATS_TEST_TMPDIR/second.so" \
		perl -e 'print "x" x 20000, "\n"' | cat >"$BATS_TEST_TMPDIR/out"
	equal 16384 "$(head -n 1 "$BATS_TEST_TMPDIR/out" | tr -d '\n' | wc -c)"
	equal 2 "$(wc -l <"$BATS_TEST_TMPDIR/out")"
}
