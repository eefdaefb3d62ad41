#!/usr/bin/env bats
# linecap cri-log and cri-read as commands: options, files, exit statuses, following. The rules of
# the log itself are tested in tests/unit/cri_*.c. Waits are for a state, with a bound.

# shellcheck disable=SC2154 # run --separate-stderr sets $stderr
bats_require_minimum_version 1.5.0
STAMP='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z'

setup() {
	LINECAP=$(realpath "${LINECAP:-$BATS_TEST_DIRNAME/../../build/linecap}")
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
	local range='--max-line is -1 (no limit) to 2147483647 bytes, not'
	mistake "$range '16k'" --max-line 16k
	mistake "$range '-2'" --max-line -2
	mistake "$range '2147483648'" --max-line 2147483648
	mistake "$range ''" --max-line ''
	mistake "--stream is stdout or stderr, not 'std\\nerr'" --stream $'std\nerr'
	mistake '-o needs a value' -o
	mistake "no option '--frobnicate'" --frobnicate
	mistake "it reads stdin and takes no argument, so not 'x'" x
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
	mistake "--tail is a number of log lines or -1 (all), not 'some'" --tail some x
	mistake "--tail is a number of log lines or -1 (all), not '-2'" --tail -2 x
	mistake "--since-time is like 2006-01-02T15:04:05Z, not 'now'" --since-time now x
	mistake "--limit-bytes is a size like 4096 or 10M, not '-1'" --limit-bytes -1 x
	mistake "--limit-bytes is a size like 4096 or 10M, not '1x'" --limit-bytes 1x x
	mistake "--stream is stdout or stderr, not 'both'" --stream both x
	mistake '--tail needs a value' --tail
	mistake "no option '-z'" -z x
	mistake 'it takes one FILE, not 0'
	mistake 'it takes one FILE, not 2' a b
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
