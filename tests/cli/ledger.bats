#!/usr/bin/env bats
# The ledger in real processes: when its page is made, what becomes of a folder that is hostile,
# full or not there, and when pages go. Each test has a /dev/shm of its own (mount_namespaces(7)),
# which takes root; the pipe is a named one, so that its page's name is known beforehand.

# shellcheck disable=SC2016,SC2164  # scripts for other shells; bats ends at a cd that fails

load helpers

setup() {
	need_root
	share_with_all_users
	cd "$BATS_TEST_TMPDIR"
	unshare -m --propagation private sh -c '
		mount -t tmpfs -o mode=1777 shm /dev/shm && touch ready && exec sleep infinity' 3>&- &
	holder=$!
	until_true 30 test -e ready
	mkfifo pipe
	id=$(stat -c %d:%i pipe)
	page=/dev/shm/linecap.0.${id/:/.}
	export LINECAP_MAX=64
}

teardown() {
	[[ -z ${other-} ]] || echo >&7
	[[ -z ${holder-} ]] || kill "$holder"
}

# The command in the test's mount namespace.
inside() {
	nsenter -m -w -t "$holder" -- "$@"
}

# The same with the library and the pipe guarded.
inside_guarded() {
	inside env LINECAP_TARGET="$id" LD_PRELOAD="$LIBLINECAP" "$@"
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

pages() {
	inside sh -c 'ls /dev/shm | grep -c "^linecap\.[0-9.]*\$"' || true
}

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
	inside test -f "$page"
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
	equal 1 "$(grep -c "$page" trace)"
	equal "chdir page write write write" "$(sed -nE \
		-e 's/^chdir.*/chdir/p' -e "s|^openat.*$page.*|page|p" -e 's/^write\(1, .*/write/p' trace |
		paste -sd ' ')"
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

# --- who may stand in its place -------------------------------------------------------------------

# place KIND: something at the page's path that is no page.
place() {
	inside sh -ec '
		page=$1 kind=$2
		fill() { head -c 4096 /dev/urandom >"$1"; chmod 600 "$1"; }
		case $kind in
		nobody) fill "$page"; chown 65534 "$page" ;;
		mode) fill "$page"; chmod 666 "$page" ;;
		short) echo x >"$page"; chmod 600 "$page" ;;
		garbage) fill "$page" ;;
		symlink) fill /dev/shm/other; ln -s other "$page" ;;
		dangling) ln -s other "$page" ;;
		symlink-to-fifo) mkfifo /dev/shm/other; ln -s other "$page" ;;
		symlink-to-device) ln -s /dev/zero "$page" ;;
		hard-link) fill /dev/shm/other; ln /dev/shm/other "$page" ;;
		directory) mkdir "$page" ;;
		fifo) mkfifo -m 600 "$page" ;;
		device) mknod -m 600 "$page" c 1 5 ;;
		esac' - "$page" "$1"
}

snapshot() {
	inside sh -c 'cd /dev/shm; stat -c "%n %i %f %s %u %h" *; cat $(find . -type f) | cksum'
}

@test "whatever stands in the page's place: it stays as it was, and the line is bounded" {
	local before kind kinds

	kinds="nobody mode short garbage symlink dangling symlink-to-fifo symlink-to-device hard-link
		directory fifo device"
	for kind in $kinds; do
		place "$kind"
		before=$(snapshot)
		start_reading
		through inside_guarded dd if=/dev/zero bs=1000 count=3 status=none ||
			refute "$kind: status $?"
		stop_reading
		equal "$kind: 64" "$kind: $(longest <out)"
		equal "$kind: 3000" "$kind: $(tr -d '\n' <out | wc -c)"
		equal "$kind: $before" "$kind: $(snapshot)"
		inside sh -c 'rm -r /dev/shm/*'
	done
}

@test "another uid can neither open, truncate, remove nor replace the page" {
	start_reading
	through inside_guarded /usr/bin/printf x
	stop_reading
	for attempt in ': <"$1"' ': >>"$1"' 'truncate -s 0 "$1"' 'rm "$1"' 'mv /dev/shm/mine "$1"' \
		'mv "$1" /dev/shm/theirs' 'chmod 666 "$1"'; do
		run -1 inside setpriv --reuid=65534 --regid=65534 --clear-groups \
			sh -c "true >/dev/shm/mine; ($attempt) </dev/null || exit 1" - "$page"
		[[ $output == *"ermission denied"* || $output == *"not permitted"* ]]
	done
	equal 4096 "$(inside stat -c %s "$page")"
}

# --- no folder, no room ---------------------------------------------------------------------------

# The line of one process is bounded, and it ends well.
bounded_by_itself() {
	start_reading
	through "$@" sh -c 'for i in 1 2 3; do printf %050d 0; done'
	stop_reading
	equal "64 64 22" "$(awk '{ print length }' out | paste -sd ' ')"
}

@test "where /dev/shm is full the process has a line of its own" {
	inside sh -c 'mount -o remount,size=64k /dev/shm; ! cat /dev/zero >/dev/shm/filler' 2>/dev/null
	bounded_by_itself inside_guarded
	bounded_by_itself inside_guarded # beside what the first one left
}

@test "where /dev/shm has no inodes left the process has a line of its own" {
	inside sh -c 'mount -o remount,nr_inodes=1 /dev/shm'
	bounded_by_itself inside_guarded
	equal 0 "$(pages)"
}

@test "where /dev/shm is read-only the process has a line of its own" {
	inside mount -o remount,ro /dev/shm
	bounded_by_itself inside_guarded
	equal 0 "$(pages)"
}

@test "where there is no /dev/shm the process has a line of its own" {
	inside umount /dev/shm
	bounded_by_itself inside unshare -m sh -c 'mount -t tmpfs dev /dev
		LINECAP_TARGET=$1 LD_PRELOAD=$2; shift 2; export LINECAP_TARGET LD_PRELOAD; exec "$@"' \
		- "$id" "$LIBLINECAP"
}

@test "the umask does not matter" {
	start_reading
	for mask in 0 0777 0077; do
		through inside_guarded setpriv --reuid=65534 --regid=65534 --clear-groups \
			sh -c "umask $mask; printf %030d 0"
	done
	stop_reading
	equal "64 26" "$(awk '{ print length }' out | paste -sd ' ')"
	equal 600 "$(inside stat -c %a "${page/.0./.65534.}")"
}

# --- when it goes ---------------------------------------------------------------------------------

# The script, in a PID namespace of its own where nobody else holds anything. `guarded COMMAND` is
# the first process of a tree; `pages` are those in /dev/shm.
alone() {
	inside unshare -pf --mount-proc --kill-child sh -c '
		so=$1
		guarded() { LINECAP_TARGET=stdio LD_PRELOAD=$so "$@"; }
		pages() { (cd /dev/shm; echo linecap.*); }
		eval "$2"' - "$LIBLINECAP" "$1" 3>&-
}

@test "the page of a dead pipe is removed when the next process tree starts" {
	run alone '
		guarded /bin/echo 1 | cat; first=$(pages)
		guarded /bin/echo 2 | cat; second=$(pages)
		echo "$first"; echo "$second"'
	equal 4 "${#lines[@]}"
	[[ ${lines[2]} =~ ^linecap(\.[0-9]+){3}$ && ${lines[3]} =~ ^linecap(\.[0-9]+){3}$ ]]
	[[ ${lines[2]} != "${lines[3]}" ]]
}

@test "the page of a pipe that any process holds stays, and goes with it" {
	run alone '
		mkfifo live; exec 5<>live
		guarded /bin/echo 1 >&5; live=$(pages)
		guarded /bin/echo 2 | cat
		case " $(pages) " in *" $live "*) echo it stays ;; esac
		exec 5>&-
		guarded /bin/echo 3 | cat
		case " $(pages) " in *" $live "*) ;; *) echo it is gone ;; esac'
	equal $'2\nit stays\n3\nit is gone' "$output"
}

@test "a process that is no first of its tree removes nothing" {
	run alone '
		guarded /bin/echo 1 | cat; first=$(pages)
		(export LINECAP_TARGET=1:1 LD_PRELOAD=$so; /bin/true)
		[ "$first" = "$(pages)" ] && echo it stays'
	equal $'1\nit stays' "$output"
}

# later SECONDS: strace's words for a clock that shows so much more.
later() {
	"$PYTHON" -c 'import struct, sys, time
print("-qq -o /dev/null -e trace=clock_gettime -e inject=clock_gettime:poke_exit=@arg2="
      + struct.pack("<q", int(time.time()) + int(sys.argv[1])).hex())' "$1"
}

# elsewhere FILE SCRIPT: `alone` in the background, until leave_elsewhere: the number of a namespace
# that has ended would be the next one's. FILE: what the script makes at its end.
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

# sweep_after SECONDS: what is left, in a PID namespace of its own.
sweep_after() {
	run alone "strace $(later "$1") env LINECAP_TARGET=stdio LD_PRELOAD=\$so /bin/true | cat; pages"
}

@test "a page of another PID namespace stays for an hour, and goes then" {
	elsewhere ended 'guarded /bin/echo 1 | cat >/dev/null'
	for seconds in 0 3500; do
		sweep_after $seconds
		[[ $output =~ ^linecap(\.[0-9]+){3}$ ]]
	done
	sweep_after 3700
	equal 'linecap.*' "$output"
	leave_elsewhere
}

@test "a page that a process of another PID namespace has mapped stays" {
	elsewhere ended 'mkfifo live never; exec 5<>live
		guarded sh -c "echo 1; >mapped; read line <>never" >&5 &
		until [ -e mapped ]; do sleep 0.01; done'
	sweep_after 99999
	[[ $output =~ ^linecap(\.[0-9]+){3}$ ]]
	leave_elsewhere
	sweep_after 99999
	equal 'linecap.*' "$output"
}

# The lease that tells whether anybody maps a page would have the kernel send SIGIO.
@test "whoever opens a page while it is swept does not end the sweeper" {
	local clock lease status=0

	alone 'guarded /bin/echo 1 | cat >/dev/null'
	inside sh -c 'mv /dev/shm/linecap.* left; cp -p left /dev/shm/linecap.0.1.1'
	clock=$(later 99999)
	clock=${clock#*-e trace=clock_gettime}
	sweeps() { # STRACE-WORDS…
		# shellcheck disable=SC2086  # a list of words
		inside strace -qq -o trace $clock "$@" sh -c 'echo $$ >pid
			exec env LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP" sh -c "echo >survived"' |
			cat
	}
	sweeps
	lease=$(grep '^fcntl' trace | grep -n F_SETLEASE | cut -d: -f1)
	inside cp -p left /dev/shm/linecap.0.1.1
	rm survived
	sweeps -e inject="fcntl:signal=SIGSTOP:when=$lease" 3>&- &
	until_true 30 grep -q 'stopped by SIGSTOP' trace
	run -1 inside "$PYTHON" -c 'import os
os.open("/dev/shm/linecap.0.1.1", os.O_RDWR | os.O_NONBLOCK)'
	[[ $output == *BlockingIOError* ]]
	kill -CONT "$(<pid)"
	wait "$!"
	[[ -e survived ]]
}
