#!/usr/bin/env bats
# linecap cri-log and cri-read as commands: options, files, exit statuses, following. The rules of
# the log itself are tested in tests/unit/cri_*.c. Waits are for a state, with a bound.

# shellcheck disable=SC2154 # run --separate-stderr sets $stderr
load helpers
STAMP='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z'

setup() {
	log=$BATS_TEST_TMPDIR/0.log
}

teardown() {
	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null || true
	done
}

# Waits until the command succeeds, 20 s at most.
eventually() {
	for ((tries = 0; tries < 400; tries++)); do
		"$@" && return
		sleep 0.05
	done
	echo "never true: $*"
	return 1
}

holds() { # FILE TEXT
	[ "$(cat "$1")" = "$2" ]
}

# A line of the log: SECOND STREAM TAG CONTENT
line() {
	printf '2016-10-06T00:17:0%s.000000000Z %s %s %s\n' "$@"
}

follow() { # starts cri-read --follow on the log; its output goes to out and err
	"$LINECAP" cri-read --follow "$@" "$log" >"$BATS_TEST_TMPDIR/out" \
		2>"$BATS_TEST_TMPDIR/err" 3>&- &
	reader=$!
}

@test "cri-log: each line becomes a log line with time, stream and tag" {
	"$LINECAP" cri-log --stream stderr <<<$'one\r\ntwo' >"$log"
	[ "$(wc -l <"$log")" -eq 2 ]
	head -1 "$log" | grep -Exq "$STAMP stderr F one"
	tail -1 "$log" | grep -Exq "$STAMP stderr F two"
}

@test "cri-log: a line is cut at 16384 bytes unless told otherwise" {
	cut() {
		printf '%020000d\n' 0 | "$LINECAP" cri-log "$@" | awk '{ print $3, length($4) }'
	}
	[ "$(cut)" = $'P 16384\nF 3616' ]
	[ "$(cut --max-line 15000)" = $'P 15000\nF 5000' ]
	[ "$(cut --max-line -1)" = 'F 20000' ]
	[ "$(cut --max-line 0)" = 'F 20000' ]
}

@test "cri-log: -o appends to the file and keeps it from the world" {
	printf 'one\n' | "$LINECAP" cri-log -o "$log"
	printf 'two\n' | "$LINECAP" cri-log -o "$log"
	[ "$(awk '{ print $4 }' "$log")" = $'one\ntwo' ]
	[ "$(stat -c %a "$log" | tail -c 2)" = 0 ]
}

@test "cri-log: a finished line is in the log while the stream goes on" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$LINECAP" cri-log -o "$log" <"$BATS_TEST_TMPDIR/in" 3>&- &
	exec 9>"$BATS_TEST_TMPDIR/in"
	printf 'done\nnot yet' >&9
	eventually grep -q ' F done$' "$log"
	[ "$(wc -l <"$log")" -eq 1 ]
	exec 9>&-
	eventually grep -q ' P not yet$' "$log"
}

@test "cri-log: a log that can't be written is reported once, the stream is drained, and it exits 74" {
	[ -w /dev/full ] || skip 'no /dev/full'
	run bash -c 'yes | head -200000 | { "$1" cri-log 2>&1 >/dev/full; }; echo "${PIPESTATUS[*]}"' \
		- "$LINECAP"
	[ "${lines[0]}" = 'linecap cri-log: write to stdout: No space left on device; reading on without it' ]
	[ "${#lines[@]}" -eq 2 ]
	[ "${lines[1]}" = '141 0 74' ] || [ "${lines[1]}" = '0 0 74' ]
}

@test "cri-log: a reader that goes away does not keep the stream from being drained" {
	run bash -c 'set -o pipefail; seq 200000 | { "$1" cri-log; echo $? >"$2"; } | head -1' \
		- "$LINECAP" "$BATS_TEST_TMPDIR/status"
	[ "$status" -eq 0 ]
	[ "$(cat "$BATS_TEST_TMPDIR/status")" = 74 ]
}

@test "cri-log: a stdin that can't be read exits 74" {
	run "$LINECAP" cri-log <"$BATS_TEST_TMPDIR"
	[ "$status" -eq 74 ]
	[ "$output" = 'linecap cri-log: read from stdin: Is a directory' ]
}

@test "cri-log: a line that memory can't hold ends it with status 71" {
	(ulimit -v 100000 && "$LINECAP" --version) || skip 'this build needs more memory at rest'
	run bash -c 'ulimit -v 100000; head -c 200M /dev/zero | "$1" cri-log --max-line -1' - "$LINECAP"
	[ "$status" -eq 71 ]
	[ "$output" = 'linecap cri-log: hold the line: Cannot allocate memory' ]
}

@test "cri-log: on a terminal it shows how far it is, elsewhere it says nothing" {
	command -v script >/dev/null || skip 'no script(1)'
	cd "$BATS_TEST_TMPDIR"
	mkfifo quiet-in in
	# The quiet one starts first: it has had its time to speak once the other has spoken.
	"$LINECAP" cri-log <quiet-in >quiet-log 2>quiet-err 3>&- &
	quiet=$!
	exec 8>quiet-in
	script -qfc "'$LINECAP' cri-log <in >log" screen >/dev/null </dev/null 3>&- 8>&- &
	exec 9>in
	shows_progress() {
		printf 'xxxxxxxx' | tee /dev/fd/8 >&9
		grep -aEq '[0-9]+ B read, [0-9]+ +bytes in the current line' screen
	}
	eventually shows_progress
	exec 8>&- 9>&-
	wait "$quiet"
	[ ! -s quiet-err ]
}

@test "cri-log: a mistake in the options is one line, and status 64" {
	mistake() { # MESSAGE ARG…
		run "$LINECAP" cri-log "${@:2}" </dev/null
		[ "$status" -eq 64 ]
		[ "$output" = "linecap cri-log: $1" ]
	}
	local value range='a number of bytes from 0 to 2147483647, or -1 (no limit)'
	for value in 16k -2 2147483648 '' ' 1' +1 1e3 010 -01; do
		mistake "--max-line is '$value': expected $range" --max-line "$value"
	done
	mistake "--stream is 'std\\nerr': expected stdout or stderr" --stream $'std\nerr'
	mistake '-o needs a value: expected the name of a file' -o
	mistake "no option '--frobnicate'" --frobnicate
	mistake "'x' is one operand too many; usage: linecap cri-log [OPTION...] <INPUT" x
}

@test "cri-log: a file that can't be opened exits 73" {
	run "$LINECAP" cri-log -o "$BATS_TEST_TMPDIR/no/log" </dev/null
	[ "$status" -eq 73 ]
	[ "$output" = "linecap cri-log: open '$BATS_TEST_TMPDIR/no/log': No such file or directory" ]
}

@test "cri-read gives back what cri-log was given, and each on its stream" {
	head -c 300000 /dev/urandom | tr -d '\r' >"$BATS_TEST_TMPDIR/given"
	"$LINECAP" cri-log --max-line 1000 -o "$log" <"$BATS_TEST_TMPDIR/given"
	"$LINECAP" cri-read "$log" | cmp - "$BATS_TEST_TMPDIR/given"
	printf 'oops\n' | "$LINECAP" cri-log --stream stderr >"$log"
	run --separate-stderr "$LINECAP" cri-read "$log"
	[ -z "$output" ]
	[ "$stderr" = oops ]
}

@test "cri-read: --tail counts log lines, so each part of a cut line" {
	{ line 1 stdout F one; line 2 stdout P two-; line 3 stdout P three-; line 4 stdout F four; } >"$log"
	[ "$("$LINECAP" cri-read --tail 2 "$log")" = three-four ]
	[ "$("$LINECAP" cri-read --tail 0 "$log")" = '' ]
	[ "$("$LINECAP" cri-read --tail -1 "$log")" = $'one\ntwo-three-four' ]
}

@test "cri-read: --tail leaves out an unfinished last line" {
	{ line 1 stdout F one; line 2 stdout F two; line 3 stdout F three | tr -d '\n'; } >"$log"
	[ "$("$LINECAP" cri-read --tail 1 "$log")" = two ]
	[ "$("$LINECAP" cri-read "$log")" = $'one\ntwo\nthree' ]
}

@test "cri-read: --timestamps, --since-time, --limit-bytes and --stream choose what is shown" {
	{ line 1 stdout F one; line 2 stderr F two; line 3 stdout F three; } >"$log"
	[ "$("$LINECAP" cri-read --timestamps "$log" 2>&1)" = "$(sed -E 's/(stdout|stderr) F //' "$log")" ]
	[ "$("$LINECAP" cri-read --since-time 2016-10-06T02:17:02+02:00 "$log" 2>&1)" = $'two\nthree' ]
	[ "$("$LINECAP" cri-read --limit-bytes 9 "$log" 2>&1)" = $'one\ntwo\nt' ]
	[ "$("$LINECAP" cri-read --stream stdout "$log" 2>&1)" = $'one\nthree' ]
	[ "$("$LINECAP" cri-read --stream stderr --limit-bytes 1k "$log" 2>&1)" = two ]
}

@test "cri-read: a malformed line is one line on stderr, with nothing in it that a terminal obeys" {
	{ line 1 stdout F one; printf 'bad\033[2J\n'; line 2 stdout F two; } >"$log"
	run --separate-stderr "$LINECAP" cri-read "$log"
	[ "$status" -eq 0 ]
	[ "$output" = $'one\ntwo' ]
	[ "$stderr" = "linecap cri-read: '$log', byte 44: no log line, no timestamp: 'bad\\^[[2J'" ]
}

@test "cri-read: what is no CRI log at all exits 65" {
	echo '{"log":"docker"}' >"$log"
	run "$LINECAP" cri-read "$log"
	[ "$status" -eq 65 ]
	[ "$output" = "linecap cri-read: '$log', byte 0: no log line, no timestamp: '{\"log\":\"docker\"}'" ]
}

@test "cri-read: a line of 100 MB does not cost memory" {
	(ulimit -v 20000 && "$LINECAP" --version) || skip 'this build needs more memory at rest'
	{ line 1 stdout F x | tr -d '\n'; head -c 100M /dev/zero; echo; } >"$log"
	run bash -c 'ulimit -v 20000; "$1" cri-read "$2" | wc -c' - "$LINECAP" "$log"
	[ "$output" -eq $((100 * 1024 * 1024 + 2)) ]
}

@test "cri-read: --follow shows what is added, and ends with status 0 on SIGTERM and SIGINT" {
	for signal in TERM INT; do
		line 1 stdout F one >"$log"
		# A shell's background job ignores SIGINT; cri-read must not.
		follow
		eventually holds "$BATS_TEST_TMPDIR/out" one
		line 2 stdout F two >>"$log"
		eventually holds "$BATS_TEST_TMPDIR/out" $'one\ntwo'
		kill -"$signal" "$reader"
		wait "$reader"
	done
}

@test "cri-read: --follow does not show a line that was never finished" {
	{ line 1 stdout F one; line 2 stdout F two | tr -d '\n'; } >"$log"
	follow
	eventually holds "$BATS_TEST_TMPDIR/out" one
	mv "$log" "$log.1"
	line 3 stdout F three >"$log"
	eventually holds "$BATS_TEST_TMPDIR/out" $'one\nthree'
}

@test "cri-read: --follow goes through a rotation, by rename and by a new file moved in" {
	line 1 stdout F one >"$log"
	follow
	eventually holds "$BATS_TEST_TMPDIR/out" one
	mv "$log" "$log.1"
	line 2 stdout F two >>"$log.1"
	eventually holds "$BATS_TEST_TMPDIR/out" $'one\ntwo'
	line 3 stdout F three >"$log"
	eventually holds "$BATS_TEST_TMPDIR/out" $'one\ntwo\nthree'
	line 4 stdout F four >"$log.new"
	line 5 stdout F five >>"$log.new"
	mv "$log.new" "$log"
	eventually holds "$BATS_TEST_TMPDIR/out" $'one\ntwo\nthree\nfour\nfive'
	kill "$reader"
	wait "$reader"
}

@test "cri-read: --follow watches the file that a symbolic link names" {
	mkdir "$BATS_TEST_TMPDIR/pods"
	line 1 stdout F one >"$BATS_TEST_TMPDIR/pods/0.log"
	ln -s pods/0.log "$log"
	follow
	eventually holds "$BATS_TEST_TMPDIR/out" one
	mv "$BATS_TEST_TMPDIR/pods/0.log" "$BATS_TEST_TMPDIR/pods/1.log"
	line 2 stdout F two >"$BATS_TEST_TMPDIR/pods/0.log"
	eventually holds "$BATS_TEST_TMPDIR/out" $'one\ntwo'
}

@test "cri-read: --follow with --tail begins there and goes on without a limit" {
	{ line 1 stdout F one; line 2 stdout F two; } >"$log"
	follow --tail 1
	eventually holds "$BATS_TEST_TMPDIR/out" two
	{ line 3 stdout F three; line 4 stdout F four; } >>"$log"
	eventually holds "$BATS_TEST_TMPDIR/out" $'two\nthree\nfour'
}

@test "cri-read: stdin, a pipe and a file of stdin's are read as a file is" {
	{ line 1 stdout F one; line 2 stdout P two-; line 3 stdout F three; line 4 stdout F four | tr -d '\n'; } >"$log"
	gzip -c "$log" >"$log.gz"
	for words in "" "--tail 2" "--tail 0" "--tail -1" "--limit-bytes 5" "--timestamps" "--tail 9"; do
		# shellcheck disable=SC2086 # a list of words
		"$LINECAP" cri-read $words "$log" >"$BATS_TEST_TMPDIR/whole"
		# shellcheck disable=SC2086
		zcat "$log.gz" | "$LINECAP" cri-read $words - | cmp - "$BATS_TEST_TMPDIR/whole"
		# shellcheck disable=SC2086
		"$LINECAP" cri-read $words - <"$log" | cmp - "$BATS_TEST_TMPDIR/whole"
		# shellcheck disable=SC2086
		"$LINECAP" cri-read $words <(cat "$log") | cmp - "$BATS_TEST_TMPDIR/whole"
	done
	[ -s "$BATS_TEST_TMPDIR/whole" ]
	run bash -c '{ read -r; exec "$1" cri-read - 2>&1; } <"$2"' - "$LINECAP" "$log"
	[ "$status" -eq 0 ]
	[ "$output" = $'two-three\nfour' ]
}

@test "cri-read: lines of a pipe longer than the buffer, in small pieces, come whole" {
	{ line 1 stdout F "$(head -c 200000 /dev/zero | tr '\0' x)"; line 2 stdout F two; } >"$log"
	dd if="$log" bs=777 2>/dev/null | "$LINECAP" cri-read - | cmp - <("$LINECAP" cri-read "$log")
}

@test "cri-read: --follow of a pipe shows each line as it comes, and ends with it" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$LINECAP" cri-read --follow - <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
	local at_pipe=$!
	exec 9>"$BATS_TEST_TMPDIR/in"
	line 1 stdout F one >&9
	eventually holds "$BATS_TEST_TMPDIR/out" one
	exec 9>&-
	wait "$at_pipe"
}

@test "cri-read: --follow of a file that has no name is a mistake" {
	line 1 stdout F one >"$log"
	run -64 "$LINECAP" cri-read --follow - <"$log"
	[ "$output" = 'linecap cri-read: --follow needs the name of the file that stdin is' ]
}

@test "cri-read: --follow sees what is added by another name, where inotify is silent" {
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	line 1 stdout F one >"$log"
	ln "$log" "$BATS_TEST_TMPDIR/elsewhere/0.log"
	follow
	eventually holds "$BATS_TEST_TMPDIR/out" one
	# Whatever it was just about to look at, it has to look again for the second of these.
	for second in 2 3; do
		line $second stdout F $second >>"$BATS_TEST_TMPDIR/elsewhere/0.log"
		eventually grep -qx $second "$BATS_TEST_TMPDIR/out"
	done
}

@test "cri-read: --follow ends by itself at --limit-bytes" {
	line 1 stdout F one >"$log"
	follow --limit-bytes 6
	eventually holds "$BATS_TEST_TMPDIR/out" one
	line 2 stdout F two >>"$log"
	wait "$reader"
	holds "$BATS_TEST_TMPDIR/out" $'one\ntw'
}

@test "cri-read: a mistake in the options is one line, and status 64" {
	mistake() { # MESSAGE ARG…
		run "$LINECAP" cri-read "${@:2}"
		[ "$status" -eq 64 ]
		[ "$output" = "linecap cri-read: $1" ]
	}
	local value
	for value in some -2 '' ' 3' 3k 010 -01; do
		mistake "--tail is '$value': expected a number of log lines, or -1 (all)" --tail "$value" x
	done
	mistake "--since-time is 'now': expected a time like 2006-01-02T15:04:05Z" --since-time now x
	mistake "--stream is 'both': expected stdout or stderr" --stream both x
	mistake '--tail needs a value: expected a number of log lines, or -1 (all)' --tail
	mistake "no option '-z'" -z x
	mistake 'FILE is missing; usage: linecap cri-read [OPTION...] FILE'
	mistake "'b' is one operand too many; usage: linecap cri-read [OPTION...] FILE" a b
}

@test "cri-read: --limit-bytes takes a plain size and nothing that only looks like one" {
	local value
	line 1 stdout F one >"$log"
	for value in -1 1x 5kx 10MB 1e3 010 '' ' 4' +4 0x10 1.5k k 4kk 99999999999999999999 99999999999999G; do
		run "$LINECAP" cri-read --limit-bytes "$value" "$log"
		[ "$status" -eq 64 ]
		[ "$output" = "linecap cri-read: --limit-bytes is '$value': expected a size like 4096, 64k or 10M, or 0 (no limit)" ]
	done
	[ "$("$LINECAP" cri-read --limit-bytes 2 "$log")" = on ]
	[ "$("$LINECAP" cri-read --limit-bytes 1k "$log")" = one ]
}

@test "cri-read: --limit-bytes 0 is no limit, as kubectl's" {
	line 1 stdout F one >"$log"
	[ "$("$LINECAP" cri-read --limit-bytes 0 "$log")" = one ]
}

@test "cri-read: a file that can't be opened exits 66, followed or not" {
	for option in --follow --timestamps; do
		run "$LINECAP" cri-read "$option" "$log"
		[ "$status" -eq 66 ]
		[ "$output" = "linecap cri-read: open '$log': No such file or directory" ]
	done
}

@test "cri-read: output that can't be written exits 74" {
	[ -w /dev/full ] || skip 'no /dev/full'
	line 1 stdout F one >"$log"
	run bash -c '"$1" cri-read "$2" 2>&1 >/dev/full' - "$LINECAP" "$log"
	[ "$status" -eq 74 ]
	[ "$output" = 'linecap cri-read: write: No space left on device' ]
}

@test "cri-log: the runtime's \\r\\n rule takes no \\r of a line that linecap broke" {
	cat >"$BATS_TEST_TMPDIR/print.pl" <<'END'
print +("x" x 16383 . "\r") x 10;
END
	LD_PRELOAD=$(dirname "$LINECAP")/liblinecap.so perl "$BATS_TEST_TMPDIR/print.pl" |
		"$LINECAP" cri-log --max-line -1 >"$BATS_TEST_TMPDIR/log"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/log")" -gt 9 ]
	"$LINECAP" cri-read "$BATS_TEST_TMPDIR/log" | tr -d '\n' | cmp - <(perl "$BATS_TEST_TMPDIR/print.pl")
}
