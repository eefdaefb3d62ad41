#!/usr/bin/env bats
# linecap doctor: it tries, and what it says is what it saw.

setup() {
	LINECAP=${LINECAP:-$BATS_TEST_DIRNAME/../../build/linecap}
	LINECAP=$(realpath "$LINECAP")
}

# A linecap with another library beside it.
with_library() {
	cp "$LINECAP" "$BATS_TEST_TMPDIR/linecap"
	gcc -shared -fPIC -o "$BATS_TEST_TMPDIR/liblinecap.so" -x c - <<<"$1"
}

seen() { # WAY: what --json says of stdout
	python3 -c 'import json, sys
ways = json.load(sys.stdin)["ways"]
print(next(w["stdout"] for w in ways if w["way"] == sys.argv[1]))' "$1"
}

@test "doctor: all that is present is caught, and the status is 0" {
	run "$LINECAP" doctor
	[ "$status" -eq 0 ]
	[[ $output != *"NOT CAUGHT"* && $output != *FAILED* ]]
	[ "$(grep -c ' caught' <<<"$output")" -gt 50 ]
}

@test "doctor: what no library can see is said to be beyond" {
	[ "$("$LINECAP" doctor --json | seen 'raw system call')" = beyond ]
}

@test "doctor: a library that does nothing catches nothing, and the status is 1" {
	with_library 'int nothing;'
	run "$BATS_TEST_TMPDIR/linecap" doctor --json
	[ "$status" -eq 1 ]
	for way in write printf dprintf writev fork; do
		[ "$(seen "$way" <<<"$output")" = "not caught" ]
	done
}

@test "doctor: a way in which programs fail is said to have failed, and the status is 1" {
	with_library '#include <errno.h>
#include <unistd.h>
ssize_t write(int fd, const void *b, size_t n) { (void)fd, (void)b, (void)n; errno = EIO; return -1; }'
	run "$BATS_TEST_TMPDIR/linecap" doctor --json
	[ "$status" -eq 1 ]
	[ "$(seen write <<<"$output")" = failed ]
}

@test "doctor: without a library it says so, and the status is 1" {
	cp "$LINECAP" "$BATS_TEST_TMPDIR/linecap"
	run "$BATS_TEST_TMPDIR/linecap" doctor
	[ "$status" -eq 1 ]
	[[ ${lines[0]} == "library: there is no liblinecap.so beside linecap"* ]]
}

@test "doctor: each setting is shown with where it comes from, also inside of a guarded program" {
	[[ $(LINECAP_MAX=2k "$LINECAP" doctor) =~ LINECAP_MAX\ +2048\ +environment ]]
	[[ $("$LINECAP" doctor) =~ LINECAP_MAX\ +16384\ +default ]]
	[[ $(LD_PRELOAD=$(dirname "$LINECAP")/liblinecap.so "$LINECAP" doctor) =~ LINECAP_MODE\ +split\ +default ]]
}

@test "doctor: the guarded pipes are shown, and why" {
	[[ $(LINECAP_TARGET=15:4711 "$LINECAP" doctor) == *"guarded pipes: 15:4711 (LINECAP_TARGET says so)"* ]]
	[[ $(LINECAP_TARGET=none "$LINECAP" doctor) == *"guarded pipes: none"* ]]
}

@test "doctor: a command is looked at, and the way to it is told" {
	[[ $("$LINECAP" doctor -- sh) == *"run --via auto takes: preload" ]]
	printf 'int main(void) { return 0; }' | gcc -static -o "$BATS_TEST_TMPDIR/static" -x c -
	[[ $("$LINECAP" doctor "$BATS_TEST_TMPDIR/static") == *"statically linked"*"takes: pipe" ]]
	[[ $("$LINECAP" doctor no-such-command) == *"No such file"*"takes: none" ]]
}

@test "doctor: --json is JSON that holds all of it" {
	"$LINECAP" doctor --json -- sh | python3 -c 'import json, sys
d = json.load(sys.stdin)
assert d["all_caught"] is True and len(d["ways"]) > 50
assert d["settings"]["LINECAP_MODE"] == {"value": "split", "origin": "default"}
assert d["command"]["via"] == "preload" and d["guarded"]["reason"]'
}

@test "doctor: a bad option is one line and status 64" {
	run "$LINECAP" doctor --nonsense
	[ "$status" -eq 64 ]
	[ "${#lines[@]}" -eq 1 ]
}

@test "LINECAP_STATS=stderr says at exit whose lines were broken, and nothing where none was" {
	library=$(dirname "$LINECAP")/liblinecap.so
	run sh -c "LD_PRELOAD=$library LINECAP_STATS=stderr perl -e 'print \"x\" x 50000, \"\n\"' 2>&1 | tail -n 1"
	[[ $output =~ ^linecap:\ pid\ [0-9]+\ \(perl\):\ lines\ broken:\ 1$ ]]
	run sh -c "LD_PRELOAD=$library LINECAP_STATS=stderr perl -e 'print \"x\n\"' 2>&1 | cat"
	[ "$output" = x ]
}

@test "LINECAP_STATS=PATH adds a line to that file" {
	library=$(dirname "$LINECAP")/liblinecap.so
	for _ in 1 2; do
		LD_PRELOAD=$library LINECAP_STATS=$BATS_TEST_TMPDIR/stats \
			perl -e 'print "x" x 50000, "\n"' | cat >/dev/null
	done
	[ "$(grep -c '(perl): lines broken: 1$' "$BATS_TEST_TMPDIR/stats")" -eq 2 ]
}
