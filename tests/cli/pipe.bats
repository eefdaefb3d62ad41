#!/usr/bin/env bats
# linecap pipe, as a user sees it.

load helpers

setup() {
	unset LINECAP_MAX LINECAP_MODE LINECAP_MARK LINECAP_TARGET
	cd "$BATS_TEST_TMPDIR"
}

xs() { # COUNT: that many x, no newline
	head -c "$1" /dev/zero | tr '\0' x
}

@test "lines within max pass byte for byte" {
	{ xs 64 && echo && echo && seq 1000 && printf 'a\0b\r\n' && xs 63; } >in
	"$LINECAP" pipe -m 64 <in >out
	cmp in out
}

@test "an endless line is cut at max, 16384 unless told otherwise" {
	xs 40000 | "$LINECAP" pipe >out
	[ "$(wc -lc <out | tr -s ' ')" = " 2 40002" ]
	[ "$(wc -L <out)" = 16384 ]
	tr -d '\n' <out | cmp - <(xs 40000)
}

@test "the longest line, SIZE counts its bytes: 1k is 1024" {
	[ "$(xs 5000 | "$LINECAP" pipe --max 1k | wc -L)" = 1024 ]
	[ "$(xs 5000 | LINECAP_MAX=100 "$LINECAP" pipe | wc -L)" = 100 ]
	[ "$(xs 5000 | LINECAP_MAX=100 "$LINECAP" pipe -m 200 | wc -L)" = 200 ]
}

@test "a mark ends each piece that goes on, and counts" {
	xs 130 | "$LINECAP" pipe -m 64 --mark ' ++' >out
	printf '%s ++\n%s ++\n%s' "$(xs 61)" "$(xs 61)" "$(xs 8)" | cmp - out
}

@test "truncate drops the rest of a line and says how much where it ends" {
	{ xs 100 && echo && echo after; } | "$LINECAP" pipe -m 64 --mode truncate >out
	printf '%s\n[linecap: 36 bytes dropped]\nafter\n' "$(xs 64)" | cmp - out
}

@test "truncate: the input's end ends the line" {
	xs 100 | "$LINECAP" pipe -m 64 --mode truncate >out
	printf '%s\n[linecap: 36 bytes dropped]\n' "$(xs 64)" | cmp - out
}

@test "off passes everything" {
	xs 100000 >in
	"$LINECAP" pipe -m off <in | cmp - in
}

@test "how the input comes in pieces does not matter" {
	# Each piece is read before the next is written.
	python3 - "$LINECAP" <<-'PYTHON'
	import array, fcntl, os, random, subprocess, sys, termios
	seed = int(os.environ.get("TEST_SEED") or str(random.randrange(2**32)), 0); print(f"TEST_SEED={seed}")
	dice = random.Random(seed)
	starts = [b"", b"", b"", "\u00e9".encode(), "\u20ac".encode(), "\U0001f600".encode()]
	ends = [b"", b"", b"\n", b"z", b"y" * 200, "\u00e9".encode(), "\u20ac".encode(), "\U0001f600".encode(), "\u00e9\u20ac\U0001f600".encode() * 9]

	def waiting(pipe):
	    n = array.array("i", [0]); fcntl.ioctl(pipe, termios.FIONREAD, n); return n[0]

	for mode in "split", "truncate":
	    data = b"".join(b"x" * dice.randrange(50, 68) + dice.choice(starts) + b"\r" * dice.choice([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 70]) + dice.choice(ends) for _ in range(60))
	    command = [sys.argv[1], "pipe", "-m", str(dice.randint(64, 70)), "--mode", mode]
	    whole = subprocess.run(command, input=data, stdout=subprocess.PIPE).stdout
	    for size in 1, 7, 64, 65:
	        run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
	        for at in range(0, len(data), size):
	            run.stdin.write(data[at:at + size]); run.stdin.flush()
	            while waiting(run.stdin):
	                assert run.poll() is None
	        assert run.communicate()[0] == whole, (mode, size, data)
	PYTHON
}

@test "a character's first bytes, the last that was read, stand behind the break even if its rest never comes" {
	python3 - "$LINECAP" <<-'PYTHON'
	import os, subprocess, sys
	start, rest = b"x" * 63 + b"\xe2\x82", b"z\n"
	command = [sys.argv[1], "pipe", "-m", "64"]
	run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
	run.stdin.write(start); run.stdin.flush()
	heard = b""
	while len(heard) < len(start) + 1: heard += os.read(run.stdout.fileno(), 100)
	assert heard + run.communicate(rest)[0] == b"x" * 63 + b"\n\xe2\x82z\n", heard
	assert subprocess.run(command, input=start + rest, stdout=subprocess.PIPE).stdout == b"x" * 63 + b"\xe2\n\x82z\n"
	PYTHON
}

@test "a \\r at the end of what was read is held back only where a cut may still fall" {
	python3 - "$LINECAP" <<-'PYTHON'
	import os, subprocess, sys
	for options in [], ["--mark", "+"], ["-m", "off"], ["--mode", "truncate"]:
	    run = subprocess.Popen([sys.argv[1], "pipe", *options], stdin=subprocess.PIPE,
	                           stdout=subprocess.PIPE)
	    for said in b"ATZ\r", b"\r\r\r\r", b"10 %\r", b"\n\r":
	        run.stdin.write(said); run.stdin.flush()
	        heard = b""
	        while len(heard) < len(said): heard += os.read(run.stdout.fileno(), 100)
	        assert heard == said, (options, said, heard)
	    run.stdin.close()
	    assert run.wait() == 0 and run.stdout.read() == b""
	PYTHON
}

@test "a bad option is one line and status 64" {
	run "$LINECAP" pipe -m 12Q </dev/null
	[ "$status" = 64 ]
	[ "$output" = "linecap pipe: -m is '12Q': expected a size from 64 to 1G (suffixes k, M, G), or off" ]
	run "$LINECAP" pipe --mode sometimes </dev/null
	[ "$status" = 64 ]
	[ "$output" = "linecap pipe: --mode is 'sometimes': expected split, truncate or json" ]
	run "$LINECAP" pipe --mark "$(xs 33)" </dev/null
	[ "$status" = 64 ]
	run "$LINECAP" pipe --mark </dev/null
	[ "$status" = 64 ]
	[ "$output" = "linecap pipe: --mark needs a value: expected at most 32 bytes without a newline" ]
	run "$LINECAP" pipe --what </dev/null
	[ "$status" = 64 ]
	[ "$output" = "linecap pipe: no option '--what'" ]
	run "$LINECAP" pipe file </dev/null
	[ "$status" = 64 ]
}

@test "what a terminal would obey is not printed as it came" {
	run "$LINECAP" pipe -m $'\e[31m' </dev/null
	[ "$status" = 64 ]
	[[ $output != *$'\e'* ]]
}

@test "a bad value in the environment is one line and the default" {
	xs 40000 | LINECAP_MAX=12Q "$LINECAP" pipe >out 2>err
	[ "$(wc -L <out)" = 16384 ]
	[ "$(wc -l <err)" = 1 ]
	grep -F "LINECAP_MAX in the environment is '12Q'" err
}

@test "it dies of SIGPIPE when its reader has gone" {
	run bash -c '"$LINECAP" pipe </dev/zero | head -c 1 >/dev/null; echo "${PIPESTATUS[0]}"'
	[ "$output" = 141 ]
}

@test "it notices that its reader has gone while it drops, too" {
	run bash -c '"$LINECAP" pipe --mode truncate </dev/zero | head -c 1 >/dev/null; echo "${PIPESTATUS[0]}"'
	[ "$output" = 141 ]
}

@test "where SIGPIPE is ignored, a reader gone is an error" {
	run bash -c 'trap "" PIPE; "$LINECAP" pipe </dev/zero | head -c 1 >/dev/null; echo "${PIPESTATUS[0]}"'
	[ "${lines[0]}" = "linecap pipe: write to stdout: Broken pipe" ]
	[ "${lines[1]}" = 74 ]
}

@test "an error is one line and status 74" {
	run bash -c 'echo x | "$LINECAP" pipe >/dev/full'
	[ "$status" = 74 ]
	[ "$output" = "linecap pipe: write to stdout: No space left on device" ]
	run bash -c '"$LINECAP" pipe </'
	[ "$status" = 74 ]
	[ "$output" = "linecap pipe: read from stdin: Is a directory" ]
}

@test "a non-blocking stdin and stdout are waited for" {
	python3 - "$LINECAP" <<-'PYTHON'
	import os, subprocess, sys
	to_read, to_write = os.pipe(); from_read, from_write = os.pipe()
	os.set_blocking(to_read, False); os.set_blocking(from_write, False)
	run = subprocess.Popen([sys.argv[1], "pipe", "-m", "64"], stdin=to_read, stdout=from_write)
	os.close(to_read); os.close(from_write)
	data = b"x" * 1000000
	if os.fork() == 0:
	    os.close(from_read)
	    with os.fdopen(to_write, "wb") as pipe: pipe.write(data)
	    os._exit(0)
	os.close(to_write)
	with os.fdopen(from_read, "rb") as pipe: got = pipe.read()
	assert run.wait() == 0 and got.replace(b"\n", b"") == data, (run.returncode, len(got))
	PYTHON
}

@test "memory does not grow with the line" {
	python3 - "$LINECAP" <<-'PYTHON'
	import resource, subprocess, sys
	for mode in "split", "truncate":
	    zeros = subprocess.Popen(["head", "-c", "256M", "/dev/zero"], stdout=subprocess.PIPE)
	    subprocess.run([sys.argv[1], "pipe", "--mode", mode], stdin=zeros.stdout,
	                   stdout=subprocess.DEVNULL, check=True)
	    zeros.wait()
	peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
	assert peak < 16 * 1024, f"{peak} KiB"
	PYTHON
}

@test "long work shows its progress on a terminal, and takes it off again" {
	python3 - "$LINECAP" <<-'PYTHON'
	import os, pty, select, subprocess, sys, time
	terminal, its_end = pty.openpty()
	run = subprocess.Popen([sys.argv[1], "pipe"], stdin=subprocess.PIPE,
	                       stdout=subprocess.DEVNULL, stderr=its_end)
	os.close(its_end)
	seen, bound = b"", time.monotonic() + 60
	while b"breaks" not in seen:
	    assert time.monotonic() < bound
	    run.stdin.write(b"x" * 65536)
	    if select.select([terminal], [], [], 0)[0]: seen += os.read(terminal, 4096)
	run.stdin.close()
	assert run.wait() == 0
	while True:
	    try: more = os.read(terminal, 4096)
	    except OSError: break
	    if not more: break
	    seen += more
	assert b" read, " in seen and seen.endswith(b"\r\x1b[K"), seen
	PYTHON
}

@test "--help and --version answer on stdout" {
	run bash -c '"$LINECAP" pipe --help 2>/dev/null'
	[ "$status" = 0 ]
	[[ $output == "usage: linecap pipe"* ]]
	run bash -c '"$LINECAP" pipe --version 2>/dev/null'
	[ "$status" = 0 ]
}
