#!/usr/bin/env bats
# linecap install: what it puts where, and what it says where it can't. What is full or noexec here is a
# tmpfs of a test's own.
# shellcheck disable=SC2016,SC2154  # scripts for other shells; run --separate-stderr sets $stderr

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir here there
	# A probe, whether one is built or not: it's only copied.
	install -m 640 "$LIBLINECAP" here/liblinecap.so
	install -m 700 "$LINECAP" here/linecap
	echo probe >here/libways.so
	chmod 600 here/libways.so
}

# refused FOLDER WHY [STATUS]: in one line, and nothing is left there
refused() {
	run -"${3-73}" --separate-stderr here/linecap install "$1"
	equal "linecap install: $1: $2" "$stderr"
	equal "" "$output"
}

@test "install: the library, the probe and the program are there, whole, for any uid, and it says so" {
	umask 077
	run -0 here/linecap install there
	equal "linecap $("$LINECAP" --version | cut -d ' ' -f 2) is in there: liblinecap.so, libways.so, linecap" "$output"
	for name in liblinecap.so libways.so linecap; do
		cmp "here/$name" "there/$name"
		equal 755 "$(stat -c %a "there/$name")"
	done
	equal "liblinecap.so libways.so linecap" "$(ls -A there | xargs)"
}

@test "install: an empty DIR is a mistake" {
	run -64 --separate-stderr here/linecap install ''
	[[ $stderr == "linecap install: DIR is empty"* ]]
}

@test "install: what was put there puts itself into the next folder, and runs there" {
	mkdir next
	here/linecap install there
	there/linecap install "$PWD/next"
	equal 100 "$(next/linecap run -m 100 -- sh -c "printf '%0300d' 0" | longest)"
}

@test "install: the folder that it runs from stays as it was" {
	cp -a here before
	here/linecap install here
	for name in liblinecap.so libways.so linecap; do
		cmp "before/$name" "here/$name"
	done
}

@test "install: a program that has the old library mapped goes on with it" {
	local before

	here/linecap install there
	mkfifo go
	before=$(sha256sum <there/liblinecap.so)
	exec 4<there/liblinecap.so
	guarded_by_there 'touch started; read -r; printf "%0300d\n" 0' <go >out 3>&- &
	exec 5>go
	until_true 20 test -e started
	echo other >>here/liblinecap.so
	here/linecap install there
	echo >&5
	wait
	equal 100 "$(longest <out)"
	equal "$before" "$(sha256sum <&4)"
	cmp here/liblinecap.so there/liblinecap.so
}

guarded_by_there() {
	LD_PRELOAD=$PWD/there/liblinecap.so LINECAP_TARGET=stdio LINECAP_MAX=100 bash -c "$1" | cat
}

@test "install: without the probe it puts the other two there" {
	rm here/libways.so
	run -0 here/linecap install there
	equal "liblinecap.so linecap" "$(ls -A there | xargs)"
}

@test "install: without the library it puts nothing there" {
	rm here/liblinecap.so
	run -69 --separate-stderr here/linecap install there
	equal "linecap install: there is no liblinecap.so beside linecap" "$stderr"
	equal "" "$(ls -A there)"
}

@test "install: a folder that isn't there, or is a file, is named in one line" {
	refused nowhere "No such file or directory"
	refused here/linecap "Not a directory"
}

@test "install: a name that would be too long is refused" {
	refused "$(printf '%04090d' 0 | sed 's/.\{200\}/&\//g')" "File name too long"
}

@test "install: a folder that may not be written to is named in one line" {
	[[ $EUID == 0 ]] || { chmod 555 there; refused there/liblinecap.so "Permission denied"; return; }
	need_own_mounts
	"${own_mounts[@]}" bash -c 'mount -t tmpfs -o size=64k,ro mine there; here/linecap install there' 2>said &&
		refute 'it was written to'
	equal "linecap install: there/liblinecap.so: Read-only file system" "$(<said)"
}

@test "install: a folder that is mounted noexec is refused, and nothing put there" {
	need_own_mounts
	run -73 --separate-stderr "${own_mounts[@]}" bash -c 'mount -t tmpfs -o size=8m,noexec mine there || exit 1
		here/linecap install there; status=$?; ls -A there; exit $status'
	equal "linecap install: there is mounted noexec: no program can load the library from there" "$stderr"
	equal "" "$output"
}

@test "install: in a full folder the old files stay, and nothing that is half written" {
	need_own_mounts
	run -73 --separate-stderr "${own_mounts[@]}" bash -euc 'mount -t tmpfs -o size=64k mine there
		echo old >there/liblinecap.so
		here/linecap install there || status=$?; ls -A there; cat there/liblinecap.so; exit $status'
	equal "linecap install: there/liblinecap.so: No space left on device" "$stderr"
	equal $'liblinecap.so\nold' "$output"
}

@test "install: where stdout can't be written to, that is said, and the files are there" {
	[ -w /dev/full ] || skip 'no /dev/full'
	run -74 --separate-stderr bash -c 'here/linecap install there >/dev/full'
	equal "linecap install: write to stdout: No space left on device" "$stderr"
	cmp here/linecap there/linecap
}
