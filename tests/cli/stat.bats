#!/usr/bin/env bats
# linecap stat: its figures against what was written, its three formats, and what other processes
# could make it print. Each test has System V segments of its own (ipc_namespaces(7)): that takes
# root.
# The exposition format: prometheus.io/docs/instrumenting/exposition_formats.
# shellcheck disable=SC2016,SC2164  # scripts for other shells; bats ends at a cd that fails
# shellcheck disable=SC2030,SC2031,SC2154  # each test is a subshell; bats sets stderr

load helpers

setup_file() {
	compile pages
}

setup() {
	hold_segments
	install -m 755 "$BATS_FILE_TMPDIR/pages" "${LINECAP%/*}"
	export LINECAP_MAX=64 LINECAP_SAMPLE=80
	cat pipe >out 3>&- &
	exec 6>pipe # waits until it is there
}

teardown() {
	release_segments
}

# The command writes to the pipe, which is guarded.
writes() {
	inside_guarded "$@" >&6
}

stat_says() {
	inside "$LINECAP" stat "$@"
}

# json EXPRESSION: of the rows, with Python.
json() {
	stat_says --json | "$PYTHON" -c 'import json, sys
rows = json.load(sys.stdin)
row = rows[0] if rows else None
print(eval(sys.argv[1]))' "$1"
}

FIGURES='" ".join(str(row[k]) for k in ("bytes", "lines", "lines_broken", "breaks", "bytes_dropped",
	"longest_line_bytes"))'

# --- the figures ----------------------------------------------------------------------------------

@test "before anything is written there is nothing to show" {
	equal "no guarded pipe has been written to" "$(stat_says)"
	equal "[]" "$(json rows)"
	equal 0 "$(stat_says --prometheus | grep -vc '^#')"
}

@test "lines within the limit are counted, and no more" {
	writes printf '0123456789\n'
	writes printf '0123456789\n'
	equal "22 2 0 0 0 0" "$(json "$FIGURES")"
	equal None "$(json 'row["last_broken"]')"
	equal "$id 0" "$(json 'str(row["dev"]) + ":" + str(row["ino"]) + " " + str(row["uid"])')"
}

@test "a line that many processes write is one, and as long as all of them made it" {
	writes printf 'a line\n'
	for _ in {1..20}; do
		writes printf '%010d' 0
	done
	writes printf 'the end\n'
	equal "215 2 1 3 0 207" "$(json "$FIGURES")"
	equal "6 64 64 64 15" "$(awk '{ print length }' out | paste -sd ' ')"
	writes printf '%0150d\n%0100d\n' 0 0
	equal "467 3 3 6 0 207" "$(json "$FIGURES")"
}

@test "each line of one write that is too long is counted and broken by itself" {
	writes printf '%0300d\n%0130d\n%064d\n%0100d\n' 0 0 0 0
	equal "598 1 3 7 0 300" "$(json "$FIGURES")"
}

@test "in truncate the bytes dropped are counted, and the line in its original length" {
	LINECAP_MODE=truncate writes sh -c 'printf %0200d 0; printf "%0100d\nshort\n" 0'
	equal "307 1 1 1 236 300" "$(json "$FIGURES")"
	equal "[linecap: 236 bytes dropped]" "$(sed -n 2p out)"
}

@test "each uid has its own row, and root sees them all" {
	writes printf '%0100d\n' 0
	writes setpriv --reuid=65534 --regid=65534 --clear-groups printf '%050d\n' 0
	equal "[0, 65534]" "$(json '[row["uid"] for row in rows]')"
	equal "[101, 51]" "$(json '[row["bytes"] for row in rows]')"
	equal "[65534]" "$(inside setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$LINECAP" stat --json | "$PYTHON" -c 'import json, sys
print([row["uid"] for row in json.load(sys.stdin)])')"
}

@test "without the library nothing is counted" {
	inside printf '%0100d\n' 0 >&6
	equal "[]" "$(json rows)"
}

@test "the table, JSON and Prometheus tell the same" {
	writes printf '%0150d\n' 0
	LINECAP_MODE=truncate writes printf '%0100d\n' 0
	equal "252 2 2 3 36 150" "$(json "$FIGURES")"
	equal "$id 0 252 2 2 3 36 150" "$(stat_says | sed -n 2p | xargs)"
	equal "252 2 2 3 36 150" "$(stat_says --prometheus | awk '!/^#/ { print $2 }' | paste -sd ' ')"
}

# --- whose line was broken ------------------------------------------------------------------------

@test "the last culprit has its pid, its program's name, its time and its line's first 80 bytes" {
	local before after

	export LINECAP_MAX=100
	before=$(date -u +%FT%TZ)
	writes sh -c 'echo $$ >pid; exec dd if=/dev/zero bs=3 count=100 status=none'
	writes sh -c 'echo; echo $$ >pid; exec /usr/bin/printf "%s" "$1"' - "$(seq -s, 100)"
	after=$(date -u +%FT%TZ)
	equal "$(<pid)" "$(json 'row["last_broken"]["pid"]')"
	equal printf "$(json 'row["last_broken"]["program"]')"
	equal "$(seq -s, 100 | head -c 80)" "$(json 'row["last_broken"]["start"]')"
	[[ ! $(json 'row["last_broken"]["time"]') < $before ]]
	[[ ! $(json 'row["last_broken"]["time"]') > $after ]]
	[[ $(stat_says) == *"by pid $(<pid) (printf): $(seq -s, 100 | head -c 80)" ]]
}

@test "nothing of a line is kept unless LINECAP_SAMPLE asks for it, and no more than it asks for" {
	unset LINECAP_SAMPLE
	writes printf 'secret %0100d\n' 0
	equal "" "$(json 'row["last_broken"]["start"]')"
	equal printf "$(json 'row["last_broken"]["program"]')"
	[[ $(stat_says) == *"(printf)" ]]
	run ! grep -q secret <(inside pages dump)
	LINECAP_SAMPLE=3 writes printf 'secret %0100d\n' 0
	equal sec "$(json 'row["last_broken"]["start"]')"
	run -0 grep -q sec <(inside pages dump)
}

@test "a title with arguments in it is not kept for a program's name" {
	writes perl -e '$0 = "secret"; print "x" x 100, "\n"'
	equal perl "$(json 'row["last_broken"]["program"]')"
}

@test "the last of many culprits is the one shown" {
	for i in {1..11}; do
		writes printf 'number %d %0100d\n' "$i" 0
	done
	[[ $(json 'row["last_broken"]["start"]') == "number 11 "* ]]
	equal 11 "$(json 'row["lines_broken"]')"
}

# Nothing that a terminal would obey, and all of it UTF-8.
is_plain() {
	"$PYTHON" -c 'import sys, unicodedata
text = sys.stdin.buffer.read().decode()
bad = [c for c in text if unicodedata.category(c) == "Cc" and c != "\n"]
assert not bad, bad' <"$1"
}

all_formats_are_plain() {
	for format in "" --json --prometheus; do
		for locale in C C.UTF-8; do
			# shellcheck disable=SC2086  # no word at all is the table
			LC_ALL=$locale stat_says $format >shown || refute "$format: $?"
			is_plain shown
		done
	done
	stat_says --json | "$PYTHON" -m json.tool >/dev/null
	stat_says --prometheus | promtool check metrics
}

@test "no escape sequence in a line or in a program's name reaches the terminal" {
	local evil

	export LINECAP_MAX=100
	evil=$'\e[31m\e]0;title\a\b\r\x9b2J\x7f\xc2\x9b"\\\t \xff\xf0\x9f\x98\x80'
	writes bash -c 'exec -a "$1" /usr/bin/printf "%s%080d" "$1" 0' - "$evil"
	inside pages unreached "${id/:*/}" "${id/*:/}" "$evil" 0 0
	all_formats_are_plain
	stat_says --json | "$PYTHON" -c 'import json, os, sys
row, = json.load(sys.stdin)
def sound(raw):  # each byte that is no UTF-8 is a U+FFFD
    return raw.decode("utf-8", "surrogateescape").encode("utf-16", "surrogatepass").decode(
        "utf-16", "replace")
evil = os.fsencode(sys.argv[1])
start, program = row["last_broken"]["start"], row["last_broken"]["program"]
assert start == sound((evil + b"0" * 80)[:80]), start
assert program == sound(evil[:31]), program' "$evil"
	[[ $(stat_says) == *'\^['* || $(stat_says) == *'\033['* ]]
}

@test "JSON keeps UTF-8 as it is" {
	export LINECAP_MAX=64
	writes bash -c 'exec -a Größe /usr/bin/printf "Größe: 1 €, 😀%080d" 0'
	[[ $(stat_says --json) == *'"program": "Größe", "start": "Größe: 1 €, 😀000'* ]]
}

@test "a page of random bytes harms no format" {
	local seed=${TEST_SEED:-$RANDOM}

	echo "TEST_SEED=$((seed))"
	inside pages random 400 "$((seed & 0x7fffffff))"
	all_formats_are_plain
	equal 400 "$(json 'len(rows)')"
}

# segment KEY MODE SIZE: of random bytes, whose key is a page's.
segment() {
	inside "$PYTHON" -c 'import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
key, mode, size = int(sys.argv[1], 0), int(sys.argv[2], 8), int(sys.argv[3])
at = libc.shmat(libc.shmget(key, size, 0o1000 | mode), None, 0)
ctypes.memmove(at, os.urandom(size), size)' "$@"
}

@test "what is no page is passed over" {
	writes printf x
	segment 0x6c000001 0600 4096
	segment 0x6c000002 0644 4096
	segment 0x6c000003 0600 4095
	segment 0x7c000003 0600 4096
	inside setpriv --reuid=65534 --regid=65534 --clear-groups ipcmk -M 4096 -p 0600
	equal 1 "$(json 'len(rows)')"
}

# As root is in a container: what it may is a matter of its capabilities.
@test "root without CAP_IPC_OWNER sees the pages of others, and says so where it can't" {
	writes setpriv --reuid=65534 --regid=65534 --clear-groups printf x
	writes printf x
	equal "0 65534" "$(inside setpriv --bounding-set=-ipc_owner --inh-caps=-ipc_owner "$LINECAP" stat |
		awk 'NR > 1 { print $2 }' | paste -sd ' ')"
	run -0 --separate-stderr inside setpriv --bounding-set=-ipc_owner,-setuid \
		--inh-caps=-ipc_owner,-setuid "$LINECAP" stat
	equal 0 "$(awk 'NR > 1 { print $2 }' <<<"$output")"
	equal "linecap stat: pages of other users that can't be read without CAP_IPC_OWNER or \
CAP_SETUID: 1" "$stderr"
}

@test "all pages are shown, however many there are" {
	inside sh -c 'echo 8192 >/proc/sys/kernel/shmmni' || skip "sysctls are read-only"
	writes printf x
	inside pages plain 4200
	equal 4201 "$(json 'len(rows)')"
	equal 4201 "$(stat_says | grep -c '^[0-9]')"
}

# --- programs out of reach ------------------------------------------------------------------------

# unreached PROGRAM REASON SECONDS [UID]
unreached() {
	inside setpriv --reuid="${4-0}" --clear-groups "${LINECAP%/*}/pages" unreached \
		"${id/:*/}" "${id/*:/}" "${@:1:3}"
}

@test "programs that the library can't get into are shown with their reason and count" {
	writes printf x
	unreached hugo 1 86400
	unreached hugo 1 90000
	unreached busybox 0 86400
	unreached 'a "program" \ Größe' 2 86400
	equal "  out of reach: hugo (go), started 2 times, last 1970-01-02T01:00:00Z" \
		"$(stat_says | grep hugo)"
	equal "[('busybox', 'static', 1, '1970-01-02T00:00:00Z'), \
('hugo', 'go', 2, '1970-01-02T01:00:00Z')]" "$(json '[(hole["program"], hole["reason"], hole["count"],
	hole["time"]) for hole in row["unreached"] if hole["program"] in ("hugo", "busybox")]')"
	stat_says --prometheus | grep '^linecap_unreached_programs_total{' >holes
	equal 'linecap_unreached_programs_total{program="a \"program\" \\ Größe",reason="privileged"} 1
linecap_unreached_programs_total{program="busybox",reason="static"} 1
linecap_unreached_programs_total{program="hugo",reason="go"} 2' "$(<holes)"
	stat_says --prometheus | promtool check metrics
}

@test "Prometheus sees a program once, whatever pipes and uids it was started with" {
	unreached hugo 1 86400
	id=1:2
	unreached hugo 1 86400
	unreached hugo 1 86400 65534
	equal 'linecap_unreached_programs_total{program="hugo",reason="go"} 3' \
		"$(stat_says --prometheus | grep '^linecap_unreached_programs_total{')"
	equal 3 "$(json 'sum(len(row["unreached"]) for row in rows)')"
}

# --- names that others rely on --------------------------------------------------------------------

# What a dashboard or an alert was made of stays. A new one is added here and to linecap(1).
@test "the names of metrics and of JSON's members are those of the manual, and stay" {
	local manual=$BATS_TEST_DIRNAME/../../src/cmd/linecap.1

	writes printf '%0150d' 0
	unreached hugo 1 86400
	stat_says --prometheus | sed -n 's/^# TYPE //p' >metrics
	equal "linecap_breaks_total counter
linecap_bytes_total counter
linecap_dropped_bytes_total counter
linecap_lines_broken_total counter
linecap_lines_total counter
linecap_longest_line_bytes gauge
linecap_unreached_programs_total counter" "$(sort metrics)"
	equal "breaks bytes bytes_dropped dev ino last_broken lines lines_broken longest_line_bytes uid \
unreached pid program start time count program reason time" "$(json '" ".join(
	sorted(row) + sorted(row["last_broken"]) + sorted(row["unreached"][0]))')"
	for name in $(cut -d' ' -f1 metrics) $(json '" ".join(
		list(row) + list(row["last_broken"]) + list(row["unreached"][0]))'); do
		grep -qE "^\.(It )?Li (.* )?$name\b" "$manual" || refute "linecap(1) doesn't have $name"
	done
}

# --- Prometheus -----------------------------------------------------------------------------------

@test "Prometheus' text format is kept to, and its conventions" {
	writes printf '%0150d\n' 0
	writes setpriv --reuid=65534 --regid=65534 --clear-groups printf '%0150d\n' 0
	stat_says --prometheus >metrics
	promtool check metrics <metrics
	"$PYTHON" - metrics <<-'END'
	import re, sys
	families, helped, seen = {}, set(), set()
	text = open(sys.argv[1]).read()
	assert text.endswith("\n") and "\n\n" not in text
	for line in text.splitlines():
	    if help := re.fullmatch(r"# HELP ([a-z_]+) ([A-Z][ -~]*\.)", line):
	        assert help[1] not in helped
	        helped.add(help[1])
	    elif kind := re.fullmatch(r"# TYPE ([a-z_]+) (counter|gauge)", line):
	        assert kind[1] in helped and kind[1] not in families
	        families[kind[1]] = kind[2]
	        last = kind[1]
	    else:
	        sample = re.fullmatch(r'([a-z_]+)\{pipe="(\d+:\d+)",uid="(\d+)"\} (\d+)', line)
	        assert sample, line
	        assert sample[1] == last, "samples stand below their own TYPE"
	        assert sample.groups()[:3] not in seen
	        seen.add(sample.groups()[:3])
	assert len(families) == len(helped) == 7 and len(seen) == 12
	for name, kind in families.items():
	    assert name.startswith("linecap_")
	    assert name.endswith("_total") == (kind == "counter"), name
	    assert "bytes" not in name or re.search(r"_bytes(_total)?$", name), "the unit comes last"
	END
}

# --- how it is called -----------------------------------------------------------------------------

@test "a mistake on the command line is one line and status 64" {
	local words mistakes=(--nonsense -x word "--json word" --watch=0 --watch=-1 --watch=x --watch=
		--watch=86401 --watch=010 "--watch 5" --json=x --prometheus=x
		"--json --prometheus" "--prometheus --json")

	for words in "${mistakes[@]}"; do
		# shellcheck disable=SC2086  # a list of words
		run -64 --separate-stderr inside "$LINECAP" stat $words
		equal "" "$output"
		equal "$words: 1" "$words: ${#stderr_lines[@]}"
		[[ $stderr == "linecap stat: "* ]]
	done
}

@test "--watch wants a terminal" {
	run -64 inside "$LINECAP" stat --watch
	[[ $output == *"no terminal"* ]]
}

@test "where there are no shared memory segments it says so, with status 69" {
	run -69 inside strace -qq -o /dev/null -e inject=shmctl:error=ENOSYS "$LINECAP" stat
	[[ $output == "linecap stat: shared memory segments: Function not implemented" ]]
}

@test "where stdout can't be written it says so, with status 74" {
	run -74 inside sh -c '"$LINECAP" stat >/dev/full'
	[[ $output == "linecap stat: stdout: "* ]]
}

@test "--help is for stdout and --watch is in it" {
	run -0 --separate-stderr inside "$LINECAP" stat --help
	[[ $output == "usage: linecap stat "*--watch* ]]
	equal "" "$stderr"
}

@test "--watch shows new figures as they come, each time on a clear screen" {
	inside env LINECAP_TARGET="$id" SO="$LIBLINECAP" "$PYTHON" - >watched 2>trouble <<-'END' || refute "$(<trouble)"
	import os, pty, re, select, signal, subprocess, sys
	CLEAR = b"\033[H\033[2J"
	child, terminal = pty.fork()
	if not child:
	    signal.signal(signal.SIGINT, signal.SIG_DFL)
	    os.execvp(os.environ["LINECAP"], ["linecap", "stat", "--watch=1"])
	screens = b""
	def until(wanted):
	    global screens
	    while wanted not in screens:
	        ready, _, _ = select.select([terminal], [], [], 60)
	        assert ready, screens
	        screens += os.read(terminal, 65536)
	until(b"no guarded pipe has been written to")
	subprocess.run(["/usr/bin/printf", "%0100d\n", "0"], stdout=6, check=True,
	               env=dict(os.environ, LD_PRELOAD=os.environ["SO"]))
	until(b"(printf)")
	assert screens.startswith(CLEAR) and screens.count(CLEAR) >= 2, screens
	shown = screens.split(CLEAR)[-1]
	assert b"\033" not in shown and b"no guarded pipe" not in shown, shown
	os.write(terminal, b"\003")
	while True:
	    try:
	        if not os.read(terminal, 65536):
	            break
	    except OSError:
	        break
	_, status = os.waitpid(child, 0)
	assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT, status
	END
}
