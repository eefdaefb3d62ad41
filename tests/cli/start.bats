#!/usr/bin/env bats
# The start of a process: what happens before the library's constructor ran, and what the constructor
# leaves behind.

load helpers

setup_file() {
	compile onpipe environment
	compile_library opens_early
}

@test "threads of another library's constructor may open files before linecap's ran" {
	local turn

	for ((turn = 0; turn < 60; turn++)); do
		LINECAP_TARGET=stdio env LD_PRELOAD="$LIBLINECAP:$BATS_FILE_TMPDIR/opens_early.so" true
	done
}

@test "the start takes nobody's heap, and the program can change its environment as before" {
	GIVEN=yes guarded environment
	GIVEN=yes guarded_on_a_pipe environment
	# The claim can fail: what comes before the program's constructors must not call its heap.
	printf '#include <stdlib.h>\n__attribute__((constructor)) static void f(void) { setenv("A", "1", 1); }\n' \
		>"$BATS_TEST_TMPDIR/exports.c"
	"${CC:-cc}" -shared -fPIC -o "$BATS_TEST_TMPDIR/exports.so" "$BATS_TEST_TMPDIR/exports.c"
	run -3 env LD_PRELOAD="$BATS_TEST_TMPDIR/exports.so" environment
}

@test "on musl, too" {
	command -v musl-gcc >/dev/null || skip 'no musl-gcc'
	musl-gcc -std=gnu11 -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/environment" \
		"$BATS_TEST_DIRNAME/programs/environment.c"
	GIVEN=yes guarded "$BATS_TEST_TMPDIR/environment"
	GIVEN=yes guarded_on_a_pipe "$BATS_TEST_TMPDIR/environment"
}

@test "a shell with a setenv of its own hands the answers on, and each descendant has them once" {
	equal 'LINECAP_SETTLED LINECAP_TARGET' "$(guarded bash -c \
		'export OTHER=1; sh -c "env; true"' | sed -n 's/^\(LINECAP_[A-Z]*\)=.*/\1/p' |
		sort | paste -sd ' ')"
}
