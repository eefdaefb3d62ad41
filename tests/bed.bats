#!/usr/bin/env bats
# The test bed itself: it is a guest on its machine. It does nothing to what it hasn't made, and leaves
# nothing behind, whatever ends it.
# shellcheck disable=SC2016,SC2164,SC2154  # scripts for other shells; bats ends at a cd that fails

load cli/helpers

# A word here is what the name of a test here holds; it takes seconds.
WORD='a run as small as can be'

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir temporary
	export TMPDIR=$PWD/temporary
}

# What a run could leave on this machine. (Others use it, too: segments and /dev/shm are only looked at
# where they are ours.)
traces() {
	ls -A "$TMPDIR"
	awk '{ print $5 }' /proc/self/mountinfo
	[[ ! ${TEST_GUEST-} ]] || { ipcs -m; ls -A /dev/shm 2>/dev/null; }
	find /sys/fs/cgroup -type d -path '*.bed-mess' 2>/dev/null || true
}

@test "a run as small as can be" {
	[[ -d $TMPDIR ]]
}

# --- the forbidden words --------------------------------------------------------------------------

# uses PATTERN: lines of tests that hold it, beyond comments and this file.
uses() {
	grep -rnE "$1" "$ROOT/tests" "$ROOT/Makefile" --include='*' --exclude=bed.bats --exclude-dir=__pycache__ |
		grep -vE '^[^:]*:[0-9]+:[[:space:]]*(#|\*|/\*)' || true
}

# only_in FILES PATTERN
only_in() {
	local found

	found=$(uses "$2" | grep -vE "^$ROOT/tests/($1):" || true)
	equal "" "$found"
}

@test "no test ends processes by name" {
	only_in none '\b(pkill|killall|pidof)\b'
	only_in none '\bkill +(-[A-Z0-9]+ +)?-- +-1\b|\bkill\(-1,'
}

@test "no test remounts a file system, changes a setting of the kernel or loads a module" {
	only_in none 'remount,|MS_REMOUNT'
	# shmmni is the IPC namespace's, which enter() has looked at.
	equal "" "$(uses '\bsysctl\b|> *"?/proc/sys|tee /proc/sys|\b(insmod|modprobe)\b' |
		grep -v "inside sh -c 'echo [0-9]* >/proc/sys/kernel/shmmni'")"
}

@test "no test enters a namespace but by enter(), which looks whose it is" {
	only_in 'cli/helpers\.bash' '\bnsenter\b|\bsetns\('
}

@test "enter() enters nothing but namespaces that the test has made" {
	need_own_mounts
	run -1 enter 1 --mount -- true
	run -1 enter $$ --ipc -- true
	sleep 1000 3>&- &
	run -1 enter $! --ipc -- true
	kill $!
	"${own_mounts[@]}" sleep 1000 3>&- &
	until_true 30 eval '[[ ! /proc/$!/ns/mnt -ef /proc/$$/ns/mnt ]]'
	run -0 enter $! --mount -- true
	run -1 enter $! --mount --ipc -- true
	kill $!
}

@test "no mount is made but in mounts of one's own" {
	only_in 'guest|fresh|release/run|cli/(helpers\.bash|(cron|doctor|install|stat|ledger|settings|supervisor)\.bats)|containerd/podman|coverage/systems\.py|unit/ledger\.c' \
		'\bmount (-|"|/)|[^u]mount\(("|[a-z]*,)'
}

@test "what is read from /dev/zero is bounded, or its reader is" {
	# A pipe to head or to a file that can't be written: the reader ends.
	equal "" "$(uses '\bcat /dev/zero|/dev/zero >' | grep -v 'head -c')"
}

@test "no cat waits for what find has found" {
	only_in none 'cat \$\(|cat `'
}

# --- where a run stands ---------------------------------------------------------------------------

@test "a run has its own processes, mounts, segments and TMPDIR" {
	[[ -e /proc/self/ns ]] && unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces can be had"
	env -u TEST_GUEST "$ROOT/tests/guest" sh -c 'for ns in pid mnt ipc; do readlink /proc/self/ns/$ns; done
		echo "$TMPDIR"; readlink /proc/1/fd/0 /proc/1/fd/1 /proc/1/fd/2 /proc/self/fd/0
		grep SigIgn: /proc/self/status' >inside
	for ns in pid mnt ipc; do readlink "/proc/self/ns/$ns"; done >outside
	equal "" "$(grep -xFf outside inside)"
	equal "/dev/null 4" "$(grep -c '^/dev/null$' inside | sed 's|^|/dev/null |')"
	grep -Eq 'SigIgn:.*0000000[01][08]0000000' inside # 32 and 33 are libc's, and nobody can set them
	[[ ! -e $(sed -n 4p inside) ]]
}

@test "a run ends with its command's status" {
	run -7 env -u TEST_GUEST "$ROOT/tests/guest" sh -c 'exit 7'
	run -0 env -u TEST_GUEST "$ROOT/tests/guest" true
}

# A folder that is on a mount which others share, and a root there that is no mount: as in a chroot that
# debootstrap made on a machine with systemd.
@test "what is mounted in a chroot is not seen outside, and nothing stays" {
	need_own_mounts
	mkdir -p shared
	"${own_mounts[@]}" bash -euc '
		mount --bind shared shared
		mount --make-shared shared
		mkdir -p shared/root/proc shared/root/tmp shared/root/mnt shared/root/tests
		for folder in bin sbin lib lib64 usr etc dev; do
			[ ! -e "/$folder" ] || { mkdir "shared/root/$folder"; mount --rbind "/$folder" "shared/root/$folder"; }
		done
		mount -t proc proc shared/root/proc
		cp "$1/tests/guest" shared/root/tests/guest
		before=$(cut -d " " -f 5 /proc/self/mountinfo)
		env -u TEST_GUEST TMPDIR=/tmp chroot shared/root /tests/guest bash -euc "
			mount -t tmpfs -o size=64k mine /mnt
			touch /mnt/mine
			unshare --mount --propagation private true
			readlink /proc/1/ns/mnt" >inside
		[ "$(wc -l <inside)" = 1 ]
		[ ! -e shared/root/mnt/mine ]
		[ "$before" = "$(cut -d " " -f 5 /proc/self/mountinfo)" ]
		[ -z "$(ls -A shared/root/tmp)" ]' - "$ROOT"
}

# --- what it leaves -------------------------------------------------------------------------------

# small_check BUILD: a run of its own, in a path with blanks.
small_check() {
	env -u TEST_GUEST -u LIBLINECAP -u LINECAP BUILD="$1" "$ROOT/tests/check" "$WORD"
}

@test "a run at the same time as another, of a checkout in a path with blanks, passes, and leaves nothing" {
	local before

	mkdir 'a b'
	git -C "$ROOT" ls-files -co --exclude-standard -z | (cd "$ROOT" && xargs -0 cp --parents -t "$OLDPWD/a b" 2>/dev/null || true)
	before=$(traces)
	for name in one two; do
		env -u TEST_GUEST -u LIBLINECAP -u LINECAP -u BUILD "a b/tests/check" "$WORD" >"$name" 2>&1 3>&- &
	done
	wait
	equal "1 passed, 0 failed, 0 skipped" "$(tail -n 1 one)"
	equal "1 passed, 0 failed, 0 skipped" "$(tail -n 1 two)"
	equal "$before" "$(traces)"
}

@test "a run of a checkout that can't be written passes, with BUILD elsewhere" {
	need_own_mounts
	"${own_mounts[@]}" bash -euc '
		mkdir checkout
		mount --bind "$1" checkout
		mount -o bind,ro "$1" checkout || mount -o remount,bind,ro checkout
		! touch checkout/tests/new 2>/dev/null
		env -u TEST_GUEST -u LIBLINECAP -u LINECAP BUILD="$PWD/elsewhere" checkout/tests/check "$2"' - \
		"$ROOT" "$WORD" >said 2>&1 || refute "$(<said)"
	equal "1 passed, 0 failed, 0 skipped" "$(tail -n 1 said)"
}

@test "tests preload a library in whose path are blanks and colons" {
	mkdir 'a b:c'
	cp "$LIBLINECAP" "${LIBLINECAP%/*}/libways.so" "$LINECAP" 'a b:c'
	LIBLINECAP="$PWD/a b:c/liblinecap.so" LINECAP="$PWD/a b:c/linecap" \
		bats "$ROOT/tests/cli/settings.bats" -f 'ends each line that was broken' >said || refute "$(<said)"
	grep -q '^ok 1 ' said
}

# Makes one of each: a file, a segment, a mount where that may be, a process that ignores signals, one in a
# session of its own, and a cgroup.
MESS='mktemp >/dev/null; echo x >/dev/shm/linecap-bed || true; ipcmk -M 4096 >/dev/null
	mkdir "$TMPDIR/m" && mount -t tmpfs -o size=64k mess "$TMPDIR/m" || true
	mkdir "/sys/fs/cgroup/pids/$TEST_GUEST.bed-mess" 2>/dev/null || mkdir "/sys/fs/cgroup/$TEST_GUEST.bed-mess" || true
	(trap "" TERM HUP INT; while :; do sleep 1; done) & setsid sleep 4711 & '

@test "a run that is killed leaves nothing: no file, segment, mount, process or cgroup" {
	need_own_mounts
	local before signal

	before=$(traces)
	for signal in KILL TERM INT HUP; do
		env -u TEST_GUEST --default-signal "$ROOT/tests/guest" sh -c "$MESS echo made >'$PWD/$signal'; wait" 3>&- &
		until_true 60 test -s "$signal"
		kill -"$signal" $!
		wait $! || true
		until_true 60 no_process 'sleep 4711'
		until_true 60 eval '[[ "$before" == "$(traces)" ]]'
	done
	# With no signal at all: the command ends, and leaves its children.
	env -u TEST_GUEST "$ROOT/tests/guest" sh -c "$MESS" 3>&-
	until_true 60 no_process 'sleep 4711'
	equal "$before" "$(traces)"
}

no_process() {
	! grep -sqxF "${1// /.}." <(for file in /proc/[0-9]*/cmdline; do tr '\0' . <"$file" && echo; done 2>/dev/null)
}

# --- bats FILE ------------------------------------------------------------------------------------

@test "bats FILE works from any folder, with signals ignored, and builds what it needs" {
	cd /
	env -u TEST_GUEST -u LIBLINECAP -u LINECAP BUILD="$BATS_TEST_TMPDIR/build" bash -c 'trap "" PIPE TERM HUP
		bats -f "lines within max pass byte for byte" "$1/tests/cli/pipe.bats"' - "$ROOT"
	[[ -x $BATS_TEST_TMPDIR/build/linecap ]]
}

@test "bats FILE says in one line what is wrong where linecap can't be built" {
	run -1 env -u LIBLINECAP -u LINECAP BUILD="$BATS_TEST_TMPDIR/build" CC=false \
		bats -f "lines within max pass byte for byte" "$ROOT/tests/cli/pipe.bats"
	[[ $output == *"helpers: make fails"* ]]
}
