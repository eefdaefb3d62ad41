#!/usr/bin/env bats
# linecap run: options, what the program finds in its environment, and which way is taken.
# What the supervisor does is in supervisor.bats.

load helpers

setup() {
	unset LINECAP_MAX LINECAP_MODE LINECAP_MARK LINECAP_TARGET LD_PRELOAD
	cd "$BATS_TEST_TMPDIR"
	# Both in one directory, whose name is known.
	mkdir home
	cp "$LINECAP" home/linecap
	cp "$LIBLINECAP" home/liblinecap.so
	HOME_SO=$PWD/home/liblinecap.so
	export LINECAP=$PWD/home/linecap LIBLINECAP
}

compile() { # FILE, from a C program on stdin; more words go to the compiler
	cc -x c -o "$@" -
}

XS='printf "%0100d" 0'

@test "a program's endless line is broken" {
	[ "$("$LINECAP" run -m 64 -- sh -c "$XS" | wc -L)" = 64 ]
	[ "$("$LINECAP" run -m 64 --via preload -- sh -c "$XS" | wc -L)" = 64 ]
	[ "$("$LINECAP" run -m 64 --via pipe -- sh -c "$XS" | wc -L)" = 64 ]
}

@test "a file is never changed by a byte" {
	for via in preload pipe; do
		"$LINECAP" run -m 64 --via $via -- sh -c "$XS" >out
		sh -c "$XS" | cmp - out
	done
}

@test "stderr is guarded as stdout is" {
	for via in preload pipe; do
		[ "$({ "$LINECAP" run -m 64 --via $via -- sh -c "$XS >&2" >/dev/null; } 2>&1 | wc -L)" = 64 ]
	done
}

@test "by preload no process stays behind: the program has run's own pid" {
	run sh -c 'echo $$; exec "$LINECAP" run --via preload -- sh -c "echo \$\$"'
	[ "$status" = 0 ]
	[ "${lines[0]}" = "${lines[1]}" ]
}

@test "the library goes first in LD_PRELOAD, and what was there stays" {
	other=$(ldd /bin/sh | awk '/libc\./ { print $3 }')
	[ "$("$LINECAP" run -- printenv LD_PRELOAD | cat)" = "$HOME_SO" ]
	[ "$(LD_PRELOAD=$other "$LINECAP" run -- printenv LD_PRELOAD | cat)" = "$HOME_SO:$other" ]
	[ "$(LD_PRELOAD="$other $other" "$LINECAP" run -- printenv LD_PRELOAD | cat)" = "$HOME_SO:$other $other" ]
}

@test "run in run: the library is in LD_PRELOAD once" {
	other=$(ldd /bin/sh | awk '/libc\./ { print $3 }')
	[ "$("$LINECAP" run -- "$LINECAP" run -- printenv LD_PRELOAD | cat)" = "$HOME_SO" ]
	[ "$(LD_PRELOAD="$other $HOME_SO" "$LINECAP" run --via preload -- printenv LD_PRELOAD | cat)" = "$other $HOME_SO" ]
}

@test "the library is in LD_PRELOAD once, by whatever path it is there" {
	ln -s home/liblinecap.so link.so
	ln home/liblinecap.so hard.so
	for path in "$PWD/link.so" "$PWD/hard.so" "$PWD/home/../home/liblinecap.so"; do
		for via in preload pipe; do
			run sh -c 'LD_PRELOAD=$1 "$LINECAP" run --via $2 -- printenv LD_PRELOAD | cat' - "$path" $via
			[ "$output" = "$path" ]
		done
	done
}

@test "by a pipe the library goes along, where it can be loaded" {
	[ "$("$LINECAP" run --via pipe -- printenv LD_PRELOAD | cat)" = "$HOME_SO" ]
	if [ -e /usr/local/lib/liblinecap.so ]; then skip "one is installed in LIBDIR"; fi
	rm home/liblinecap.so
	run sh -c '"$LINECAP" run --via pipe -- sh -c "echo \"-\$LD_PRELOAD-\"" 2>&1 | cat'
	[ "$output" = -- ]
}

@test "the settings reach the program's descendants, options before the environment" {
	run sh -c 'LINECAP_MAX=1k LINECAP_MODE=truncate "$LINECAP" run -m 2k --mark " +" -- sh -c env'
	grep -Fx 'LINECAP_MARK= +' <<<"$output"
	grep -Fx LINECAP_MAX=2048 <<<"$output"
	grep -Fx LINECAP_MODE=truncate <<<"$output"
	grep -Ex 'LINECAP_TARGET=[0-9]+:[0-9]+' <<<"$output"
}

@test "the target is run's own stdout and stderr, where they are pipes" {
	[ "$("$LINECAP" run -- sh -c 'echo "$LINECAP_TARGET $(stat -Lc %d:%i /proc/$$/fd/1)"' 2>/dev/null | awk '{ print $1 == $2 }')" = 1 ]
	"$LINECAP" run -- sh -c 'echo "$LINECAP_TARGET"' >out 2>&1
	[ "$(cat out)" = none ]
	run "$LINECAP" run --target 1:2,3:4 -- printenv LINECAP_TARGET
	[ "$output" = 1:2,3:4 ]
	run "$LINECAP" run --target none -- sh -c "$XS"
	[ "${#output}" = 100 ]
}

@test "off: the program runs as it would" {
	run "$LINECAP" run -m off -- sh -c 'echo "$LINECAP_MAX-$LD_PRELOAD"'
	[ "$output" = 0- ]
	run env LINECAP_MAX=off "$LINECAP" run --via pipe -- sh -c 'cat /proc/$PPID/comm'
	[ "$output" != linecap ]
}

@test "a command is found through PATH as execvp finds it" {
	mkdir first second
	printf '#!/bin/sh\necho first\n' >first/command
	printf '#!/bin/sh\necho second\n' >second/command
	chmod +x second/command # the first is passed over, for it may not be run
	for via in auto preload pipe; do
		run env PATH="$PWD/first:$PWD/second:$PATH" "$LINECAP" run --via $via -- command
		[ "$output" = second ]
		run env PATH=":$PATH" sh -c "cd second && \"$LINECAP\" run --via $via -- command"
		[ "$output" = second ]
	done
}

@test "a command that isn't there is 127, one that can't be run 126" {
	echo >plain
	for via in auto preload pipe; do
		run -127 "$LINECAP" run --via $via -- no-such-command
		[ "$output" = "linecap run: no-such-command: No such file or directory" ]
		run -127 "$LINECAP" run --via $via -- ./no-such-command
		run "$LINECAP" run --via $via -- ./plain
		[ "$status" = 126 ]
		[ "$output" = "linecap run: ./plain: Permission denied" ]
		run "$LINECAP" run --via $via -- /
		[ "$status" = 126 ]
		run -127 "$LINECAP" run --via $via -- ""
		[ "$output" = "linecap run: '': No such file or directory" ]
	done
}

@test "-- is optional, and what follows the command belongs to it" {
	run "$LINECAP" run -m 64 printf '%s,' -m --mode --via
	[ "$output" = "-m,--mode,--via," ]
	run "$LINECAP" run -- printf '%s,' -- -x
	[ "$output" = "--,-x," ]
}

@test "a bad option is one line and status 64" {
	run "$LINECAP" run -m 12Q -- true
	[ "$status" = 64 ]
	[ "$output" = "linecap run: -m is '12Q': expected a size from 64 to 1G (suffixes k, M, G), or off" ]
	run "$LINECAP" run --via magic -- true
	[ "$status" = 64 ]
	[ "$output" = "linecap run: --via is 'magic': expected auto, preload or pipe" ]
	run "$LINECAP" run --target here -- true
	[ "$status" = 64 ]
	[ "$output" = "linecap run: --target is 'here': expected auto, stdio, none or DEV:INO,... (at most 8)" ]
	run "$LINECAP" run --what -- true
	[ "$status" = 64 ]
	run "$LINECAP" run -m
	[ "$status" = 64 ]
	[ "$output" = "linecap run: -m needs a value: expected a size from 64 to 1G (suffixes k, M, G), or off" ]
	run "$LINECAP" run
	[ "$status" = 64 ]
	[ "${#lines[@]}" = 1 ]
}

@test "a bad value in the environment is one line, and the program runs with the default" {
	for via in preload pipe; do
		run env LINECAP_MAX=12Q "$LINECAP" run --via $via -- sh -c 'sh -c "echo \$LINECAP_MAX"'
		[ "$status" = 0 ]
		[ "${#lines[@]}" = 2 ]
		[[ ${lines[0]} == "linecap: LINECAP_MAX in the environment is '12Q': expected "* ]]
		[ "${lines[1]}" = 16384 ]
	done
}

@test "without the library: 69 by preload, else a pipe, and a line that says so" {
	if [ -e /usr/local/lib/liblinecap.so ]; then skip "one is installed in LIBDIR"; fi
	rm home/liblinecap.so
	run "$LINECAP" run --via preload -- echo ran
	[ "$status" = 69 ]
	[[ $output == "linecap run: there is no liblinecap.so beside linecap, nor in "* ]]
	[ "${#lines[@]}" = 1 ]
	run "$LINECAP" run -m 64 -- sh -c "echo; $XS"
	[ "$status" = 0 ]
	[[ ${lines[0]} == "linecap run: there is no liblinecap.so "*"; going by a pipe instead" ]]
	[ "${#lines[1]}" = 64 ]
}

@test "a library whose path LD_PRELOAD can't say: 69 by preload, else a pipe" {
	for name in "a home" a:home; do
		mv home "$name"
		run "$name/linecap" run --via preload -- echo ran
		[ "$status" = 69 ]
		[[ $output == *"holds a space or a colon"* ]]
		run "$name/linecap" run -m 64 -- sh -c "$XS"
		[ "${#lines[1]}" = 64 ]
		mv "$name" home
	done
}

# Which way was taken: by a pipe, the program's parent is linecap.
WAY='#include <stdio.h>
#include <unistd.h>
int main(void)
{
	char path[64], name[64];
	snprintf(path, sizeof path, "/proc/%d/comm", (int)getppid());
	FILE *file = fopen(path, "r");
	fputs(fgets(name, sizeof name, file) ? name : "?", stdout);
	return 0;
}'

@test "a static program goes by a pipe, a dynamic one by preload" {
	compile dynamic <<<"$WAY"
	compile static -static <<<"$WAY"
	compile static-pie -static-pie <<<"$WAY"
	run "$LINECAP" run -- ./dynamic
	[ "$output" != linecap ]
	[ "$status" = 0 ]
	for program in static static-pie; do
		run "$LINECAP" run -- ./$program
		[ "$output" = linecap ]
	done
}

@test "a Go program goes by a pipe, dynamically linked as well" {
	command -v go >/dev/null || skip "no go here"
	cat >way.go <<-'GO'
	package main
	import ("fmt"; "os")
	func main() {
	    name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", os.Getppid()))
	    fmt.Print(string(name))
	}
	GO
	export GOCACHE=$PWD/cache GOFLAGS=-mod=mod GO111MODULE=off
	go build -o static way.go
	CGO_ENABLED=1 go build -buildmode=pie -ldflags='-linkmode=external -s -w' -o dynamic way.go
	readelf -lW dynamic | grep -q INTERP
	for program in static dynamic; do
		run "$LINECAP" run -- ./$program
		[ "$output" = linecap ]
	done
}

@test "a script goes the way of its interpreter" {
	compile static -static <<<"$WAY"
	compile dynamic <<<"$WAY"
	printf '#!%s/static\n' "$PWD" >script
	printf '#! %s/script -x\n' "$PWD" >script-of-script
	printf '#!\t%s/dynamic -x\n' "$PWD" >reached
	chmod +x script script-of-script reached
	for program in script script-of-script; do
		run "$LINECAP" run -- ./$program
		[ "$output" = linecap ]
	done
	run "$LINECAP" run -- ./reached
	[ "$status" = 0 ]
	[ "$output" != linecap ]
}

@test "a setuid program goes by a pipe, unless it gains nothing" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	chmod 755 . home "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
	compile theirs <<<"$WAY"
	compile ours <<<"$WAY"
	chown nobody theirs
	chmod 4755 theirs ours
	run "$LINECAP" run -- ./ours
	[ "$output" != linecap ]
	run "$LINECAP" run -- ./theirs
	[ "$output" = linecap ]
	run setpriv --no-new-privs "$LINECAP" run -- ./theirs
	[ "$output" != linecap ]
}

@test "a program with capabilities of its own goes by a pipe, unless root runs it" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	command -v setcap >/dev/null || skip "no setcap here"
	chmod 755 . home "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
	compile capable <<<"$WAY"
	setcap cap_net_bind_service+ep capable || skip "no capabilities on this file system"
	run "$LINECAP" run -- ./capable
	[ "$output" != linecap ]
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$LINECAP" run -- ./capable
	[ "$output" = linecap ]
}

@test "a program that may not be read goes by a pipe" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	chmod 755 . home "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
	compile secret <<<"$WAY"
	chmod 711 secret
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$LINECAP" run -- ./secret
	[ "$output" = linecap ]
}

@test "--via preload and --via pipe are obeyed" {
	compile dynamic <<<"$WAY"
	compile static -static <<<"$WAY"
	run "$LINECAP" run --via pipe -- ./dynamic
	[ "$output" = linecap ]
	run "$LINECAP" run --via preload -- ./static
	[ "$output" != linecap ]
}

@test "installed under another PREFIX than it was built for, it finds its library" {
	mkdir -p "$BATS_TEST_TMPDIR/opt/bin" "$BATS_TEST_TMPDIR/opt/lib"
	cp "$LINECAP" "$BATS_TEST_TMPDIR/opt/bin/linecap"
	cp "$(dirname "$LINECAP")/liblinecap.so" "$BATS_TEST_TMPDIR/opt/lib"
	"$BATS_TEST_TMPDIR/opt/bin/linecap" run --via preload -- \
		perl -e 'print "x" x 20000' | awk '{ print length }' >"$BATS_TEST_TMPDIR/out"
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/out")" -eq 16384 ]
}
