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
	more_than 5 "$(wc -l <"$BATS_TEST_TMPDIR/wanted")"
	equal "" "$(comm -23 "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/there")"
}

@test "no undefined symbol is a _chk form" {
	equal "" "$(undefined | awk '$8 ~ /_chk(@|$)/ { print $8 }')"
}

@test "libc and libdl are all that it needs" {
	equal "libc.so.6 libdl.so.2" \
		"$(dynamic | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | paste -sd ' ')"
}

@test "the exported names are these, and no other" {
	local names=(
		__close __dprintf_chk __dup2 __send __vdprintf_chk __write aio_write aio_write64
		close close_range closefrom dprintf dup dup2 dup3 fclose fdopen fopen fopen64
		freopen freopen64 lio_listio lio_listio64 pclose prctl pwritev2 pwritev64v2 send
		sendfile sendfile64 sendmmsg sendmsg sendto splice syscall tee vdprintf vmsplice
		write writev
	)

	diff <(printf '%s\n' "${names[@]}" | sort) <(exported)
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

@test "stripped, it is no larger than 64 KiB" {
	strip -o "$BATS_TEST_TMPDIR/stripped.so" "$LIBLINECAP"
	at_most 65536 "$(stat -c %s "$BATS_TEST_TMPDIR/stripped.so")"
}

@test "its address space in a program is at most 1.2 MiB" {
	local start size

	read -r start size <<<"$(segments | awk '$1 == "LOAD" { at = $3 " " $6 } END { print at }')"
	more_than 0 $((start))
	at_most $((6 * 1024 * 1024 / 5)) $((start + size))
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
	local root=$BATS_TEST_DIRNAME/../..
	local library=$root/build/aarch64/liblinecap.so

	command -v aarch64-linux-gnu-gcc >/dev/null || skip "no compiler for aarch64"
	make -s -C "$root" BUILD=build/aarch64 CC=aarch64-linux-gnu-gcc build/aarch64/liblinecap.so
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
