#!/usr/bin/env bats
# The hooks of exec: what is seen of programs that the library can't get into, and what comes of it
# (LINECAP_EXEC). How a file is told to be one is in tests/unit/elf.c and run.bats.

load helpers

setup_file() {
	compile starts onpipe
	cc -static -O1 -D_GNU_SOURCE -o "$BATS_FILE_TMPDIR/unreached" \
		"$BATS_TEST_DIRNAME/programs/unreached.c" 2>/dev/null
	# Both in one folder.
	mkdir "$BATS_FILE_TMPDIR/home"
	cp "$LINECAP" "$LIBLINECAP" "$BATS_FILE_TMPDIR/home"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
	cp "$BATS_FILE_TMPDIR/unreached" .
	LINECAP=$BATS_FILE_TMPDIR/home/linecap
	LIBLINECAP=$BATS_FILE_TMPDIR/home/liblinecap.so
}

NAMES=(execve execv execvp execvpe execl execlp execle execveat fexecve syscall syscall_at vfork
	posix_spawn posix_spawnp)

# holes COMMAND…: runs it with the library on a guarded pipe, whose bytes end up in `out`; prints what
# its ledger then says is out of reach, "PROGRAM REASON COUNT" a line. The exit status is in `status`.
holes() {
	guarded sh -c 'exec 9>&1; stat -Lc %i /proc/self/fd/9 >pipe; exec 9>&-; "$@"; echo $? >status; '"'$LINECAP'"' stat --json >stat.json' \
		- "$@" | cat >out
	"$PYTHON" - <<-'PY'
		import json
		ino = int(open("pipe").read())
		for page in json.load(open("stat.json")):
		    if page["ino"] == ino:
		        for hole in page["unreached"]:
		            print(hole["program"], hole["reason"], hole["count"])
	PY
}

# piped COMMAND…: with the library on a guarded pipe, and what is out of reach by a pipe of linecap's.
piped() {
	LINECAP_EXEC=pipe guarded "$@"
}

# --- note -----------------------------------------------------------------------------------------

@test "a program out of reach is noted, by whatever name it is started, and nothing else changes" {
	for name in "${NAMES[@]}" execveat below closed; do
		equal "unreached static 1" "$(holes starts "$name" ./unreached)" || refute "$name"
		equal 7 "$(<status)"
		equal 20000 "$(longest <out)"
	done
}

@test "it is noted for a libc of musl's as well" {
	musl-gcc -O1 -D_GNU_SOURCE -o starts-musl "$BATS_TEST_DIRNAME/programs/starts.c"
	for name in "${NAMES[@]}"; do
		[[ $name == execveat ]] && continue # musl has no such function
		equal "unreached static 1" "$(holes ./starts-musl "$name" ./unreached)" || refute "$name"
		equal 7 "$(<status)"
	done
}

@test "programs are counted by name and reason" {
	cp unreached again
	holes sh -c './unreached; ./unreached; ./again; true' | sort >seen
	equal $'again static 1\nunreached static 2' "$(<seen)"
}

@test "Go, setuid, and another machine are reasons of their own" {
	need_root
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" . "$BATS_FILE_TMPDIR/home"
	cp /bin/true theirs
	chown nobody theirs
	chmod 4755 theirs
	equal "theirs privileged 1" "$(holes starts execv ./theirs)"
	printf '\177ELF\1\1\1%057d' 0 >foreign
	chmod +x foreign
	equal "foreign foreign 1" "$(holes starts execv ./foreign)"
	command -v go >/dev/null || skip "no go here"
	printf 'package main\nfunc main() {}\n' >g.go
	GOCACHE=$PWD/cache GO111MODULE=off go build -o g g.go
	equal "g go 1" "$(holes ./g)"
}

@test "a script of a static interpreter is noted as the script" {
	printf '#!%s/unreached\n' "$PWD" >script
	chmod +x script
	equal "script static 1" "$(holes starts execv ./script)"
}

@test "what isn't there, may not be run, or is reached is not noted" {
	cp unreached locked
	chmod -x locked
	equal "" "$(holes sh -c './locked; ./none; ls; starts execvp none; true' 2>/dev/null)"
}

@test "PATH is searched as libc does, past what can't be run" {
	mkdir a b
	cp unreached a/tool
	chmod -x a/tool
	cp unreached b/tool
	mkdir a/tool2
	cp unreached b/tool2
	for name in execvp execvpe execlp; do
		equal "tool static 1" "$(PATH=none:$PWD/a:$PWD/b:$PATH holes starts $name tool)"
		equal 7 "$(<status)"
		equal "tool2 static 1" "$(PATH=none:$PWD/a:$PWD/b:$PATH holes starts $name tool2)"
	done
	equal "" "$(PATH=$BATS_FILE_TMPDIR:/usr/bin:/bin:$PWD/b holes starts execvp true)"
}

@test "a spawn's actions count: stdout may become a file, or a guarded pipe" {
	equal "" "$(holes sh -c 'starts opens ./unreached 2>/dev/null; mv out file')"
	equal 20000 "$(wc -c <file)"
	equal "unreached static 1" "$(holes sh -c 'exec 5>&1; starts dups ./unreached >/dev/null 2>&1')"
}

@test "only a program with a guarded pipe for stdout or stderr is looked at" {
	equal "" "$(holes sh -c './unreached >/dev/null 2>&1; ./unreached 2>/dev/null | cat; true')"
	equal "unreached static 1" "$(holes sh -c './unreached 2>&1 >/dev/null; true')"
}

@test "off: nothing is looked at" {
	equal "" "$(LINECAP_EXEC=off holes ./unreached)"
	equal 7 "$(<status)"
}

@test "a linecap is no hole, however it is linked" {
	equal "" "$(holes "$LINECAP" run --via pipe -- ./unreached)"
}

# How many system calls are made between the first look at the program and its exec, or the ledger's.
calls_of_a_look() {
	strace -f -o trace env LD_PRELOAD="$LIBLINECAP" LINECAP_TARGET=stdio starts execv "$1" 2>&1 | cat >/dev/null
	awk -v opened="\"$1\"" '/openat/ && index($0, opened) { on = 1 } on && /execve\(|shmget\(/ { print n; exit }
		on { n++ }' trace
}

@test "a look takes at most five system calls, three more for a script, or where rights are to be had" {
	need_root
	cp /bin/true set
	cp /bin/true free
	chown nobody set
	chmod 4755 set
	setcap cap_net_raw=ep free || skip "no capabilities here"
	printf '#!/bin/sh\n' >script
	printf '#!%s/unreached\n' "$PWD" >unseen
	printf '#!%s/script\n' "$PWD" >twice
	printf 'true\n' >text
	chmod +x script unseen twice text
	while read -r most kind; do
		calls=$(calls_of_a_look "$kind")
		at_most "$most" "$calls" || refute "$kind"
		more_than 2 "$calls"
	done <<-'END'
		5 /bin/true
		5 ./unreached
		5 ./text
		8 ./script
		8 ./unseen
		11 ./twice
		8 ./set
		6 ./free
	END
	command -v go >/dev/null || skip "no go here"
	printf 'package main\nfunc main() {}\n' >g.go
	GOCACHE=$PWD/cache GO111MODULE=off go build -o g g.go
	at_most 5 "$(calls_of_a_look ./g)"
}

# --- pipe -----------------------------------------------------------------------------------------

@test "by pipe a program out of reach is caught, by whatever name it is started" {
	for name in "${NAMES[@]}" execveat; do
		equal 16384 "$(piped starts "$name" ./unreached | longest)" || refute "$name"
	done
	equal 0 "$(piped starts opens ./unreached | wc -c)"
	equal 20000 "$(longest <out)"
	equal 16384 "$(piped sh -c 'exec 5>&1; starts dups ./unreached >/dev/null' | longest)"
}

@test "by pipe it is caught where a library has a dl_iterate_phdr of its own" {
	cc -shared -fPIC -DLISTED_BY_A_LIBRARY -o lists.so \
		"$BATS_TEST_DIRNAME/../coverage/programs/hostile/lists_objects.c"
	equal 16384 "$(piped env LD_PRELOAD="$PWD/lists.so:$LIBLINECAP" starts execv ./unreached | longest)"
}

@test "by pipe it is caught with musl, too" {
	musl-gcc -O1 -D_GNU_SOURCE -o starts-musl "$BATS_TEST_DIRNAME/programs/starts.c"
	for name in "${NAMES[@]}"; do
		[[ $name == execveat ]] && continue # musl has no such function
		equal 16384 "$(piped ./starts-musl "$name" ./unreached | longest)" || refute "$name"
	done
	equal 16384 "$(piped sh -c 'exec 5>&1; ./starts-musl dups ./unreached >/dev/null' | longest)"
}

@test "what runs behind another program is caught: env, sh, timeout, tini, three shells" {
	local run=("$LINECAP" run --)

	equal 16384 "$("${run[@]}" env ./unreached | longest)"
	equal 16384 "$("${run[@]}" sh -c 'exec ./unreached' | longest)"
	equal 16384 "$("${run[@]}" timeout 9 ./unreached | longest)"
	equal 16384 "$("${run[@]}" tini -s -- ./unreached | longest)"
	equal 16384 "$("${run[@]}" sh -c "sh -c 'sh -c ./unreached; true'; true" | longest)"
	equal 16384 "$("${run[@]}" tini -s -- env sh -c './unreached; true' | longest)"
}

@test "words, environment, folder, fds, limits and signals are the program's own" {
	world() {
		(trap '' USR2 && ulimit -Ss 4096 && exec 7<helpers.txt &&
			exec "$@" starts execve ./unreached world 'a b' '')
	}
	: >helpers.txt
	world env -u LD_PRELOAD | sort >native
	world env -u LD_PRELOAD env LINECAP_EXEC=pipe LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP" | sort >by_pipe
	# What linecap in the parent has exported is all that differs.
	diff native by_pipe | grep '^[<>]' | grep -vE '^[<>] (LINECAP_|LD_PRELOAD=|_=)' >differs || true
	equal "" "$(<differs)"
	grep -q "word 'a b'" by_pipe
}

@test "an environment that the program's parent has made is handed on as it is" {
	equal 16384 "$(piped env -i ./unreached | longest)"
	equal "A=1" "$(piped env -i A=1 ./unreached world | grep "=")"
	equal 100 "$(LINECAP_MAX=100 piped env -i ./unreached | longest)"
}

@test "argv[0] need not be the file" {
	equal "word 'other'" "$(piped bash -c 'exec -a other ./unreached world' | head -n 1)"
}

@test "a shell doesn't grow with what it starts again and again" {
	local words

	[[ $(readlink -f /bin/sh) == */dash ]] || skip "sh is no dash, which starts programs by vfork"
	cat >grow <<-'END'
		start() { for i in 1 2 3 4 5 6 7 8; do ./unreached "$@"; done; }
		size() { while read -r name size unit; do [ "$name" != VmSize: ] || echo "$size"; done </proc/$$/status; }
		start "$@"
		before=$(size)
		start "$@"
		printf '\n%s\n' $(($(size) - before))
	END
	for words in 40 60 150; do
		# shellcheck disable=SC2046  # words
		equal 0 "$(piped sh grow $(seq "$words") | tail -n 1)" || refute "$words words"
	done
}

@test "more words than the stack is asked for are handed on" {
	local words=(world)

	for i in {1..3000}; do words+=("w$i"); done
	equal "word 'w3000'" "$(piped starts execv ./unreached "${words[@]}" | grep "^word" | tail -n 1)"
}

@test "the exit status, and a death by signal, are as the parent would have seen them" {
	run ! piped sh -c './unreached; echo $? >status; false' >/dev/null
	piped sh -c './unreached; echo $? >status; ./unreached dies; echo $? >dead' | cat >/dev/null
	equal 7 "$(<status)"
	equal 143 "$(<dead)"
}

@test "the pid that the parent knows takes signals for it" {
	piped bash -c './unreached waits & echo $! >pid; wait $!; echo $? >status' | cat >out &
	until_true 30 grep -q ready out
	kill -USR1 "$(<pid)"
	wait $!
	equal 9 "$(<status)"
}

# Eight programs at once, and what else the shell has to do.
abreast() { # COMMAND JOB
	# shellcheck disable=SC2016  # the shell's own
	"$1" sh -c 'for name in a b c d e f g h; do ./unreached lines $name & done; '"$2; wait"
}

@test "programs side by side, each by a pipe, keep each line whole" {
	abreast env true | sort >expected
	abreast piped true | sort >seen
	equal 1600 "$(wc -l <expected)"
	same_file expected seen
}

@test "no line is dropped for one that another program, by a pipe too, doesn't end" {
	local mode

	abreast env true >expected
	for mode in truncate json split; do
		LINECAP_MODE=$mode LINECAP_MAX=5000 abreast piped 'for i in 1 2 3 4 5 6 7 8 9; do ./unreached; done' | tr -d '\n' >seen
		"$PYTHON" - <<-'PY'
			seen = open("seen").read()
			for line in open("expected"): assert line.rstrip("\n") in seen, line[:20]
		PY
	done
}

@test "behind one supervisor there is no other" {
	equal $'linecap\nsh' "$(piped sh -c './unreached family; true')"
	equal $'sh\nlinecap' "$("$LINECAP" run --via pipe -- sh -c './unreached family; true' | cat)"
	equal $'linecap\nsh' "$(piped sh -c "'$LINECAP' run --via pipe -- ./unreached family; true" | cat)"
}

@test "without a linecap beside the library it is noted" {
	mkdir alone
	cp "$LIBLINECAP" alone
	equal "unreached static 1" "$(LIBLINECAP=$PWD/alone/liblinecap.so LINECAP_EXEC=pipe holes ./unreached)"
}

@test "installed, it is found in the bin beside its lib" {
	mkdir -p usr/bin usr/lib/machine
	cp "$LIBLINECAP" usr/lib
	cp "$LIBLINECAP" usr/lib/machine
	cp "$LINECAP" usr/bin
	for LIBLINECAP in "$PWD"/usr/lib/{,machine/}liblinecap.so; do
		equal 16384 "$(piped env ./unreached | longest)"
	done
}

@test "what can't be run fails as it does without linecap" {
	cp unreached locked
	chmod -x locked
	run -126 piped sh -c './locked 2>/dev/null'
	run -127 piped sh -c './none 2>/dev/null'
	run -0 piped "$PYTHON" -c 'import os
try: os.posix_spawn("./locked", ["locked"], os.environ)
except PermissionError: os._exit(0)
os._exit(1)'
}

@test "a script whose interpreter may not be run fails as it does without linecap" {
	cp unreached locked
	chmod -x locked
	printf '#!%s/locked\n' "$PWD" >script
	chmod +x script
	equal "" "$(holes starts execve ./script 2>/dev/null)"
	piped sh -c 'starts execve ./script; echo $? >status' 2>err | cat
	equal 126 "$(<status)"
	equal "execve: Permission denied" "$(<err)"
}

@test "a program that is started without words is" {
	equal "unreached static 1" "$(holes starts wordless ./unreached)"
	equal 7 "$(<status)"
	run -7 env LINECAP_EXEC=pipe LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP" starts wordless ./unreached
}

@test "words and paths that can't be read are the kernel's to refuse" {
	for LINECAP_EXEC in note pipe; do
		run -14 env LINECAP_EXEC="$LINECAP_EXEC" LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP" starts bad ./unreached
	done
}

@test "a spawn that changes the folder first is looked at there" {
	mkdir sub
	cp unreached sub/tool
	equal "tool static 1" "$(holes starts moves ./tool)"
	equal 7 "$(<status)"
	equal 16384 "$(piped starts moves ./tool | longest)"
	# What lies here, not there, isn't what is started.
	cp unreached here
	equal "" "$(holes starts moves ./here)"
	equal 126 "$(<status)"
	piped sh -c 'starts moves ./here; echo $? >status' 2>err | cat
	equal 126 "$(<status)"
	equal "" "$(<err)"
}

@test "run exports pipe, unless a setting says otherwise" {
	equal pipe "$("$LINECAP" run -- printenv LINECAP_EXEC | cat)"
	equal pipe "$("$LINECAP" run --via pipe -- printenv LINECAP_EXEC | cat)"
	equal off "$("$LINECAP" run --exec off -- printenv LINECAP_EXEC | cat)"
	equal off "$(LINECAP_EXEC=off "$LINECAP" run -- printenv LINECAP_EXEC | cat)"
}
