#!/usr/bin/env bats
# linecap join: the inverse of split with a mark.

load helpers

setup() {
	unset LINECAP_MAX LINECAP_MODE LINECAP_MARK LINECAP_TARGET
	cd "$BATS_TEST_TMPDIR"
}

@test "join undoes split, whatever the data" {
	python3 - "$LINECAP" <<-'PYTHON'
	import os, random, subprocess, sys
	seed = int(os.environ.get("TEST_SEED") or str(random.randrange(2**32)), 0); print(f"TEST_SEED={seed}")
	dice = random.Random(seed)

	def run(data, *words):
	    return subprocess.run([sys.argv[1], *words], input=data, stdout=subprocess.PIPE,
	                          check=True).stdout

	for case in range(150):
	    alphabet = dice.choice([b"+-\xc3\xa9 ", b"+", b"+\r"])
	    mark = bytes(dice.choice(alphabet) for _ in range(dice.randint(1, 32)))
	    letters = dice.choice([mark + b"\n", mark + b"x\n\r", mark * 50 + b"\n", bytes(range(256)), mark, b"\xe2\x82\xac\n"])
	    data = bytes(dice.choice(letters) for _ in range(dice.choice([0, 1, 70, 500, 4000])))
	    while mark + b"\n" in data: # what no join could tell from a break
	        data = data.replace(mark + b"\n", b"\n")
	    split = run(data, "pipe", "-m", str(dice.randint(64, 200)), "--mark", mark)
	    assert run(split, "join", "--mark", mark) == data, (case, mark, data)
	    if len(data) == 4000 and b"\n" not in data: assert split != data
	PYTHON
}

@test "64 MiB of random bytes come back" {
	head -c 64M /dev/urandom >in
	"$LINECAP" pipe -m 100 --mark ' [linecap] ' <in | "$LINECAP" join --mark ' [linecap] ' | cmp - in
	[ "$("$LINECAP" pipe -m 100 --mark ' [linecap] ' <in | wc -c)" -gt "$(wc -c <in)" ]
}

@test "a break may straddle any two reads" {
	# Each piece is read before the next is written.
	python3 - "$LINECAP" <<-'PYTHON'
	import array, fcntl, itertools, subprocess, sys, termios

	def waiting(pipe):
	    n = array.array("i", [0]); fcntl.ioctl(pipe, termios.FIONREAD, n); return n[0]

	data, whole = b"aab aaaab\n-aab\n\naab", b"aab aa-\naab"
	for size in range(1, len(data)):
	    run = subprocess.Popen([sys.argv[1], "join", "--mark", "aab"],
	                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
	    for at in range(0, len(data), size):
	        run.stdin.write(data[at:at + size]); run.stdin.flush()
	        while waiting(run.stdin):
	            assert run.poll() is None
	    got = run.communicate()[0]
	    assert got == whole, (size, got)
	PYTHON
}

@test "nothing but a mark's possible start is held back" {
	python3 - "$LINECAP" <<-'PYTHON'
	import os, subprocess, sys
	run = subprocess.Popen([sys.argv[1], "join", "--mark", "++"], stdin=subprocess.PIPE,
	                       stdout=subprocess.PIPE)
	def say(data): run.stdin.write(data); run.stdin.flush()
	say(b"password: ")
	assert os.read(run.stdout.fileno(), 100) == b"password: "
	say(b"1 + 1+")
	assert os.read(run.stdout.fileno(), 100) == b"1 + 1"
	say(b"1\n")
	assert os.read(run.stdout.fileno(), 100) == b"+1\n"
	run.stdin.close()
	assert run.wait() == 0
	PYTHON
}

@test "a line of the original that ends with the mark is joined as well" {
	[ "$(printf 'one+\ntwo\n' | "$LINECAP" join --mark +)" = onetwo ]
}

@test "only the break goes: a mark in mid-line and a newline alone stay" {
	[ "$(printf 'a+b\n\n+c\n' | "$LINECAP" join --mark + | od -c)" = "$(printf 'a+b\n\n+c\n' | od -c)" ]
	[ "$(printf '++\n\n' | "$LINECAP" join --mark + | od -c)" = "$(printf '+\n' | od -c)" ]
}

@test "without a mark it says why it can't" {
	for mark in "" --mark=; do
		run "$LINECAP" join $mark </dev/null
		[ "$status" = 64 ]
		[ "${#lines[@]}" = 1 ]
		[[ $output == *"a break can't be told from a newline"* ]]
	done
}

@test "the mark comes from LINECAP_MARK where no option says it" {
	[ "$(printf 'a+\nb' | LINECAP_MARK=+ "$LINECAP" join)" = ab ]
	[ "$(printf 'a+\nb' | LINECAP_MARK=- "$LINECAP" join --mark +)" = ab ]
}

@test "errors and a reader gone end it as they end pipe" {
	run bash -c 'echo x | "$LINECAP" join --mark + >/dev/full'
	[ "$status" = 74 ]
	[ "$output" = "linecap join: write to stdout: No space left on device" ]
	run bash -c '"$LINECAP" join --mark + </dev/zero | head -c 1 >/dev/null; echo "${PIPESTATUS[0]}"'
	[ "$output" = 141 ]
	run "$LINECAP" join --mark + file </dev/null
	[ "$status" = 64 ]
}
