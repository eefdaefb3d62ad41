#!/usr/bin/env bats
# The shipped file: what it asks of a libc, what it exports, and how it is laid out. A symbol that
# one libc lacks ends every program of a container, so the file itself is looked at.

load helpers

undefined() {
	readelf -W --dyn-syms "$LIBLINECAP" | awk '$7 == "UND" && $8 != ""'
}

exported() {
	readelf -W --dyn-syms "$LIBLINECAP" |
		awk '$7 != "UND" && ($5 == "GLOBAL" || $5 == "WEAK") { print $8 }' | sort
}

segments() {
	readelf -lW "$LIBLINECAP"
}

dynamic() {
	readelf -dW "$LIBLINECAP"
}

# The oldest version that this architecture's glibc has.
oldest_glibc() {
	case $(uname -m) in
	x86_64) echo 2.2.5 ;;
	aarch64) echo 2.17 ;;
	*) skip "no ceiling is known for $(uname -m)" ;;
	esac
}

@test "no undefined symbol asks for a glibc newer than the oldest" {
	local ceiling

	ceiling=$(oldest_glibc)
	undefined | awk '$8 ~ /@/ { sub(/.*@/, "", $8); print $8 }' | sort -u >"$BATS_TEST_TMPDIR/versions"
	equal "GLIBC_$ceiling" "$(<"$BATS_TEST_TMPDIR/versions")"
}

@test "each undefined symbol is in musl too, or weak" {
	local musl

	musl=$(echo /usr/lib/*-linux-musl/libc.so)
	[[ -e $musl ]] || refute "musl is not installed"
	undefined | awk '$5 != "WEAK" { sub(/@.*/, "", $8); print $8 }' | sort -u >"$BATS_TEST_TMPDIR/wanted"
	readelf -W --dyn-syms "$musl" | awk '$7 != "UND" { print $8 }' | sort -u >"$BATS_TEST_TMPDIR/there"
	more_than 3 "$(wc -l <"$BATS_TEST_TMPDIR/wanted")"
	equal "" "$(comm -23 "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/there")"
}

@test "doctor's probe asks for no version of a symbol, and each is in musl too, or weak" {
	local musl LIBLINECAP=${LIBLINECAP%/*}/libways.so

	musl=$(echo /usr/lib/*-linux-musl/libc.so)
	[[ -e $musl ]] || refute "musl is not installed"
	undefined >"$BATS_TEST_TMPDIR/undefined"
	more_than 50 "$(wc -l <"$BATS_TEST_TMPDIR/undefined")"
	equal "" "$(grep @ "$BATS_TEST_TMPDIR/undefined" || true)"
	awk '$5 != "WEAK" { print $8 }' "$BATS_TEST_TMPDIR/undefined" | sort -u >"$BATS_TEST_TMPDIR/wanted"
	readelf -W --dyn-syms "$musl" | awk '$7 != "UND" { print $8 }' | sort -u >"$BATS_TEST_TMPDIR/there"
	equal "" "$(comm -23 "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/there")"
}

@test "no undefined symbol is a _chk form" {
	equal "" "$(undefined | awk '$8 ~ /_chk(@|$)/ { print $8 }')"
}

@test "libc is all that it needs" {
	equal "libc.so.6" "$(dynamic | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | paste -sd ' ')"
}

@test "the exported names are those of calls.def and what two copies share, and no other" {
	"${CC:-cc}" -E -P -undef -x c -o "$BATS_TEST_TMPDIR/map" \
		"$BATS_TEST_DIRNAME/../../preload/exports.map"
	sed -n 's/^\([a-z_0-9]*\);$/\1/p' "$BATS_TEST_TMPDIR/map" | sort >"$BATS_TEST_TMPDIR/names"
	grep -qx write "$BATS_TEST_TMPDIR/names"
	more_than 30 "$(wc -l <"$BATS_TEST_TMPDIR/names")"
	diff "$BATS_TEST_TMPDIR/names" <(exported)
}

@test "nothing in it is called by an exported name, which a program may have defined itself" {
	readelf -rW "$LIBLINECAP" | awk '$3 ~ /^R_/ { sub(/@.*/, "", $5); print $5 }' | sort -u \
		>"$BATS_TEST_TMPDIR/wanted"
	grep -qx __errno_location "$BATS_TEST_TMPDIR/wanted"
	equal linecap_in_charge "$(comm -12 "$BATS_TEST_TMPDIR/wanted" <(exported))"
}

@test "every relocation is done and sealed before a hook can run" {
	segments | grep -q GNU_RELRO
	dynamic | grep -Eq '\(FLAGS\).*BIND_NOW'
	dynamic | grep -Eq '\(FLAGS_1\).*NOW'
}

@test "the stack is not executable" {
	segments | grep -Eq 'GNU_STACK .* RW +0x'
}

@test "no segment is both writable and executable" {
	equal "" "$(segments | awk '$1 == "LOAD" && / RWE /')"
}

@test "the code needs no relocation" {
	equal "" "$(dynamic | grep -E 'TEXTREL' || true)"
}

@test "it looks for libraries nowhere but where the program does" {
	equal "" "$(dynamic | grep -E 'RPATH|RUNPATH' || true)"
}

@test "stripped, it is no larger than 104 KiB" {
	strip -o "$BATS_TEST_TMPDIR/stripped.so" "$LIBLINECAP"
	at_most 106496 "$(stat -c %s "$BATS_TEST_TMPDIR/stripped.so")"
}

@test "its address space in a program is at most 2 MiB" {
	local start size

	read -r start size <<<"$(segments | awk '$1 == "LOAD" { at = $3 " " $6 } END { print at }')"
	more_than 0 $((start))
	at_most $((2 * 1024 * 1024)) $((start + size))
}

@test "it can be loaded by musl's loader" {
	local musl

	musl=$(echo /lib/ld-musl-*.so.1)
	printf 'int main(void) { return 0; }\n' >"$BATS_TEST_TMPDIR/nothing.c"
	musl-gcc -o "$BATS_TEST_TMPDIR/nothing" "$BATS_TEST_TMPDIR/nothing.c"
	LD_PRELOAD=$LIBLINECAP "$musl" "$BATS_TEST_TMPDIR/nothing"
	# The claim can fail: a library that wants what musl lacks ends the program.
	printf 'int lacking(void); int wants(void) { return lacking(); }\n' >"$BATS_TEST_TMPDIR/wants.c"
	musl-gcc -shared -fPIC -o "$BATS_TEST_TMPDIR/wants.so" "$BATS_TEST_TMPDIR/wants.c"
	run -127 env LD_PRELOAD="$BATS_TEST_TMPDIR/wants.so" "$musl" "$BATS_TEST_TMPDIR/nothing"
}

@test "built for aarch64, no undefined symbol asks for a glibc newer than 2.17, or for one that musl lacks" {
	local library=$BUILD/aarch64/liblinecap.so
	local place=${library%/*}

	command -v aarch64-linux-gnu-gcc >/dev/null || skip "no compiler for aarch64"
	place=${place#"$ROOT/"} # make takes no blank in a name
	make -s -C "$ROOT" BUILD="$place" CC=aarch64-linux-gnu-gcc "$place/liblinecap.so"
	LIBLINECAP=$library undefined | awk '$8 ~ /@/ { sub(/.*@/, "", $8); print $8 }' | sort -u >"$BATS_TEST_TMPDIR/versions"
	equal "GLIBC_2.17" "$(<"$BATS_TEST_TMPDIR/versions")"
	LIBLINECAP=$library undefined | awk '$5 != "WEAK" { sub(/@.*/, "", $8); print $8 }' | sort -u >"$BATS_TEST_TMPDIR/wanted"
	{
		undefined | awk '$5 != "WEAK" { sub(/@.*/, "", $8); print $8 }'
		echo __stack_chk_guard # in %fs on x86-64; musl has it (src/env/__stack_chk_fail.c)
		echo memset
	} | sort -u >"$BATS_TEST_TMPDIR/there"
	equal "" "$(comm -23 "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/there")"
}

@test "built with the headers of a newer glibc, it asks for the same symbols" {
	local root=$BATS_TEST_DIRNAME/../.. suite

	suite=$(cd "$root/tests/coverage" && "$PYTHON" -B -c 'import systems
suite = systems.Suite("trixie", systems.this_debian())
try:
    suite.prepare()
    print(suite.root)
except systems.Unusable as why:
    print(why)')
	[[ -d $suite ]] || skip "no Debian trixie: $suite"
	grep -q __isoc23_strtol "$suite/usr/include/stdlib.h"
	make -s -C "$root" BUILD=build/trixie CC="${CC:-cc} --sysroot=$suite" build/trixie/liblinecap.so
	diff <(undefined | awk '{ print $5, $8 }' | sort) \
		<(LIBLINECAP=$root/build/trixie/liblinecap.so undefined | awk '{ print $5, $8 }' | sort)
}

@test "a call that older libcs or musl lack fails the link, with its name" {
	local root=$BATS_TEST_DIRNAME/../.. checkout=$BATS_TEST_TMPDIR/checkout

	mkdir "$checkout"
	cp -r "$root"/{Makefile,src,preload} "$checkout"
	printf '#include <stdlib.h>\n%s\n' \
		'__attribute__((constructor)) static void calls(void) { arc4random(); }' \
		>"$checkout/preload/calls_a_new_name.c"
	run ! make -s -j2 -C "$checkout" BUILD="$BATS_TEST_TMPDIR/build" "$BATS_TEST_TMPDIR/build/liblinecap.so"
	[[ $output == *"undefined reference to"*arc4random* ]]
}
