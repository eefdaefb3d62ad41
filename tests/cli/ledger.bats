#!/usr/bin/env bats
# The ledger in real processes: when its page is made, what becomes of keys that are taken, of limits
# and of filters, and when pages go. Each test has System V segments of its own (ipc_namespaces(7)),
# which takes root; the pipe is a named one, so that all processes of a test know it.

# shellcheck disable=SC2016,SC2164  # scripts for other shells; bats ends at a cd that fails

load helpers

setup() {
	hold_segments
	export LINECAP_MAX=64
}

teardown() {
	[[ -z ${other-} ]] || echo >&7
	release_segments
}

# What comes out of the pipe, from here to stop_reading, is in the file `out`.
start_reading() {
	cat pipe >out 3>&- &
	reader=$!
	exec 6>pipe # waits until it is there
}

stop_reading() {
	exec 6>&-
	wait "$reader"
}

through() {
	"$@" >&6
}

# The keys of the pages, in order.
keys() {
	inside ipcs -m | awk '$1 ~ /^0x6c/ { print $1 }' | sort
}

pages() {
	keys | grep -c . || true
}

# key 0, key 1: the first and the second key of root's page for the pipe.
key() {
	start_reading
	through inside_guarded /usr/bin/printf x
	local first
	first=$(keys)
	inside ipcrm -M "$first"
	if [[ $1 == 1 ]]; then
		inside "$PYTHON" -c "$segment" "$first" 65534 0600
		through inside_guarded /usr/bin/printf x
		keys | grep -v "$first"
		inside ipcrm -a
	else
		echo "$first"
	fi
	stop_reading
}

# Python: makes a segment. KEY UID MODE [SIZE]
segment='import ctypes, os, sys
key, uid, mode = int(sys.argv[1], 16), int(sys.argv[2]), int(sys.argv[3], 8)
size = int(sys.argv[4]) if len(sys.argv) > 4 else 4096
os.seteuid(uid)
libc = ctypes.CDLL(None, use_errno=True)
if libc.shmget(key, size, 0o3000 | mode) < 0:
    sys.exit(os.strerror(ctypes.get_errno()))'

# --- when it is made ------------------------------------------------------------------------------

@test "processes that know nothing of each other share the line of their pipe" {
	start_reading
	for _ in {1..50}; do
		through inside env -i LINECAP_MAX=64 LINECAP_TARGET="$id" LD_PRELOAD="$LIBLINECAP" \
			/usr/bin/printf abc
	done
	stop_reading
	equal 64 "$(longest <out)"
	equal 150 "$(tr -d '\n' <out | wc -c)"
	equal 1 "$(pages)"
}

@test "without the library the same processes make one long line" {
	start_reading
	for _ in {1..50}; do
		through inside env -i LINECAP_MAX=64 LINECAP_TARGET="$id" /usr/bin/printf abc
	done
	stop_reading
	equal 150 "$(longest <out)"
}

@test "the page is made at the first write to the pipe, once, and not at the start" {
	start_reading
	through inside_guarded strace -E LD_PRELOAD="$LIBLINECAP" -o trace \
		sh -c 'cd /; printf a; printf b; printf c'
	stop_reading
	equal abc "$(<out)"
	equal "chdir page write write write" "$(sed -nE \
		-e 's/^chdir.*/chdir/p' -e "s|^shmat.*|page|p" -e 's/^write\(1, .*/write/p' trace |
		paste -sd ' ')"
}

# first_write: the system calls of a process's first write to the pipe, by name.
first_write() {
	through inside_guarded strace -E LD_PRELOAD="$LIBLINECAP" -o trace sh -c 'cd /; printf a'
	sed -nE '1,/^chdir/d; /^write\(1/q; s/\(.*//p' trace
}

@test "a pipe's first write costs six system calls, the first of a process that joins five" {
	start_reading
	equal "getpid fstat shmget shmat shmctl shmget" "$(first_write | paste -sd ' ')"
	equal "getpid fstat shmget shmat shmctl" "$(first_write | paste -sd ' ')"
	stop_reading
}

@test "a process that writes to no guarded pipe makes no page" {
	start_reading
	through inside_guarded /bin/true
	inside_guarded sh -c 'echo to a file; echo to another pipe | cat' >file
	equal 0 "$(pages)"
	through inside_guarded /usr/bin/printf x
	equal 1 "$(pages)"
	stop_reading
}

@test "the page is found by a process that has closed all fds and lost its environment" {
	start_reading
	through inside_guarded /usr/bin/printf '%050d' 0
	through inside env -i LINECAP_MAX=64 LINECAP_TARGET="$id" LD_PRELOAD="$LIBLINECAP" \
		setsid sh -c 'exec 2>&- <&-; printf %050d 0'
	stop_reading
	equal "64 36" "$(awk '{ print length }' out | paste -sd ' ')"
}

@test "a process that has left its uid since its start counts with those of the new one" {
	start_reading
	through inside_guarded "$PYTHON" -c 'import os, sys
os.setresuid(65534, 65534, 65534)
os.write(1, b"%050d" % 0)'
	through inside_guarded setpriv --reuid=65534 --regid=65534 --clear-groups \
		/usr/bin/printf '%050d' 0
	stop_reading
	equal "64 36" "$(awk '{ print length }' out | paste -sd ' ')"
	equal 1 "$(pages)"
}

# --- what may be in its way -----------------------------------------------------------------------

# together WHAT: two processes share a line in spite of WHAT.
together() {
	start_reading
	through inside_guarded /usr/bin/printf '%050d' 0
	through inside_guarded /usr/bin/printf '%050d' 0
	stop_reading
	equal "$1: 64 36" "$1: $(awk '{ print length }' out | paste -sd ' ')"
}

@test "whoever takes the key of root's page before root does is not in the way" {
	local first

	first=$(key 0)
	for words in "65534 0600" "65534 0666" "0 0644" "0 0600 1" "65534 0666 65536"; do
		# shellcheck disable=SC2086  # a list of words
		inside "$PYTHON" -c "$segment" "$first" $words
		together "$words"
		equal 2 "$(pages)"
		inside ipcrm -a
	done
}

@test "once what was in the way is gone, the page is still the same" {
	local first

	first=$(key 0)
	inside "$PYTHON" -c "$segment" "$first" 65534 0600
	start_reading
	through inside_guarded /usr/bin/printf '%050d' 0
	inside ipcrm -M "$first"
	through inside_guarded /usr/bin/printf '%050d' 0
	stop_reading
	equal "64 36" "$(awk '{ print length }' out | paste -sd ' ')"
	equal 1 "$(pages)"
}

# The line of one process is bounded, and it ends well.
bounded_by_itself() {
	start_reading
	through "$@" sh -c 'for i in 1 2 3; do printf %050d 0; done'
	stop_reading
	equal "64 64 22" "$(awk '{ print length }' out | paste -sd ' ')"
}

@test "where both keys are taken the process has a line of its own" {
	local first second

	first=$(key 0) second=$(key 1)
	inside "$PYTHON" -c "$segment" "$first" 65534 0666
	inside "$PYTHON" -c "$segment" "$second" 65534 0666
	bounded_by_itself inside_guarded
	equal 2 "$(pages)"
}

@test "another uid can neither read nor remove the page" {
	start_reading
	through inside_guarded /usr/bin/printf x
	stop_reading
	run -1 inside setpriv --reuid=65534 --regid=65534 --clear-groups ipcrm -M "$(keys)"
	[[ $output == *"ermission denied"* || $output == *"not permitted"* ]]
	equal 1 "$(pages)"
	run -0 inside setpriv --reuid=65534 --regid=65534 --clear-groups "$LINECAP" stat
	equal "no guarded pipe has been written to" "$output"
}

# A page in /dev/shm could be truncated by its own uid, from another container of the pod too: then
# those who had it mapped died of SIGBUS.
@test "whoever has the uid's rights may remove the page under a writer, which goes on" {
	start_reading
	through inside_guarded sh -c 'printf %050d 0; ipcrm -a; printf %050d 0; printf %050d 0'
	stop_reading
	equal "64 64 22" "$(awk '{ print length }' out | paste -sd ' ')"
}

# --- limits and filters ---------------------------------------------------------------------------

# At the file size limit a file's blocks can't be allocated: SIGXFSZ.
@test "a process whose file size limit is 0 lives, and joins" {
	start_reading
	through inside_guarded sh -c 'ulimit -f 0; exec /usr/bin/printf %050d 0'
	through inside_guarded /usr/bin/printf '%050d' 0
	stop_reading
	equal "64 36" "$(awk '{ print length }' out | paste -sd ' ')"
}

@test "where the kernel's limit of segments is reached the process has a line of its own" {
	inside sh -c 'echo 0 >/proc/sys/kernel/shmmni' || skip "sysctls are read-only"
	bounded_by_itself inside_guarded
	equal 0 "$(pages)"
}

@test "where shmget, shmat or shmctl are denied the process has a line of its own" {
	for call in shmget shmat shmctl; do
		for error in ENOSYS EPERM; do
			bounded_by_itself inside_guarded strace -qq -o /dev/null \
				-e inject=$call:error=$error
			inside ipcrm -a
		done
	done
}

# --- when it goes ---------------------------------------------------------------------------------

# The script, in a PID namespace of its own where nobody else holds anything. `guarded COMMAND` is
# the first process of a tree; `pages` are the keys of those there are.
alone() {
	inside unshare -pf --mount-proc --kill-child sh -c '
		so=$1
		guarded() { LINECAP_TARGET=stdio LD_PRELOAD=$so "$@"; }
		pages() { ipcs -m | sed -n "s/^\(0x6c[0-9a-f]*\) .*/\1/p"; }
		eval "$2"' - "$LIBLINECAP" "$1" 3>&-
}

@test "the page of a dead pipe is removed when the next process tree starts" {
	run alone '
		guarded /bin/echo 1 | cat; first=$(pages)
		guarded /bin/echo 2 | cat; second=$(pages)
		echo "$first"; echo "$second"'
	equal 4 "${#lines[@]}"
	[[ ${lines[2]} =~ ^0x6c[0-9a-f]{6}$ && ${lines[3]} =~ ^0x6c[0-9a-f]{6}$ ]]
	[[ ${lines[2]} != "${lines[3]}" ]]
}

@test "the page of a pipe that any process holds stays, and goes with it" {
	run alone '
		mkfifo live; exec 5<>live
		guarded /bin/echo 1 >&5; live=$(pages)
		guarded /bin/echo 2 | cat
		case "$(pages)" in *"$live"*) echo it stays ;; esac
		exec 5>&-
		guarded /bin/echo 3 | cat
		case "$(pages)" in *"$live"*) ;; *) echo it is gone ;; esac'
	equal $'2\nit stays\n3\nit is gone' "$output"
}

@test "a process that is no first of its tree removes nothing" {
	run alone '
		guarded /bin/echo 1 | cat; first=$(pages)
		(export LINECAP_TARGET=1:1 LD_PRELOAD=$so; /bin/true)
		[ "$first" = "$(pages)" ] && echo it stays'
	equal $'1\nit stays' "$output"
}

# elsewhere FILE SCRIPT: `alone` in the background, until leave_elsewhere. FILE: what the script makes
# at its end.
elsewhere() {
	mkfifo finish
	exec 7<>finish
	alone "$2; >$1; read -r _ <finish" 7>&- &
	other=$!
	until_true 30 test -e "$1"
}

leave_elsewhere() {
	echo >&7
	wait "$other"
}

@test "a page that a process of another PID namespace has attached stays" {
	elsewhere ended 'mkfifo live never; exec 5<>live
		guarded sh -c "echo 1; >attached; read line <>never" >&5 &
		until [ -e attached ]; do sleep 0.01; done'
	run alone 'guarded /bin/true | cat; pages'
	[[ $output =~ ^0x6c[0-9a-f]{6}$ ]]
	leave_elsewhere
}

@test "many runs one after the other leave no more than a page" {
	alone 'for i in $(seq 200); do "$LINECAP" run -- /bin/echo 1 | cat >/dev/null; done'
	at_most 1 "$(pages)"
}

@test "many runs of a user who can't look into all processes leave no more than a few pages" {
	alone 'exec setpriv --reuid=65534 --regid=65534 --clear-groups sh -c "
		for i in \$(seq 200); do \"\$LINECAP\" run -- /bin/echo 1 | cat >/dev/null; done"'
	at_most 17 "$(pages)"
}

@test "processes that come and go on a pipe that lives share its page all the time" {
	start_reading
	through inside env LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP" /usr/bin/printf '%050d' 0
	inside env LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP" /bin/echo another tree | cat >/dev/null
	through inside env LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP" /usr/bin/printf '%050d' 0
	stop_reading
	equal "64 36" "$(awk '{ print length }' out | paste -sd ' ')"
}
