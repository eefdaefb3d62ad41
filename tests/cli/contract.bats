#!/usr/bin/env bats
# The contract (DESIGN §2), point by point, in real processes. What is left alone altogether has
# transparent.bats; settings have settings.bats.
# shellcheck disable=SC2016 # $ in single quotes is for an inner program

load helpers

setup_file() {
	load helpers
	compile onpipe judge race answers cancel trickle handler after_fork in_vfork stack heap \
		no_memory counts calls bad_buffer restarted odd_arrays
	compile_library early empty
	endless 2000000 >"$BATS_FILE_TMPDIR/endless"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	original=$BATS_FILE_TMPDIR/endless
}

# --- 1: bounded -----------------------------------------------------------------------------------

@test "contract_1: one endless line comes out in lines of max bytes" {
	guarded cat "$original" | awk '{ print length }' | uniq -c >lengths
	diff - lengths <<-'END'
		    122 16384
		      1 1152
	END
	equal 2000000 "$(longest <"$original")"
}

@test "contract_1: bytes that can't be read behind those that can keep no break from being put in" {
	local way mode

	for way in "second page" "second buffer" "end of second buffer" "buffer at NULL" "long buffer at NULL"; do
		more_than 16384 "$(bad_buffer "$way" 4>answers | longest)"
		for mode in split truncate json; do
			LINECAP_MODE=$mode guarded bad_buffer "$way" 4>answers | cat >out
			at_most 16384 "$(longest <out)" || refute "$way, $mode"
			[[ $mode == split ]] || continue
			equal "$(cut -d ' ' -f 1 answers)" "$(tr -d '\n' <out | wc -c)"
		done
	done
}

@test "contract_2: bytes none of which can be read are EFAULT, and break no line" {
	local way

	for way in nothing "nothing before NULL"; do
		bad_buffer "$way" 4>answers | cat >out
		equal "0 100" "$(<answers)"
		guarded bash -c 'printf "%016384d"; exec "$@"' - bad_buffer "$way" 4>answers | cat >out
		equal "0 100" "$(<answers)"
		equal 16384 "$(wc -c <out)"
	done
}

@test "contract_1: byte after byte, a line comes out in lines of max bytes" {
	LINECAP_MAX=100 guarded bash -c 'for ((i = 0; i < 5000; i++)); do echo -n x; done' |
		awk '{ print length }' | uniq -c >lengths
	diff - lengths <<<'     50 100'
}

# race_stays_bounded threads|processes open|mixed WRITERS RECORDS SIZE
race_stays_bounded() {
	local in_flight=$((($3 - 1) * $5)) round

	for round in 1 2 3 4 5; do
		LINECAP_MAX=1000 guarded race "$@" | tee out | longest >length
		# Every byte of each writer is there; the lines' newlines can't be told from breaks.
		equal "$(($3 - 1))" "$(tr -d 'a\n' <out | fold -w 1 | sort | uniq -c |
			awk -v bytes=$(($4 * $5)) '$1 == bytes' | wc -l)"
		at_most $((1000 + in_flight)) "$(<length)" || refute "in round $round"
	done
}

@test "contract_1: an empty buffer with a bad address lets nothing by" {
	equal 16384 "$(guarded odd_arrays empty | longest)"
}

@test "contract_1: what went out ahead of a bad buffer is on the line" {
	at_most 28384 "$(guarded odd_arrays bad | longest)" # max + one write
}

@test "contract_1: threads that race stay within max and what the others have in flight" {
	race_stays_bounded threads open 8 4000 100
}

@test "contract_1: threads that race with long writes stay within max and what is in flight" {
	race_stays_bounded threads open 4 1000 3000
}

@test "contract_1: threads stay within that, too, while one of them writes lines" {
	race_stays_bounded threads mixed 8 4000 97
}

@test "contract_1: processes that race stay within max and what the others have in flight" {
	race_stays_bounded processes open 8 4000 100
}

@test "contract_1: processes stay within that, too, while one of them writes lines" {
	race_stays_bounded processes mixed 8 4000 97
}

@test "contract_1: processes that come one after the other share one line" {
	LINECAP_MAX=1000 guarded bash -c 'for ((i = 0; i < 200; i++)); do
		/usr/bin/printf %050d "$i"
	done' | tee out | longest >length
	equal 10000 "$(tr -d '\n' <out | wc -c)"
	at_most 1000 "$(<length)"
}

# --- 2: transparent -------------------------------------------------------------------------------

# traced FILE EVENTS [OPTION…]: the system calls of `calls` once its start is over, addresses left
# out; what it wrote goes to the file `through`. libc's dprintf looks at its fd first, linecap's
# does not, so only the writes of the two can be the same.
traced() {
	local file=$1 events=$2 words=(20)

	shift 2
	[[ $events == all ]] || words+=(dprintf)
	strace -qq -s 1000 -e trace="access,$events" -e signal=none -o raw "$@" calls "${words[@]}" |
		cat >through
	sed -E '1,/the start is over/d; s/0x[0-9a-f]+/ADDRESS/g' raw >"$file"
	more_than 100 "$(wc -l <"$file")"
}

with_the_library=(-E LINECAP_TARGET=stdio -E "LD_PRELOAD=$LIBLINECAP")

@test "contract_2: lines within max make the same write calls with the same bytes" {
	LINECAP_MAX=100 traced with write,writev,pwritev2 "${with_the_library[@]}"
	mv through through.with
	traced without write,writev,pwritev2
	same_file without with
	same_file through through.with
}

@test "contract_2: lines within max make the same system calls, but for a look at each new fd" {
	LINECAP_MAX=100 traced with all "${with_the_library[@]}"
	traced without all
	# linecap's look is a getpid and an fstat of the fd, once; in the first the ledger is opened, which
	# takes longer where others have left many pages. These lines are as long as max, so the kernel is
	# asked for each page of a buffer that isn't on the stack, once: can it be read?
	awk '/^getpid\(/ { looking = 1 }
		looking { calls++; looking = !/^fstat\(/; next }
		/^shm/ { next }
		/^rt_sigprocmask\(.*= -1 EINVAL/ { pages++; next }
		{ print }
		END { print calls + 0 >"calls"; print pages + 0 >"pages" }' with >less
	same_file without less
	at_most 10 "$(<calls)"
	at_most 2 "$(<pages)"
}

@test "contract_2: a line over max makes other calls, so the two above can fail" {
	LINECAP_MAX=99 traced with write,writev,pwritev2 "${with_the_library[@]}"
	mv through through.with
	traced without write,writev,pwritev2
	same_file without with # a line of 99 fits
	LINECAP_MAX=98 traced with write,writev,pwritev2 "${with_the_library[@]}"
	run ! cmp -s without with
}

@test "contract_2: what write answers in each case is what it answers without the library" {
	onpipe answers >without
	LINECAP_MAX=100 guarded_on_a_pipe answers >with
	diff without with
	for word in EBADF EFAULT EINVAL EAGAIN EINTR EPIPE 'killed by SIGPIPE' some; do
		grep -q "$word" with || refute "$word never came"
	done
}

@test "contract_2: in truncate mode too" {
	onpipe answers | sed '/an endless line/,$d' >without
	LINECAP_MAX=100 LINECAP_MODE=truncate guarded_on_a_pipe answers |
		sed '/an endless line/,$d' >with
	diff without with
}

@test "contract_2: a break never stands alone in a full pipe, where a signal would show it as EINTR" {
	equal "16384 bytes" "$(onpipe restarted 2>&1)"
	equal "16384 bytes" "$(guarded_on_a_pipe restarted 2>&1)"
}

@test "contract_2: lines of up to PIPE_BUF bytes are never mixed, whoever writes" {
	for size in 10 4095 4096; do
		for kind in threads processes; do
			guarded race "$kind" lines 6 2000 "$size" |
				awk -v size="$size" 'length != size - 1 || $0 ~ /[^a]/ && $0 ~ /[^b]/ &&
					$0 ~ /[^c]/ && $0 ~ /[^d]/ && $0 ~ /[^e]/ && $0 ~ /[^f]/ { mixed++ }
					END { print NR, mixed + 0 }' >found
			equal "12000 0" "$(<found)"
		done
	done
}

@test "contract_2: pieces that need breaks are not mixed either while they fit in PIPE_BUF" {
	LINECAP_MAX=10000 guarded race threads open 6 2000 4000 | tr -d '\n' | fold -w 4000 |
		awk '{ letter = substr($0, 1, 1); gsub(letter, ""); mixed += $0 != "" }
			END { print NR, mixed + 0 }' >found
	equal "12000 0" "$(<found)"
}

@test "contract_2: a thread that is blocked in its write can be cancelled, as without the library" {
	onpipe cancel >without
	LINECAP_MAX=1000 guarded_on_a_pipe cancel >with
	diff without with
	run ! grep broken with
	more_than 10 "$(grep -c ': cancelled' with)"
	more_than 4 "$(grep -c ': not cancelled' with)"
}

@test "contract_2: cancellation is the same where no line needs a break" {
	onpipe cancel >without
	LINECAP_MAX=1G guarded_on_a_pipe cancel >with
	diff without with
}

@test "contract_2: cancellation is the same while bytes are dropped" {
	onpipe cancel | grep -v 'on the way' >without
	LINECAP_MODE=truncate LINECAP_MAX=64k guarded_on_a_pipe cancel | grep -v 'on the way' >with
	diff without with
}

# --- 3: lossless ----------------------------------------------------------------------------------

@test "contract_3: short writes lose no byte and break no line that fits" {
	local max seed

	for max in 64 300 5000; do
		for seed in 1 2 3; do
			LINECAP_MAX=$max guarded_on_a_pipe trickle "$seed" original >out
			judge "$max" '' original <out >breaks || refute "max $max, seed $seed: $(<breaks)"
			more_than 100 "$(<breaks)"
		done
	done
}

@test "contract_3: no short write to a pipe tears a mark" {
	local mark max seed torn cut short=0

	for mark in '~' '-- this line goes on below us --'; do
		for max in 200 301 5000; do
			for seed in 1 2 3; do
				LINECAP_MAX=$max LINECAP_MARK=$mark guarded_on_a_pipe \
					trickle "$seed" original >out 2>figures
				judge "$max" "$mark" original <out >breaks ||
					refute "mark $mark, max $max, seed $seed: $(<breaks)"
				read -r torn cut <figures
				equal 0 "$torn"
				short=$((short + cut))
			done
		done
	done
	more_than 50 "$short"
}

@test "contract_3: linecap join gives the original back" {
	noise 3000000 >original
	LINECAP_MAX=1000 LINECAP_MARK='<goes on>' guarded cat original |
		tee out | "$LINECAP" join --mark '<goes on>' >back
	same_file original back
	run ! cmp -s original out
}

@test "contract_3: without a mark an endless line is back without its newlines" {
	guarded cat "$original" | tr -d '\n' | cmp - "$original"
}

# --- 4: honest counts -----------------------------------------------------------------------------

@test "contract_4: each way of writing answers with the caller's bytes" {
	LINECAP_MAX=100 guarded counts 4>count | tee out | tr -d '\n' | wc -c >length
	equal "$(<count)" "$(<length)"
	equal 100 "$(longest <out)"
}

@test "contract_4: each way of writing answers so where bytes are dropped" {
	LINECAP_MAX=100 LINECAP_MODE=truncate guarded counts 4>count | wc -c >length
	equal 500000 "$(<count)"
	equal 101 "$(<length)"
}

# --- 5: safe anywhere write() is ------------------------------------------------------------------

@test "contract_5: a handler may write while the program is in printf and malloc" {
	LINECAP_MAX=1000 guarded timeout 60 handler 500 4>counts | cat >out
	read -r by_handler by_program <counts
	equal "$by_handler" "$(tr -cd h <out | wc -c)"
	equal "$by_program" "$(tr -cd p <out | wc -c)"
	at_most $((1000 + 4096)) "$(longest <out)"
}

@test "contract_5: errno is the handler's own before and after" {
	LINECAP_MAX=64 guarded timeout 60 handler 100 4>counts | cat >/dev/null
	more_than 0 "$(cut -d ' ' -f 1 counts)"
}

@test "contract_5: a child may write between fork and exec whatever locks its parent's threads hold" {
	LINECAP_MAX=1000 guarded timeout 60 after_fork 300 | tee out | longest >length
	equal 1500000 "$(tr -cd f <out | wc -c)"
	equal 1000 "$(<length)"
}

@test "contract_5: a vfork child may write, and its fds are not taken for its parent's" {
	LINECAP_MAX=1000 guarded in_vfork file | tee out | longest >length
	equal 150000 "$(tr -cd v <out | wc -c)"
	equal 1000 "$(<length)"
	equal 100000 "$(longest <file)"
}

@test "contract_5: a process with no memory left may write" {
	LINECAP_MAX=1000 guarded no_memory | tee out | longest >length
	equal 100000 "$(tr -cd n <out | wc -c)"
	equal 1000 "$(<length)"
}

@test "contract_5: a process with no memory left may print by dprintf, and its text counts" {
	LINECAP_MAX=1000 guarded no_memory dprintf | cat >out
	equal 2100 "$(tr -cd n <out | wc -c)"
	equal 100 "$(tail -n 1 out | tr -d '\n' | wc -c)"
}

# Bytes of stack that the write in question takes.
depth() {
	awk -v way="$1" '$1 == way { print $2 }' "$2"
}

@test "contract_5: a write that needs breaks takes at most 2 KiB more of a handler's stack" {
	local mode way

	stack 4>without | cat >/dev/null
	for mode in split truncate json; do
		LINECAP_MODE=$mode guarded stack 4>with | cat >/dev/null
		for way in write writev syscall; do
			more_than "$(depth "$way" without)" "$(depth "$way" with)"
			at_most $(($(depth "$way" without) + 2048)) "$(depth "$way" with)"
		done
	done
}

@test "contract_5: a write that needs no break takes at most half a KiB more, but for the first" {
	stack 4>without | cat >/dev/null
	guarded stack 4>with | cat >/dev/null
	at_most $(($(depth first without) + 2048)) "$(depth first with)"
	at_most $(($(depth line without) + 512)) "$(depth line with)"
}

@test "contract_5: no write uses the heap" {
	for mode in split truncate; do
		LINECAP_MODE=$mode guarded heap 4>uses | cat >/dev/null
		equal 0 "$(<uses)"
	done
}

@test "contract_5: before the library's constructor ran bytes pass, and lines are bounded after" {
	LINECAP_MAX=1000 LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP $BATS_FILE_TMPDIR/early.so" \
		counts 4>count | tee out | awk '{ print length }' | uniq -c | awk '{ print $1, $2 }' >lengths
	equal "150000" "$(tr -cd 'e\n' <out | head -c 150000 | wc -c)"
	# 5 lines of the constructor's, then the program's.
	diff lengths - <<-'END'
		5 29999
		500 1000
	END
}

# --- 6: free when idle ----------------------------------------------------------------------------

# calls_made ROUNDS [OPTION…]: the system calls of `calls` (on $fd, too) once its start is over, but for the ledger's, of
# which there are more where others have left many pages.
calls_made() {
	strace -qq -e signal=none -o raw "${@:2}" calls "$1" ${fd:+"$fd"} | cat >/dev/null
	sed '1,/the start is over/d' raw | grep -vc '^shm'
}

# no_more_calls [OPTION…]: 200 rounds more make as many system calls more as without the library.
no_more_calls() {
	local with without

	with=$(($(calls_made 300 "${with_the_library[@]}" "$@") -
		$(calls_made 100 "${with_the_library[@]}" "$@")))
	without=$(($(calls_made 300) - $(calls_made 100)))
	equal "$without" "$with" && more_than 1000 "$without"
}

@test "contract_6: a write that needs no break makes no system call more" {
	no_more_calls
}

@test "contract_6: a write to an fd beyond the map's first part makes none more" {
	local fd

	for fd in 255 256 "$(high_fd)"; do
		no_more_calls
	done
}

@test "contract_6: a write that needs no break makes none more in truncate mode or with a mark" {
	no_more_calls -E LINECAP_MODE=truncate -E 'LINECAP_MARK=<goes on>'
}

@test "contract_6: a write to what is no guarded pipe makes none more, whatever it holds" {
	no_more_calls -E LINECAP_MAX=64 -E LINECAP_TARGET=none
}

@test "contract_6: a write that needs a break makes more, so these tests can fail" {
	run ! no_more_calls -E LINECAP_MAX=64
}

# The system calls of a program that does nothing, from when the loader is done.
start_calls() {
	strace -qq -o raw "$@" true
	sed '1,/^munmap/d' raw | wc -l
}

@test "contract_6: the start of a descendant makes at most 3 system calls more than the loader's" {
	local words=() without

	env LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP" env | grep '^LINECAP_' >settings
	equal 2 "$(wc -l <settings)" # as an ancestor left them: the target, and that it is settled
	while read -r setting; do
		words+=(-E "$setting")
	done <settings
	without=$(start_calls -E "LD_PRELOAD=$BATS_FILE_TMPDIR/empty.so")
	at_most $((without + 3)) "$(start_calls -E "LD_PRELOAD=$LIBLINECAP" "${words[@]}")"
}

# --- 7: never the reason that a program fails -----------------------------------------------------

many_children='for i in 1 2 3 4 5; do bash -c "env true; exit 0"; done; seq -s, 9999 | cut -c 1-40000; exit 42'

# complains_once NAME=value COMPLAINT: a tree of processes says so once, and works as by default.
complains_once() {
	local status=0

	bash -c "$many_children" | cat >without
	env "$1" LD_PRELOAD="$LIBLINECAP" LINECAP_TARGET="${LINECAP_TARGET-stdio}" bash -c \
		"$many_children" >file 2>said || status=$?
	equal 42 "$status"
	same_file without file
	equal "$2" "$(<said)"
	equal 1 "$(wc -l <said)"
	# A pipe gets the default: 16384.
	env "$1" LD_PRELOAD="$LIBLINECAP" LINECAP_TARGET="${LINECAP_TARGET-stdio}" \
		cat "$original" 2>said | longest >length
	equal 16384 "$(<length)"
}

@test "contract_7: a bad LINECAP_MAX gets one line, once for a tree of processes, and the default" {
	local value

	for value in banana -1 63 1025M 2G 1T 16384x 16.5k '' 99999999999999999999999 0x100; do
		complains_once "LINECAP_MAX=$value" "linecap: LINECAP_MAX in the environment is\
 '$value': expected a size from 64 to 1G (suffixes k, M, G), or off; the default is used: 16384"
	done
}

@test "contract_7: a bad LINECAP_MODE gets one line and the default" {
	complains_once LINECAP_MODE=Split "linecap: LINECAP_MODE in the environment is 'Split':\
 expected split, truncate or json; the default is used: split"
}

@test "contract_7: a bad LINECAP_MARK gets one line and the default" {
	complains_once LINECAP_MARK=123456789012345678901234567890123 \
		"linecap: LINECAP_MARK in the environment is '123456789012345678901234567890123':\
 expected at most 32 bytes without a newline; the default is used: none"
	complains_once LINECAP_MARK=$'two\nlines' "linecap: LINECAP_MARK in the environment is 'two?lines':\
 expected at most 32 bytes without a newline; the default is used: none"
}

@test "contract_7: a bad LINECAP_TARGET gets one line and the default" {
	local status=0

	for value in pipe '1:2,' 1:2,x 1: : 1:2:3 stdio,none; do
		env LINECAP_TARGET="$value" LD_PRELOAD="$LIBLINECAP" bash -c "$many_children" \
			>file 2>said || status=$?
		equal 42 "$status"
		equal "linecap: LINECAP_TARGET in the environment is '$value': expected auto, stdio, none or\
 DEV:INO,... (at most 8); the default is used: auto" "$(<said)"
	done
}

@test "contract_7: what a terminal would obey is not said to it, nor more than 64 bytes" {
	env LINECAP_MAX=$'\e[2J\a' LD_PRELOAD="$LIBLINECAP" true 2>said
	grep -qF "is '?[2J?':" said
	env LINECAP_MAX="$(printf %0100d 1)x" LD_PRELOAD="$LIBLINECAP" true 2>said
	grep -qE "is '0{64}\.\.\.':" said
}

@test "contract_7: all that is wrong is said, a line each" {
	env LINECAP_MAX=x LINECAP_MODE=y LD_PRELOAD="$LIBLINECAP" true 2>said
	equal 2 "$(wc -l <said)"
}

@test "contract_7: with stderr closed a bad setting goes nowhere, and the program goes on" {
	env LINECAP_MAX=x LD_PRELOAD="$LIBLINECAP" cat "$original" 2>&- >file
	same_file "$original" file
}
