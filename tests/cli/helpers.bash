# What the tests of the library in real processes share: the library and its programs, a guarded
# pipe, and the judge of what came out of it. Loaded by each .bats file here; bats fails a test at
# the first command that fails.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

# --- where a test stands --------------------------------------------------------------------------

# Nothing on stdin, and no signal ignored, whoever started bats: a shell can't undo the latter, so bats'
# own shell for this test starts again.
exec </dev/null
ignored=$(awk '$1 == "SigIgn:" { print "0x" $2 }' "/proc/$$/status")
# INT and QUIT bash ignores by itself, and 32 and 33 are libc's, which nobody can set by its functions.
if ((ignored & ~0x180000006)) && [[ ${0##*/} == bats-exec-test ]]; then
	rmdir "$BATS_TEST_TMPDIR"
	mapfile -d '' words <"/proc/$$/cmdline"
	exec env --default-signal "${words[@]}"
fi

ROOT=$(realpath "${BASH_SOURCE[0]%/*}/../..")
BUILD=$(cd "$ROOT" && realpath -m "${BUILD:-build}")
export BUILD

# tests/check has built already; who calls `bats FILE` has it done here, once.
if [[ ! ${LIBLINECAP-} && ! ${LINECAP-} && ! -e $BATS_RUN_TMPDIR/built ]]; then
	mkdir -p "$BUILD"
	flock "$BUILD/lock" make -s -C "$ROOT" BUILD="${BUILD#"$ROOT/"}" all >&2 || {
		echo "helpers: make fails: try it in $ROOT" >&2
		exit 1
	}
	: >"$BATS_RUN_TMPDIR/built"
fi
LIBLINECAP=$(realpath "${LIBLINECAP:-$BUILD/liblinecap.so}")
LINECAP=$(realpath "${LINECAP:-$BUILD/linecap}")
PYTHON=$(PATH=/usr/bin:$PATH command -v python3) # what else is called python3 may be a script
export PATH=$BATS_FILE_TMPDIR:$PATH # the programs are called by their names
unset LD_PRELOAD "${!LINECAP_@}"    # as a user's shell may have them
shopt -s inherit_errexit

# copy_into PLACE: from here on the library and the program are copies there.
copy_into() {
	mkdir -p "$1"
	[[ -e $1/linecap ]] || install -m 755 "$LIBLINECAP" "${LIBLINECAP%/*}/libways.so" "$LINECAP" "$1"
	LIBLINECAP=$1/liblinecap.so
	LINECAP=$1/linecap
}

# A loader takes a blank and a colon for the end of a path in LD_PRELOAD.
[[ $LIBLINECAP != *[\ :]* ]] || copy_into "$BATS_RUN_TMPDIR/copies"
export LIBLINECAP LINECAP

# --- programs -------------------------------------------------------------------------------------

# The named programs of tests/cli/programs, as commands.
compile() {
	local name flags=(-O1 -g -Wall -Wextra -D_GNU_SOURCE -pthread)

	for name; do
		if [[ -e $BATS_TEST_DIRNAME/programs/$name.cc ]]; then
			"${CXX:-c++}" "${flags[@]}" -o "$BATS_FILE_TMPDIR/$name" \
				"$BATS_TEST_DIRNAME/programs/$name.cc"
		else
			"${CC:-cc}" -std=gnu11 -Wl,-z,now "${flags[@]}" -o "$BATS_FILE_TMPDIR/$name" \
				"$BATS_TEST_DIRNAME/programs/$name.c"
		fi
	done
}

# The same as libraries, NAME.so.
compile_library() {
	local name

	for name; do
		"${CC:-cc}" -std=gnu11 -O1 -g -Wall -Wextra -D_GNU_SOURCE -shared -fPIC \
			-o "$BATS_FILE_TMPDIR/$name.so" "$BATS_TEST_DIRNAME/programs/$name.c"
	done
}

# --- a guarded pipe -------------------------------------------------------------------------------

# The command with the library; its own stdout and stderr are guarded, where they are pipes. Other
# settings come from the caller: LINECAP_MAX=100 guarded COMMAND.
guarded() {
	LINECAP_TARGET=${LINECAP_TARGET-stdio} env LD_PRELOAD="$LIBLINECAP" "$@"
}

# The command's stdout is a pipe whose read end it has as fd 3; fd 4 is what stdout was.
guarded_on_a_pipe() {
	LINECAP_TARGET=${LINECAP_TARGET-stdio} onpipe env LD_PRELOAD="$LIBLINECAP" "$@"
}

# What any user can read: the checkout may lie in a folder that only its owner may enter.
share_with_all_users() {
	chmod a+x "$BATS_RUN_TMPDIR"
	copy_into "$BATS_RUN_TMPDIR/all_users"
	chmod 755 "$BATS_RUN_TMPDIR/all_users"
}

# --- input ----------------------------------------------------------------------------------------

# endless N: N bytes without a newline, no two pieces of which look alike.
endless() {
	seq -s, 1000000000 | head -c "$1"
}

# noise N [SEED]: N bytes that look random, the same each time.
noise() {
	"$PYTHON" -c 'import random, sys
sys.stdout.buffer.write(random.Random(int(sys.argv[2])).randbytes(int(sys.argv[1])))' "$1" "${2:-1}"
}

# --- claims ---------------------------------------------------------------------------------------

# What it was about, for the reader of a failure; always false.
refute() {
	printf '%s\n' "$*" >&2
	return 1
}

equal() {
	[[ $1 == "$2" ]] || refute "expected: $1" $'\n'"found:    $2"
}

at_most() {
	(($2 <= $1)) || refute "at most $1 expected, found $2"
}

more_than() {
	(($2 > $1)) || refute "more than $1 expected, found $2"
}

same_file() {
	cmp "$1" "$2"
}

# The longest line of stdin, in bytes.
longest() {
	LC_ALL=C "$PYTHON" -c 'import sys
print(max(map(len, sys.stdin.buffer.read().split(b"\n"))))'
}

# until_true SECONDS COMMAND: waits for a state, not for a time.
until_true() {
	local tries=$(($1 * 100))

	shift
	until "$@"; do
		((tries-- > 0)) || refute "never came true: $*" || return 1
		sleep 0.01
	done
}

# --- the system -----------------------------------------------------------------------------------

need_root() {
	[[ $EUID == 0 ]] || skip "needs root"
}

# Before a command: it has mounts that nobody else sees. What a test mounts, it mounts in there. In a
# chroot they can't be had but through tests/guest.
own_mounts=(unshare --mount --propagation private)

need_own_mounts() {
	need_root
	"${own_mounts[@]}" true 2>/dev/null || skip "no mounts of its own can be had"
}

# System V segments of its own, in an IPC namespace that goes with its last process.
need_own_segments() {
	need_root
	unshare --ipc true 2>/dev/null || skip "no segments of its own can be had"
}

# hold_segments, in setup: an IPC namespace that $holder keeps until release_segments, in teardown. In the
# test's folder, with a pipe there: $id is its DEV:INO.
hold_segments() {
	need_own_segments
	share_with_all_users
	cd "$BATS_TEST_TMPDIR" || return
	unshare --ipc sh -c 'touch ready && exec sleep infinity' 3>&- &
	holder=$!
	until_true 30 test -e ready
	mkfifo pipe
	id=$(stat -c %d:%i pipe)
}

release_segments() {
	[[ -z ${holder-} ]] || kill "$holder"
}

# The command in that IPC namespace.
inside() {
	enter "$holder" --ipc --wd -- "$@"
}

# The same with the library and the pipe guarded.
inside_guarded() {
	inside env LINECAP_TARGET="$id" LD_PRELOAD="$LIBLINECAP" "$@"
}

# enter PID WORDS… -- COMMAND…: nsenter(1) with these words: --mount, --pid, --ipc, --wd. PID was started
# by this test, and has left each of these of ours behind: what is changed in there is not the machine's.
# --root, or a chroot would be left for the host's /.
enter() {
	local pid=$1 above=$1 word

	while ((above > 1 && above != $$)); do
		above=$(awk '$1 == "PPid:" { print $2 }' "/proc/$above/status")
	done
	[[ $above == "$$" ]] || refute "process $pid was not started by this test" || return
	for word in "${@:2}"; do
		case $word in
		--mount) word=mnt ;;
		--pid | --ipc) word=${word#--} ;;
		--wd) continue ;;
		--) break ;;
		*) refute "enter: $word" || return ;;
		esac
		[[ ! /proc/$pid/ns/$word -ef /proc/$$/ns/$word ]] ||
			refute "process $pid has no $word namespace of its own" || return
	done
	nsenter --target "$pid" --root "${@:2}"
}

# The highest fd that may be had, within reason.
high_fd() {
	local most

	most=$(ulimit -Hn)
	[[ $most != unlimited && $most -lt 100000 ]] || most=100000
	echo $((most - 1))
}
