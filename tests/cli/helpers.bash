# What the tests of the library in real processes share: the library and its programs, a guarded
# pipe, and the judge of what came out of it. Loaded by each .bats file here; bats fails a test at
# the first command that fails.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

LIBLINECAP=$(realpath "${LIBLINECAP:-$BATS_TEST_DIRNAME/../../build/liblinecap.so}")
LINECAP=$(realpath "${LINECAP:-$BATS_TEST_DIRNAME/../../build/linecap}")
PYTHON=$(PATH=/usr/bin:$PATH command -v python3) # what else is called python3 may be a script
export LIBLINECAP LINECAP
export PATH=$BATS_FILE_TMPDIR:$PATH # the programs are called by their names
unset LD_PRELOAD "${!LINECAP_@}"    # as a user's shell may have them
shopt -s inherit_errexit

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

# From here on the library and the program are copies that any user can read: the checkout may lie in
# a folder that only its owner may enter.
share_with_all_users() {
	local place=$BATS_RUN_TMPDIR/all_users

	chmod a+x "$BATS_RUN_TMPDIR"
	mkdir -p "$place"
	chmod 755 "$place"
	[[ -e $place/linecap ]] || install -m 755 "$LIBLINECAP" "$LINECAP" "$place"
	LIBLINECAP=$place/liblinecap.so
	LINECAP=$place/linecap
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
