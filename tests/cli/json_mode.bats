#!/usr/bin/env bats
# LINECAP_MODE=json in real processes: what comes out is judged by jq. Where a record may be cut has
# json.bats and the unit tests.

# shellcheck disable=SC2016  # for the other shell

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	"$PYTHON" -c 'import json
print(json.dumps({"level": "error", "trace": "abc", "stack": "\tat é\n" * 20000, "z": 1}))
print("plain")
print(json.dumps({"level": "info"}))' >records
}

# what_is_due FILE: the record is cut and says so, what was dropped is reported, the rest is as it was.
what_is_due() {
	at_most 16384 "$(longest <"$1")"
	equal '["error","abc",true]' "$(sed -n 1p "$1" | jq -c '[.level, .trace, .linecap_truncated]')"
	equal true "$(sed -n 2p "$1" | jq '.linecap.dropped_bytes > 200000')"
	equal 'plain {"level": "info"}' "$(sed -n '3,$p' "$1" | paste -sd ' ')"
	equal 4 "$(wc -l <"$1")"
}

@test "json: a record out of a program stays JSON, whatever its pieces" {
	local size

	for size in 1 4096 8192 100000; do
		LINECAP_MODE=json guarded dd bs="$size" if=records status=none | cat >out
		what_is_due out
	done
	LINECAP_MODE=json guarded cat records | cat >out
	what_is_due out
	LINECAP_MODE=json guarded "$PYTHON" -c 'print(open("records").read(), end="")' | cat >out
	what_is_due out
}

@test "json: linecap pipe and run --via pipe cut records, too" {
	"$LINECAP" pipe --mode json <records >out
	what_is_due out
	"$LINECAP" run --via pipe --mode json --target stdio -- cat records | cat >out
	what_is_due out
}

@test "json: several processes one after the other go on with the record" {
	LINECAP_MODE=json LINECAP_MAX=24050 guarded sh -c '
		env printf "{\"a\":\""; for i in 1 2 3; do env printf %08000d 0; done; env printf "\"}\n"; echo "{}"' |
		cat >out
	equal '[24000,null] [0,null]' "$(jq -c '[(.a | length), .linecap_truncated]' out | paste -sd ' ')"
}

@test "json: a record that goes on in another process is closed where it gets too long" {
	LINECAP_MODE=json guarded sh -c '
		env printf "{\"a\":[\"%016000d%s" 0 "\\ud83"; env printf "d%08000d\"]}\n" 0; echo "{}"' |
		cat >out
	equal true "$(sed -n 1p out | jq .linecap_truncated)"
	equal 'd"]} {}' "$(sed -n '2,$p' out | tr -d 0 | paste -sd ' ')" # the rest stands behind it
	at_most 16384 "$(longest <out)"
}

@test "json: another process's line is never dropped with a record" {
	LINECAP_MODE=json LINECAP_MAX=100 guarded bash -c \
		'printf "{\"a\":\"%0200d" 0; /bin/echo "ERROR: database is gone"' | cat >out
	equal true "$(sed -n 1p out | jq .linecap_truncated)"
	equal "ERROR: database is gone" "$(sed -n 3p out)"
}

@test "contract 3: of short lines beside records that are cut, or truncated, none is lost or broken" {
	local mode

	compile short_and_long
	for mode in json truncate; do
		LINECAP_MODE=$mode LINECAP_MAX=1000 guarded short_and_long | cat >out
		equal 10000 "$(grep -oE '<[23] [0-9]+: all of a short line>' out | sort -u | wc -l)"
		at_most 4000 "$(longest <out)" # three others were in flight
	done
}

@test "contract 3: another process's line is never dropped for one that is full" {
	local mode

	for mode in json truncate; do
		LINECAP_MODE=$mode LINECAP_MAX=100 guarded bash -c \
			'printf "%0100d" 0; /bin/echo "ERROR: database is gone"' | cat >out
		equal "ERROR: database is gone" "$(sed -n 2p out)"
	done
}

@test "contract 3: a child's line is never dropped with its parent's record" {
	local how

	compile child_mid_record
	for how in fork vfork _Fork; do
		LINECAP_MODE=json LINECAP_MAX=1000 guarded child_mid_record "$how" | cat >out
		equal "child" "$(sed -n 3p out)"
		equal true "$(sed -n 1p out | jq .linecap_truncated)"
		equal "after" "$(tail -n 1 out)"
	done
}

@test "json: stat counts what was dropped of a record" {
	need_own_segments
	LINECAP_MODE=json LINECAP_MAX=100 LINECAP_TARGET=stdio unshare --ipc \
		env LD_PRELOAD="$LIBLINECAP" bash -c 'printf "{\"a\":\"%0200d\"}\n" 0; "$LINECAP" stat --json >&2' \
		2>stat | cat >out
	equal 1 "$(jq 'map(.lines_broken) | add' stat)"
	more_than 100 "$(jq 'map(.bytes_dropped) | add' stat)"
}
