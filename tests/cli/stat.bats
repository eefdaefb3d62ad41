#!/usr/bin/env bats
# linecap stat: its figures against what was written, its three formats, and what other processes
# could make it print. Each test has a /dev/shm of its own (mount_namespaces(7)): that takes root.
# The exposition format: prometheus.io/docs/instrumenting/exposition_formats.
# shellcheck disable=SC2016,SC2164  # scripts for other shells; bats ends at a cd that fails
# shellcheck disable=SC2030,SC2031,SC2154  # each test is a subshell; bats sets stderr

load helpers

setup() {
	need_root
	share_with_all_users
	cd "$BATS_TEST_TMPDIR"
	unshare -m --propagation private sh -c '
		mount -t tmpfs -o mode=1777 shm /dev/shm && touch ready && exec sleep infinity' 3>&- &
	holder=$!
	until_true 30 test -e ready
	mkfifo pipe
	id=$(stat -c %d:%i pipe)
	export LINECAP_MAX=64
	cat pipe >out 3>&- &
	exec 6>pipe # waits until it is there
}

teardown() {
	[[ -z ${holder-} ]] || kill "$holder"
}

inside() {
	nsenter -m -w -t "$holder" -- "$@"
}

# The command writes to the pipe, which is guarded.
writes() {
	inside env LINECAP_TARGET="$id" LD_PRELOAD="$LIBLINECAP" "$@" >&6
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
	LINECAP_MODE=truncate writes printf '%0200d' 0
	LINECAP_MODE=truncate writes printf '%0100d\nshort\n' 0
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

@test "the last of many culprits is the one shown" {
	for i in {1..11}; do
		writes printf 'number %d %0100d\n' "$i" 0
	done
	[[ $(json 'row["last_broken"]["start"]') == "number 11 "* ]]
	equal 11 "$(json 'row["lines_broken"]')"
}

# Nothing but printable ASCII and newlines.
is_plain() {
	! LC_ALL=C grep -q '[^ -~]' "$1" || refute "$(LC_ALL=C grep '[^ -~]' "$1" | cat -v)"
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
}

@test "no escape sequence in a line or in a program's name reaches the terminal" {
	local evil

	export LINECAP_MAX=100
	evil=$'\e[31m\e]0;title\a\b\r\x9b2J\x7f\xc2\x9b"\\\t \xff\xf0\x9f\x98\x80'
	writes bash -c 'exec -a "$1" /usr/bin/printf "%s%080d" "$1" 0' - "$evil"
	is_plain <(stat_says | tail -n +2 | head -n 1)
	all_formats_are_plain
	stat_says --json | "$PYTHON" -c 'import json, os, sys
row, = json.load(sys.stdin)
evil = os.fsencode(sys.argv[1])
start = row["last_broken"]["start"].encode("latin-1")
assert start == (evil + b"0" * 80)[:80], start
assert row["last_broken"]["program"].encode("latin-1") == evil[:31]' "$evil"
	[[ $(stat_says) == *'\^['* || $(stat_says) == *'\033['* ]]
}

@test "a page of random bytes harms no format" {
	writes printf x
	inside "$PYTHON" -c 'import glob, os, random, sys
seed = int(os.environ.get("LINECAP_SEED", "0"), 0) or random.getrandbits(32)
print("seed", seed, file=sys.stderr)
dice = random.Random(seed)
magic = open(glob.glob("/dev/shm/linecap.*")[0], "rb").read(8)
for i in range(400):
    noise = dice.choice([dice.randbytes(4088), b"\xff" * 4088, b"\x1b" * 4088,
                         bytes(dice.choice([0, 0, 1, 27, 127, 255]) for _ in range(4088))])
    path = "/dev/shm/linecap.0.1.%d" % i
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(magic + noise)'
	all_formats_are_plain
	equal 401 "$(json 'len(rows)')"
}

@test "what is no page is passed over" {
	writes printf x
	inside sh -c 'cd /dev/shm; echo >linecap.0.1.1; mkdir linecap.0.1.2; mkfifo linecap.0.1.3
		ln -s /dev/zero linecap.0.1.4; cp linecap.* linecap.65534.1.5 2>/dev/null; : >linecap.'
	equal 1 "$(json 'len(rows)')"
}

# A hole in a page of another uid's can't be filled where the folder is full: to map it would be a
# SIGBUS.
@test "a page that its owner made to crash its reader is only read" {
	writes setpriv --reuid=65534 --regid=65534 --clear-groups printf x
	inside sh -c 'cd /dev/shm; mount -o remount,size=64k /dev/shm
		head -c 640 linecap.65534* >start; truncate -s 0 linecap.65534*
		truncate -s 4096 linecap.65534*; ! cat /dev/zero >filler' 2>/dev/null
	equal "[]" "$(json rows)"
	stat_says
	stat_says --prometheus
}

# --- Prometheus -----------------------------------------------------------------------------------

@test "Prometheus' text format is kept to, and its conventions" {
	writes printf '%0150d\n' 0
	writes setpriv --reuid=65534 --regid=65534 --clear-groups printf '%0150d\n' 0
	stat_says --prometheus >metrics
	! command -v promtool >/dev/null || stat_says --prometheus | promtool check metrics
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
	assert len(families) == len(helped) == 6 and len(seen) == 12
	for name, kind in families.items():
	    assert name.startswith("linecap_")
	    assert name.endswith("_total") == (kind == "counter"), name
	    assert "bytes" not in name or re.search(r"_bytes(_total)?$", name), "the unit comes last"
	END
}

# --- how it is called -----------------------------------------------------------------------------

@test "a mistake on the command line is one line and status 64" {
	local words mistakes=(--nonsense -x word "--json word" --watch=0 --watch=-1 --watch=x --watch=
		--watch=86401 "--watch 5" --json=x --prometheus=x)

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

@test "where /dev/shm can't be read it says so, with status 69" {
	run -69 inside unshare -m sh -c 'mount -t tmpfs dev /dev; exec "$LINECAP" stat'
	[[ $output == "linecap stat: /dev/shm: No such file or directory" ]]
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
