#!/usr/bin/env bats
# linecap doctor: it tries, and what it says is what it saw.

load helpers

# A linecap with another library beside it.
with_library() {
	cp "$LINECAP" "${LIBLINECAP%/*}/libways.so" "$BATS_TEST_TMPDIR"
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

@test "doctor: each setting is shown with where it comes from, also inside a guarded program" {
	[[ $(LINECAP_MAX=2k "$LINECAP" doctor) =~ LINECAP_MAX\ +2048\ +environment ]]
	[[ $("$LINECAP" doctor) =~ LINECAP_MAX\ +16384\ +default ]]
	[[ $(LD_PRELOAD=$(dirname "$LINECAP")/liblinecap.so "$LINECAP" doctor) =~ LINECAP_MODE\ +split\ +default ]]
}

@test "doctor: the guarded pipes are shown, and why" {
	[[ $(LINECAP_TARGET=15:4711 "$LINECAP" doctor) == *"guarded pipes: 15:4711 (LINECAP_TARGET says so)"* ]]
	[[ $(LINECAP_TARGET=none "$LINECAP" doctor) == *"guarded pipes: none"* ]]
}

@test "doctor: a command is looked at, and the way to it is shown" {
	[[ $("$LINECAP" doctor -- sh) == *"run --via auto takes: preload"* ]]
	printf 'int main(void) { return 0; }' | gcc -static -o "$BATS_TEST_TMPDIR/static" -x c -
	[[ $("$LINECAP" doctor "$BATS_TEST_TMPDIR/static") == *"statically linked"*"takes: pipe"* ]]
}

@test "doctor: a command that can't be run is not good" {
	run -1 "$LINECAP" doctor no-such-command
	[[ $output == *"takes: none"* ]]
	equal "not good: no-such-command can't be run: No such file or directory" "${lines[-1]}"
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

# --- what is wrong is named, and its reason ---------------------------------------------------------

# doctor's words, on its stdout alone: its own loader may have something to say, too.
diagnosed() { # PRELOAD [WORD…]
	run -1 --separate-stderr env LD_PRELOAD="$1" "${@:2}" "$LINECAP" doctor
	[[ ${lines[-1]} == "not good: "* ]] || refute "the last line is no summary: ${lines[-1]}"
}

@test "doctor: a library in LD_PRELOAD that doesn't exist is named, and all isn't well" {
	diagnosed /nonexistent/liblinecap.so
	equal "not good: LD_PRELOAD has /nonexistent/liblinecap.so, which doesn't exist" "${lines[-1]}"
}

@test "doctor: a name in a trouble stays as it is in JSON, and can't reach a terminal as it came" {
	local trouble=$'LD_PRELOAD has /none/Größe\e[1m/liblinecap.so, which doesn\'t exist'

	diagnosed $'/none/Größe\e[1m/liblinecap.so'
	equal 'not good: LD_PRELOAD has /none/Gr\M-C\M-6\M-C\M^_e\^[[1m/liblinecap.so, which doesn'"'t exist" "${lines[-1]}"
	env LD_PRELOAD=$'/none/Größe\e[1m/liblinecap.so' "$LINECAP" doctor --json >json 2>/dev/null || true
	equal "$trouble" "$("$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["summary"])' <json)"
	equal "$trouble" "$("$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["troubles"][0])' <json)"
}

@test "doctor: a library that this uid can't read is named" {
	need_root
	share_with_all_users
	install -m 600 "$LIBLINECAP" "${LINECAP%/*}/liblinecap_of_root.so"
	diagnosed "${LINECAP%/*}/liblinecap_of_root.so" setpriv --reuid=65534 --regid=65534 --clear-groups
	[[ $output == *"liblinecap_of_root.so, which can't be read by uid 65534"* ]]
}

@test "doctor: a library beside linecap that this uid can't read is said to be so, not to be missing" {
	need_root
	local place=$BATS_RUN_TMPDIR/unreadable

	chmod a+x "$BATS_RUN_TMPDIR"
	install -d -m 755 "$place"
	install -m 755 "$LINECAP" "${LIBLINECAP%/*}/libways.so" "$place"
	install -m 600 "$LIBLINECAP" "$place"
	run -1 --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$place/linecap" doctor
	equal "not good: $place/liblinecap.so can't be read: Permission denied" "${lines[-1]}"
}

@test "doctor: a library on a noexec mount is named, where musl's loader is silent, too" {
	command -v musl-gcc >/dev/null || skip "no musl"
	need_own_mounts
	local place=$BATS_TEST_TMPDIR/place

	mkdir "$place"
	printf 'int main(void) { return 0; }' | musl-gcc -o "$BATS_TEST_TMPDIR/musl" -x c -
	# shellcheck disable=SC2016 # the inner shell's
	run -1 --separate-stderr "${own_mounts[@]}" sh -ec '
		mount -t tmpfs -o noexec,size=8m tmpfs "$1"
		cp "$2" "$3" "$4" "$1"
		LD_PRELOAD=$1/liblinecap.so exec "$5" doctor "$6"' sh "$place" \
		"$LIBLINECAP" "${LIBLINECAP%/*}/libways.so" "$LINECAP" "$LINECAP" "$BATS_TEST_TMPDIR/musl"
	[[ $output == *"tried in: $BATS_TEST_TMPDIR/musl, libc musl"* ]]
	[[ ${lines[-1]} == "not good: LD_PRELOAD has $place/liblinecap.so, which lies on a file system that is mounted noexec"* ]]
}

@test "doctor: on another libc, too, what isn't caught is said not to be" {
	command -v musl-gcc >/dev/null || skip "no musl"
	with_library 'int nothing;'
	printf 'int main(void) { return 0; }' | musl-gcc -o "$BATS_TEST_TMPDIR/musl" -x c -
	run "$BATS_TEST_TMPDIR/linecap" doctor --json "$BATS_TEST_TMPDIR/musl"
	[ "$status" -eq 1 ]
	for way in write printf dprintf writev fork; do
		[ "$(seen "$way" <<<"$output")" = "not caught" ]
	done
	[[ $output == *'"libc": "musl"'* || $output == *'"libc":"musl"'* ]]
}

@test "doctor: a program that was started past the library is shown, and the summary says so" {
	need_own_segments
	printf 'int main(void) { return 0; }' | gcc -static -o "$BATS_TEST_TMPDIR/unreached" -x c -
	# shellcheck disable=SC2016 # the inner shell's
	run -0 unshare --ipc sh -c '{ LINECAP_TARGET=stdio LD_PRELOAD=$2 sh -c "$1; $1; true"; } |
		{ cat; "$3" doctor; "$3" doctor --json >"$4"; }' sh "$BATS_TEST_TMPDIR/unreached" "$LIBLINECAP" \
		"$LINECAP" "$BATS_TEST_TMPDIR/json"
	[[ $output == *"unreached"*"static"* ]]
	[[ ${lines[-1]} == *"programs were started past the library"* ]]
	python3 -c 'import json, sys
hole, = json.load(open(sys.argv[1]))["unreached"]
assert hole["program"] == "unreached" and hole["reason"] == "static" and hole["count"] == 2, hole' "$BATS_TEST_TMPDIR/json"
}

@test "doctor: a library on a noexec mount is named, with why it isn't loaded" {
	need_own_mounts
	local place=$BATS_TEST_TMPDIR/place

	mkdir "$place"
	# shellcheck disable=SC2016 # the inner shell's
	run -1 --separate-stderr "${own_mounts[@]}" sh -ec '
		mount -t tmpfs -o noexec,size=4m tmpfs "$1"
		cp "$2" "$1/liblinecap.so"
		LD_PRELOAD=$1/liblinecap.so exec "$3" doctor' sh "$place" "$LIBLINECAP" "$LINECAP"
	[[ ${lines[-1]} == "not good: LD_PRELOAD has $place/liblinecap.so, which lies on a file system that is mounted noexec"* ]]
}

@test "doctor: a library for another machine, and half a library, are named" {
	local other=$BATS_TEST_TMPDIR/liblinecap.so

	cp "$LIBLINECAP" "$other"
	printf '\x02' | dd of="$other" bs=1 seek=18 conv=notrunc status=none # e_machine: SPARC
	diagnosed "$other"
	[[ ${lines[-1]} == *"$other, which is made for another machine than "* ]]
	: >"$other"
	diagnosed "$other"
	[[ ${lines[-1]} == *"$other, which is no ELF file"* ]]
}

@test "doctor: LINECAP_MAX=off is switched off, and not well" {
	diagnosed "" LINECAP_MAX=off
	equal "not good: switched off: LINECAP_MAX=off (environment)" "${lines[-1]}"
}

@test "doctor: two copies of the library in one process are named, and so are the neighbours" {
	local second=$BATS_TEST_TMPDIR/liblinecap.so

	cp "$LIBLINECAP" "$second"
	gcc -shared -fPIC -o "$BATS_TEST_TMPDIR/neighbour.so" -x c - <<<'int neighbour;'
	diagnosed "$LIBLINECAP:$BATS_TEST_TMPDIR/neighbour.so:$second"
	[[ ${lines[-1]} == *"two copies of the library are loaded, $LIBLINECAP and $second"* ]]
	[[ $output == *"LD_PRELOAD: others in it: $BATS_TEST_TMPDIR/neighbour.so"* ]]
}

@test "doctor: a library of another version than the program's is named" {
	local version

	version=$("$LINECAP" --version)
	LC_ALL=C sed "s/$version/linecap 9.9.9/" "$LIBLINECAP" >"$BATS_TEST_TMPDIR/liblinecap.so"
	diagnosed "$BATS_TEST_TMPDIR/liblinecap.so"
	[[ ${lines[-1]} == *"liblinecap.so has version 9.9.9, and linecap has ${version#linecap }"* ]]
}

@test "doctor: a command with AddressSanitizer is named, with the way out" {
	printf 'int main(void) { return 0; }' |
		gcc -fsanitize=address -o "$BATS_TEST_TMPDIR/asan" -x c - || skip "no AddressSanitizer"
	run -1 "$LINECAP" doctor "$BATS_TEST_TMPDIR/asan"
	[[ ${lines[-1]} == *"built with AddressSanitizer"*"ASAN_OPTIONS=verify_asan_link_order=0"* ]]
}

@test "doctor: no program that it looks at ever runs" {
	printf '#include <fcntl.h>
int main(void) { return creat("%s", 0600) < 0; }' "$BATS_TEST_TMPDIR/it_ran" |
		gcc -o "$BATS_TEST_TMPDIR/command" -x c -
	"$LINECAP" doctor "$BATS_TEST_TMPDIR/command" | grep -q "^tried in: $BATS_TEST_TMPDIR/command,"
	[[ ! -e $BATS_TEST_TMPDIR/it_ran ]]
}

@test "doctor: a program of musl's is tried with musl, and all is caught there" {
	command -v musl-gcc >/dev/null || skip "no musl"
	printf 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/musl.c"
	musl-gcc -o "$BATS_TEST_TMPDIR/musl" "$BATS_TEST_TMPDIR/musl.c"
	run -0 "$LINECAP" doctor "$BATS_TEST_TMPDIR/musl"
	[[ $output == *"tried in: $BATS_TEST_TMPDIR/musl, libc musl"* ]]
}

@test "doctor: with sixteen descriptors nothing fails that needs no more" {
	run -0 sh -c 'ulimit -n 16; exec "$LINECAP" doctor'
	[[ $output != *FAILED* ]]
}

@test "doctor: in a chroot without /proc and /dev nothing fails for want of them" {
	need_root
	local root=$BATS_TEST_TMPDIR/root file

	mkdir -p "$root/bin" "$root/usr/local"
	for file in $(ldd "$LINECAP" /bin/sh | grep -o '/[^ :]*' | sort -u) /bin/sh; do
		mkdir -p "$root${file%/*}"
		[[ -e $root$file ]] || cp -L "$file" "$root$file"
	done
	mkdir -p "$root/here"
	cp "$LINECAP" "$LIBLINECAP" "${LIBLINECAP%/*}/libways.so" "$root/here"
	run -0 env PATH="/bin:/usr/bin:$PATH" chroot "$root" /here/linecap doctor
	[[ $output != *FAILED* ]]
	[[ $output =~ "write to /proc/self/fd/N"\ +-\ +- ]]
}

@test "doctor: an exec session is said to guard nothing, and how to see it all the same" {
	need_own_mounts
	local first

	unshare --pid --fork --mount-proc --kill-child sleep 60 >"$BATS_TEST_TMPDIR/out" 2>&1 &
	first=$!
	until_true 10 pgrep -P "$first" >/dev/null
	run enter "$(pgrep -P "$first")" --mount --pid -- "$LINECAP" doctor
	kill "$first"
	[[ $output == *"An exec session guards nothing under auto"*"LINECAP_TARGET=stdio COMMAND | cat"* ]]
}

@test "doctor: the names in --json stay as they are" {
	"$LINECAP" doctor --json -- sh | python3 -c 'import json, sys
d = json.load(sys.stdin)
assert set(d) == {"library", "version", "library_version", "tried_in", "preload", "all_caught", "ways",
    "guarded", "settings", "command", "unreached", "troubles", "good", "summary"}, set(d)
assert set(d["tried_in"]) == {"program", "libc"}
assert set(d["preload"]) == {"value", "others", "in_charge", "copies"}
assert set(d["ways"][0]) == {"way", "stdout", "stderr"}
assert set(d["guarded"]) == {"pipes", "reason"}
assert set(d["command"]) == {"name", "path", "reason", "via"}
assert d["good"] is True and d["troubles"] == [] and d["version"] == d["library_version"]'
}

# --- LINECAP_STATS -----------------------------------------------------------------------------------

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
