#!/usr/bin/env bats
# An endless line from programs in many languages, as their users write them: bounded, and not a
# byte lost. What a program prints to a file is what it should have printed.
# shellcheck disable=SC2016,SC1003 # $ in single quotes is for an inner program, '\' is a backslash

load helpers

setup_file() {
	load helpers
	compile judge stream
	cat >"$BATS_FILE_TMPDIR/Line.java" <<-'END'
		import java.io.PrintStream;

		public class Line {
			public static void main(String[] words) throws Exception {
				PrintStream out = new PrintStream(System.out, true, "UTF-8");

				for (int i = 0; i < 20000; i++)
					out.print(words[0]);
			}
		}
	END
	javac -d "$BATS_FILE_TMPDIR" "$BATS_FILE_TMPDIR/Line.java"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# prints_a_line COMMAND…
prints_a_line() {
	"$@" >file
	more_than 50000 "$(longest <file)"
	guarded "$@" | judge 16384 '' file
	LINECAP_MAX=1000 LINECAP_MARK='\' guarded "$@" | judge 1000 '\' file
}

# reports_what_it_drops COMMAND…: what is printed is one line, an end of line behind it.
reports_what_it_drops() {
	"$@" >file
	LINECAP_MODE=truncate LINECAP_MAX=1000 guarded "$@" >out.file
	same_file file out.file
	LINECAP_MODE=truncate LINECAP_MAX=1000 guarded "$@" | cat >out
	{
		head -c 1000 file
		printf '\n[linecap: %d bytes dropped]\n' $(($(stat -c %s file) - 1001))
	} | cmp - out
}

# --- bytes ----------------------------------------------------------------------------------------

@test "bash: printf and echo" {
	prints_a_line bash -c 'for ((i = 0; i < 10000; i++)); do printf "%d " "$i"; echo -n word; done'
}

@test "sh" {
	prints_a_line sh -c 'i=0; while [ $i -lt 20000 ]; do printf "%d " $i; i=$((i + 1)); done'
}

@test "python3: print, buffered and not" {
	prints_a_line "$PYTHON" -c 'for i in range(20000): print(i, end=" ")'
	prints_a_line "$PYTHON" -u -c 'for i in range(20000): print(i, end=" ")'
}

@test "python3: sys.stdout.buffer, os.write, os.writev and a file of its own" {
	prints_a_line "$PYTHON" -c 'import os, sys
sys.stdout.buffer.write(b"b" * 100000); sys.stdout.flush()
os.write(1, b"w" * 30000)
os.writev(1, [b"v" * 10000, b"v" * 10000])
with open("/dev/stdout", "ab", buffering=0) as out: out.write(b"o" * 30000)'
	"$PYTHON" -c 'print("x" * 200000, end="")' >file
	guarded "$PYTHON" -c 'import os
done = 0
while done < 200000: done += os.write(1, b"x" * (200000 - done))' | judge 16384 '' file
}

@test "python3: subprocesses, threads" {
	"$PYTHON" -c 'print("x" * 100000 + "y" * 100000, end="")' >file
	guarded "$PYTHON" -c 'import subprocess, sys, threading
thread = threading.Thread(target=lambda: print("x" * 100000, end="", flush=True))
thread.start(); thread.join()
subprocess.run([sys.executable, "-c", "print(\"y\" * 100000, end=\"\")"], check=True)' |
		judge 16384 '' file
}

@test "perl: print, syswrite, printf" {
	prints_a_line perl -e 'for $i (0 .. 20000) { print "$i " } $| = 1; printf "%d ", $_ for 1 .. 5000;
		syswrite STDOUT, "s" x 20000'
}

@test "node: process.stdout.write and fs.writeSync" {
	prints_a_line node -e 'for (let i = 0; i < 20000; i++) process.stdout.write(i + " ")'
	prints_a_line node -e 'const fs = require("fs"), line = "s".repeat(100000)
		for (let done = 0; done < line.length;)
			try { done += fs.writeSync(1, line.slice(done)) }
			catch (error) { if (error.code != "EAGAIN") throw error }'
}

@test "java: System.out" {
	prints_a_line java -cp "$BATS_FILE_TMPDIR" Line 'a word '
}

@test "C++: cout, cerr, put and flush" {
	stream >file 2>/dev/null
	guarded stream 2>/dev/null | judge 16384 '' file
	guarded stream 2>&1 >/dev/null | judge 16384 '' file
}

@test "awk: printf without a newline" {
	prints_a_line awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%d ", i }'
}

@test "jq: -j, and -c on one large document" {
	prints_a_line jq -nj 'range(20000) | "\(.) "'
	prints_a_line jq -nc '[range(20000)]'
}

# --- UTF-8 ----------------------------------------------------------------------------------------

text='日本語のログ 👩‍🚀 ünïcödé '

# prints_utf_8 COMMAND…: each line of the output is valid by itself.
prints_utf_8() {
	local max

	"$@" >file
	for max in 64 65 66 67 1000; do
		LINECAP_MAX=$max guarded "$@" | tee out | judge "$max" '' file
		"$PYTHON" -c 'import sys
for line in open("out", "rb"): line.decode()'
	done
	# Cut anywhere, they would not be.
	run ! "$PYTHON" -c 'whole = open("file", "rb").read()
for at in range(0, len(whole), 64): whole[at:at + 64].decode()'
}

@test "UTF-8 from bash stays valid, line for line" {
	LC_ALL=C.UTF-8 prints_utf_8 bash -c 'for ((i = 0; i < 2000; i++)); do printf %s "$1"; done' - "$text"
}

@test "UTF-8 from python3 stays valid, line for line" {
	PYTHONUTF8=1 prints_utf_8 "$PYTHON" -c 'import sys; print(sys.argv[1] * 5000, end="")' "$text"
}

@test "UTF-8 from perl stays valid, line for line" {
	prints_utf_8 perl -e 'print $ARGV[0] x 5000' "$text"
}

@test "UTF-8 from node stays valid, line for line" {
	prints_utf_8 node -e 'process.stdout.write(process.argv[1].repeat(5000))' "$text"
}

@test "UTF-8 from java stays valid, line for line" {
	LC_ALL=C.UTF-8 prints_utf_8 java -cp "$BATS_FILE_TMPDIR" Line "$text"
}

@test "UTF-8 from awk stays valid, line for line" {
	prints_utf_8 awk -v text="$text" 'BEGIN { for (i = 0; i < 5000; i++) printf "%s", text }'
}

@test "UTF-8 stays valid where the writes themselves cut it" {
	for size in 1 2 3 5 7; do
		prints_utf_8 "$PYTHON" -c 'import os, sys
whole, size = os.fsencode(sys.argv[1]) * 50, int(sys.argv[2])
for at in range(0, len(whole), size): os.write(1, whole[at:at + size])' "$text" "$size"
	done
}

# --- truncate -------------------------------------------------------------------------------------

@test "truncate: bash" {
	reports_what_it_drops bash -c 'for ((i = 0; i < 10000; i++)); do printf "%d " "$i"; done; echo'
}

@test "truncate: python3" {
	reports_what_it_drops "$PYTHON" -c 'print("x" * 300000)'
	reports_what_it_drops "$PYTHON" -u -c 'print(*range(20000))'
}

@test "truncate: perl" {
	reports_what_it_drops perl -e 'print "x" x 300000, "\n"'
}

@test "truncate: node" {
	reports_what_it_drops node -e 'console.log("x".repeat(300000))'
}

@test "truncate: C++ and what follows on the line" {
	reports_what_it_drops bash -c 'stream 2>/dev/null; echo'
}

@test "truncate: jq" {
	reports_what_it_drops jq -nc '[range(20000)]'
}

@test "truncate: a line that fits goes unreported" {
	guarded env LINECAP_MODE=truncate LINECAP_MAX=1000 "$PYTHON" -c 'for n in (1000, 999, 1001, 0, 5): print("x" * n)' |
		awk '{ print length($0) < 100 ? $0 : length }' >found
	diff found - <<-'END'
		1000
		999
		1000
		[linecap: 1 bytes dropped]
		
		xxxxx
	END
}
