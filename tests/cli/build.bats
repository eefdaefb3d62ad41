#!/usr/bin/env bats
# The build: what `make` does where somebody else builds, with other flags, in other places.

load helpers

setup() {
	checkout="$BATS_TEST_TMPDIR/a checkout"
	mkdir "$checkout"
	cp -r "$BATS_TEST_DIRNAME/../.."/{Makefile,src,preload} "$checkout"
}

# Just what the test asks of make, whatever the caller's own make was told.
build() {
	env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u BUILD make -s -j2 -C "$checkout" "$@"
}

@test "a path with spaces builds, installs, and is left as it was by uninstall" {
	local prefix="$BATS_TEST_TMPDIR/a prefix"

	build CFLAGS=-O0 PREFIX="$prefix" install
	[[ -x $prefix/bin/linecap && -e $prefix/share/man/man7/liblinecap.so.7 ]]
	equal "$(printf '%065d' 0 | LINECAP_MAX=64 LINECAP_TARGET=stdio \
		"$prefix/bin/linecap" run -- cat | wc -l)" 1
	build PREFIX="$prefix" CFLAGS=-O0 uninstall
	equal "" "$(find "$prefix" -type f)"
}

@test "the version is one: in the program, the library, even stripped, and the installed man pages" {
	local prefix=$BATS_TEST_TMPDIR/prefix

	sed -i 's/LINECAP_VERSION ".*"/LINECAP_VERSION "7.8.9"/' "$checkout/src/version.h"
	build CFLAGS=-O0 PREFIX="$prefix" install
	equal "linecap 7.8.9" "$("$prefix/bin/linecap" --version)"
	strip "$prefix/lib/liblinecap.so"
	strings "$prefix/lib/liblinecap.so" | grep -qx 'linecap 7.8.9'
	equal 2 "$(cat "$prefix"/share/man/man?/* | grep -cx '.Os linecap 7.8.9')"
}

@test "flags and LIBDIR that are others than the last time build again what they go into" {
	build CFLAGS=-O0 build/bin/src/cmd/program.o build/so/preload/fdmap.o
	build -q CFLAGS=-O0 build/bin/src/cmd/program.o build/so/preload/fdmap.o
	run -1 build -q CFLAGS=-O1 build/so/preload/fdmap.o
	run -1 build -q CFLAGS=-O0 LIBDIR=/elsewhere build/bin/src/cmd/program.o
}

# Fedora, Ubuntu and Arch build all that they package so.
@test "a library that is built with -flto in CFLAGS guards" {
	local so='' flags=''

	for flags in CC=gcc 'CC=clang LDFLAGS=-fuse-ld=lld'; do
		[[ $flags == CC=gcc ]] || type -P ld.lld >/dev/null || continue
		so=$BATS_TEST_TMPDIR/${flags//[^a-z]/}/liblinecap.so
		# shellcheck disable=SC2086 # words
		build $flags CFLAGS='-O2 -flto' BUILD="${so%/*}" "$so"
		equal 16384 "$(endless 100000 | LIBLINECAP=$so guarded cat | longest)"
	done
}

@test "a second make has nothing left to do" {
	build CFLAGS=-O0
	build -q CFLAGS=-O0
}

@test "a package that is missing is said in one line, and no compiler is let loose" {
	cat >"$BATS_TEST_TMPDIR/cc" <<-'END'
		#!/bin/sh
		case "$*" in *-E*) ! grep -q bsd/ ;; *) exec cc "$@" ;; esac
	END
	chmod +x "$BATS_TEST_TMPDIR/cc"
	run ! build CC="$BATS_TEST_TMPDIR/cc" build/linecap
	grep -qx 'linecap: libbsd is missing: apt-get install libbsd-dev' <<<"$output"
	equal 0 "$(grep -c 'error:' <<<"$output")"
}

@test "a checkout that can't be written to builds elsewhere" {
	local elsewhere=$BATS_TEST_TMPDIR/elsewhere

	chmod -R a-w "$checkout"
	build CFLAGS=-O0 BUILD="$elsewhere" "$elsewhere/liblinecap.so"
	[[ ! -e $checkout/build ]]
	chmod -R u+w "$checkout"
}

@test "compile_commands.json says how each file is compiled" {
	build compile_commands.json
	"$PYTHON" -c 'import json, sys
files = {entry["file"] for entry in json.load(open(sys.argv[1]))}
assert {"src/limiter.c", "preload/start.c", "src/cmd/main.c"} <= files, files' \
		"$checkout/compile_commands.json"
}
