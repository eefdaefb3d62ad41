#!/usr/bin/env bats
# What an fd is, and when that changes where nothing can see it (contract 1, 2, 6): whatever happens,
# no endless line gets out, no file is changed, and what is asked is asked once.
# shellcheck disable=SC2016 # $ in single quotes is for an inner program

load helpers

with_the_library=(-E LINECAP_TARGET=stdio -E "LD_PRELOAD=$LIBLINECAP")

setup_file() {
	load helpers
	compile far unseen races clones probes moves moves_often unreadable closes_stderr prints_once pieces_in_child \
		cancelled_ahead onpipe
	compile_with_musl far unseen races clones probes moves moves_often unreadable closes_stderr \
		pieces_in_child cancelled_ahead
}

# The same programs, as NAME.musl.
compile_with_musl() {
	local name headers

	command -v musl-gcc >/dev/null || return 0
	headers=(-idirafter /usr/include -idirafter "/usr/include/$(cc -print-multiarch)") # the kernel's
	for name; do
		musl-gcc -std=gnu11 -O1 -g -w -D_GNU_SOURCE "${headers[@]}" -o "$BATS_FILE_TMPDIR/$name.musl" \
			"$BATS_TEST_DIRNAME/programs/$name.c"
	done
}

# builds NAME: the program, and its other build where there is one.
builds() {
	basename -a "$BATS_FILE_TMPDIR/$1"{,.musl} | while read -r build; do
		[[ ! -e $BATS_FILE_TMPDIR/$build ]] || echo "$build"
	done
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# stderr can be read, too: else perror makes no copy of it.
# still_bounded WAY: an fd that was a file becomes the pipe unseen, and an endless line on it ends.
still_bounded() {
	local unseen

	for unseen in $(builds unseen); do
		guarded "$unseen" "$1" 2<>said | tee out | longest >length
		equal 600000 "$(tr -cd s <out | wc -c)"
		# What passes until the fd is asked again, and the line that begins there.
		at_most $((2 * 16384)) "$(<length)" || refute "$unseen"
	done
}

@test "contract_1: an fd of any number, also where nothing more can be noted" {
	local far fd

	for far in $(builds far); do
		for fd in 255 256 "$(high_fd)"; do
			equal 16384 "$(guarded "$far" "$fd" 100000 | longest)"
			equal 16384 "$(guarded "$far" "$fd" 100000 tight | longest)"
		done
	done
}

# It may be locked into memory, page by page (mlockall), and be all that a limit leaves.
@test "contract_7: an fd beyond the map's first part takes no more than 256 KiB of address space" {
	local far fd

	for far in $(builds far); do
		for fd in 256 "$(high_fd)"; do
			guarded "$far" "$fd" 100000 grown 2>grown | longest >length
			equal 16384 "$(<length)"
			more_than 0 "$(<grown)"
			at_most 256 "$(<grown)" || refute "$far $fd"
		done
	done
}

@test "contract_1: an fd that perror closed in libc, and that is stdout when opened again" {
	still_bounded perror
}

@test "contract_1: an fd that endmntent closed in libc, and that is stdout when opened again" {
	still_bounded mntent
}

@test "contract_1: a write to an fd that became the pipe unseen is asked about" {
	still_bounded write
}

@test "contract_1: writes of 10 bytes on an fd that became the pipe unseen" {
	still_bounded tiny
}

@test "contract_1: writes within max on an fd that became the pipe unseen" {
	still_bounded small
}

@test "contract_1: each other way to write on an fd that became the pipe unseen" {
	local way

	for way in writev pwritev2 syscall dprintf stdio stdio-small; do
		still_bounded "$way" || refute "by $way"
	done
}

@test "contract_1: pieces that are moved onto an fd that became the pipe unseen are refused in time" {
	still_bounded splice
	still_bounded sendfile
}

# --- races ----------------------------------------------------------------------------------------

# raced_and_bounded WAY TRIES MICROSECONDS [COMMAND…]: of each line only what was in flight is more than max: the byte
# that the other thread writes.
raced_and_bounded() {
	local races

	for races in $(builds races); do
		LINECAP_MAX=1000 guarded "${@:4}" "$races" "$1" "$2" "$3" | longest >length
		more_than 899 "$(<length)"
		at_most 1001 "$(<length)" || refute "$races by $1"
	done
}

# Either of the two is held where the other can get in between; the claim depends on no time.
@test "contract_1: an fd that becomes the pipe while another thread asks what it is" {
	local way

	for way in dup2 dup3 'dup3 by number' close 'close by number' 'close_range by number'; do
		raced_and_bounded "$way" 20 100 strace -qq -f -o /dev/null -e trace=fstat -e signal=none \
			-e inject=fstat:delay_exit=5000
	done
}

@test "contract_1: an fd that is asked about by another thread while it is about to become the pipe" {
	local way

	for way in dup2 dup3 'dup3 by number' close 'close by number' 'close_range by number'; do
		raced_and_bounded "$way" 20 0 strace -qq -f -o /dev/null -e 'trace=?dup2,dup3,close,close_range' \
			-e signal=none -e 'inject=?dup2,dup3,close,close_range:delay_enter=5000'
	done
}

@test "contract_1: fds that two threads wrote to first, at the same time, and that were closed then" {
	raced_and_bounded first 3200 0
}

# --- memory that can't be read ---------------------------------------------------------------------

@test "contract_2: what can't be read is answered as without the library: arrays, messages, buffers of devices" {
	local unreadable

	for unreadable in $(builds unreadable); do
		onpipe "$unreadable" >without
		guarded_on_a_pipe "$unreadable" >with
		diff without with || refute "$unreadable"
		more_than 100 "$(grep -c 'Bad address' without)"
	done
}

@test "contract_2: dprintf to a file formats once, and makes the system calls that libc's own makes" {
	local file

	equal once "$(prints_once)"
	equal once "$(guarded prints_once)"
	strace -qq -e signal=none -o raw prints_once >without
	strace -qq -e signal=none -o raw.with "${with_the_library[@]}" prints_once | cat >/dev/null
	for file in raw raw.with; do
		sed -i -E '1,/the start is over/d; /the end begins/,$d; s/0x[0-9a-f]+/ADDRESS/g' "$file"
	done
	diff raw raw.with
	more_than 10 "$(wc -l <raw)"
}

# --- children -------------------------------------------------------------------------------------

# calls_of_child PROGRAM HOW ROUNDS [OPTION…]: the system calls of its rounds.
calls_of_child() {
	strace -qq -f -e signal=none -o raw "${@:4}" "$1" "$2" "$3" 2>/dev/null | cat >/dev/null
	awk '/the rounds begin/ { child = $1; next } $1 == child && !/ resumed>/' raw | wc -l
}

@test "contract_6: the writes of a child of _Fork, clone or fork add no system call after the first" {
	local clones how few many

	for clones in $(builds clones); do
		for how in _Fork clone fork; do
			few=$(calls_of_child "$clones" "$how" 1 "${with_the_library[@]}")
			many=$(calls_of_child "$clones" "$how" 101 "${with_the_library[@]}")
			equal $((few + 300)) "$many" || refute "$clones $how"
		done
	done
}

# --- seccomp --------------------------------------------------------------------------------------

@test "contract_1: a seccomp probe, or the filter of a vfork child, leaves lines bounded" {
	local how probes

	for how in 'null filter' 'null filter by number' "null filter by prctl's number" available vfork; do
		for probes in $(builds probes); do
			guarded "$probes" "$how" | longest >length
			equal 16384 "$(<length)" || refute "$probes $how"
		done
	done
}

@test "a filter that was put in ends the breaks, so that the test above can fail" {
	equal 100000 "$(guarded probes filter | longest)"
}

# --- calls that move bytes ------------------------------------------------------------------------

@test "contract_2: vmsplice, sendfile, splice and tee answer as without the library, where they can" {
	local moves

	for moves in $(builds moves); do
		onpipe "$moves" >without
		guarded_on_a_pipe "$moves" >with
		diff without with
		LINECAP_MAX=64 guarded_on_a_pipe "$moves" >with
		diff without with
	done
}

@test "contract_2: a call is a cancellation point where libc's own is one, whatever becomes of its bytes" {
	local cancelled mode max

	for cancelled in $(builds cancelled_ahead); do
		"$cancelled" 2>without | cat >/dev/null
		equal 2 "$(sed 's/.*: //' without | sort -u | wc -l)"
		for mode in split truncate; do
			for max in 64 1050 16k; do
				LINECAP_MODE=$mode LINECAP_MAX=$max guarded "$cancelled" 2>with | cat >/dev/null
				diff without with || refute "$cancelled, $mode at $max"
			done
		done
	done
}

# calls_to_move WORD… [-- OPTION…]: the system calls that `moves_often WORD…` makes between start and end,
# a name a line.
calls_to_move() {
	local words=()

	while (($#)) && [[ $1 != -- ]]; do
		words+=("$1")
		shift
	done
	onpipe strace -qq -e signal=none -o raw "${@:2}" "${words[@]}"
	sed -i '1,/the start is over/d; /the end begins/,$d; s/(.*//' raw
	cat raw
}

# added_to_move PROGRAM WAY PIECE ROUNDS: the system calls that linecap adds, "NUMBER NAME" a line.
added_to_move() {
	calls_to_move "$@" | sort >without
	more_than $(($4 - 1)) "$(wc -l <without)"
	calls_to_move "$@" -- "${with_the_library[@]}" | sort >with
	comm -13 without with | uniq -c | awk '{ print $1, $2 }'
}

@test "contract_6: vmsplice of lines asks once whether a guarded pipe is its write end, and never again" {
	local moves

	for moves in $(builds moves_often); do
		equal "1 fcntl" "$(added_to_move "$moves" lines 100 1)"
		equal "1 fcntl" "$(added_to_move "$moves" lines 100 1000)"
	done
}

@test "contract_6: what is moved on another fd costs an fstat for each max bytes, however much is asked for" {
	local moves way

	for moves in $(builds moves_often); do
		for way in sendfile splice tee vmsplice; do
			equal "6 fstat" "$(added_to_move "$moves" "$way" 100 1000)" || refute "$way"
			equal "10 fstat" "$(added_to_move "$moves" "$way" 16384 10)" || refute "$way"
			equal "10 fstat" "$(added_to_move "$moves" "$way" 40000 10)" || refute "$way"
		done
	done
}

@test "LINECAP_STATS=stderr says its line where the program closes stderr before its end, however it does so" {
	local way

	printf '%020000d\n' 0 >long
	for way in '/bin/cat long' '/bin/echo "$(<long)"' 'closes_stderr close' 'closes_stderr close_range' \
		'closes_stderr closefrom' 'closes_stderr number' 'closes_stderr fclose' 'closes_stderr none' \
		"$(builds closes_stderr | tail -n 1) fclose"; do
		LINECAP_STATS=stderr guarded bash -c "exec $way" 2>said | cat >/dev/null
		equal 'lines broken: 1' "$(sed 's/^linecap: pid [0-9]* ([a-z_.]*): //' said)" || refute "by $way"
	done
}

@test "LINECAP_STATS=stderr says nothing where a child closes its stderr, and its parent's line once" {
	local way closes

	for way in fork vfork clone mark; do
		for closes in $(builds closes_stderr); do
			LINECAP_STATS=stderr guarded "$closes" "$way" 2>said | cat >/dev/null
			equal 1 "$(grep -c 'lines broken: 1$' said)" || refute "$closes by $way"
			equal 1 "$(wc -l <said)"
		done
	done
}

@test "LINECAP_STATS=stderr says a child's own line, and its parent's, however the child was made" {
	local way closes

	for way in 'own fork' 'own clone'; do
		for closes in $(builds closes_stderr); do
			LINECAP_STATS=stderr guarded "$closes" "$way" 2>said | cat >/dev/null
			equal 2 "$(grep -c 'lines broken: 1$' said)" || refute "$closes by $way"
			equal 2 "$(cut -d ' ' -f 3 said | sort -u | wc -l)"
		done
	done
}

@test "truncate: a child that no handler of fork knows of has the line that it writes in pieces cut as one" {
	local pieces

	for pieces in $(builds pieces_in_child); do
		LINECAP_MAX=64 LINECAP_MODE=truncate guarded "$pieces" | cat >out
		equal '6 64 27' "$(awk '{ print length }' out | paste -sd ' ')" || refute "$pieces"
	done
}

@test "LINECAP_STATS counts in a forked child from zero" {
	LINECAP_STATS=$PWD/stats guarded perl -e '$| = 1; print "x" x 50000, "\n"; if (!fork) { exit } wait' |
		cat >/dev/null
	equal 1 "$(wc -l <stats)"
}

@test "a program built with AddressSanitizer starts by either way out that the man page names" {
	echo 'int main(void) { return __builtin_puts("started") < 0; }' >asan.c
	cc -fsanitize=address -o asan asan.c || skip "no AddressSanitizer"
	run ! guarded ./asan
	equal started "$(ASAN_OPTIONS=verify_asan_link_order=0 guarded ./asan)"
	equal started "$(LINECAP_TARGET=stdio env LD_PRELOAD="$(cc -print-file-name=libasan.so):$LIBLINECAP" ./asan)"
}
