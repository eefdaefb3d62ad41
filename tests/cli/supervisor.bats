#!/usr/bin/env bats
# linecap run --via pipe: the supervisor's manners.
#
# What is awaited is a state, read from /proc, never a time; a state that does not come fails the
# test after a minute.

load helpers

setup_file() {
	cat >"$BATS_FILE_TMPDIR/world.py" <<-'PYTHON'
	import os, re, signal, subprocess, sys, time
	signal.alarm(120) # a read that never returns is a state that never comes
	LINECAP = os.environ["LINECAP"]
	PIPE = subprocess.PIPE

	def supervised(*command, options=(), **more):
	    return subprocess.Popen([LINECAP, "run", "--via", "pipe", *options, "--", *command], **more)

	# Python runs handlers between its own steps: a signal that comes just before pause(2) waits for the next one.
	PRELUDE = """
	import os, signal, sys, time
	def take_signals():
	    while True: time.sleep(0.01)
	"""

	def program(code, *words, **more):
	    return supervised(sys.executable, "-c", PRELUDE + code, *words, **more)

	def await_state(state, what):
	    bound = time.monotonic() + 60
	    while not state():
	        assert time.monotonic() < bound, "never came: " + what
	        time.sleep(0.002)

	def stat(pid):
	    try:
	        with open(f"/proc/{pid}/stat") as file: return file.read().rpartition(")")[2].split()
	    except (FileNotFoundError, ProcessLookupError): return ["gone"]

	def state_of(pid): return stat(pid)[0]

	def awaits_state(pid, letter): await_state(lambda: state_of(pid) == letter, f"{pid} in {letter}")

	def name(pid):
	    try:
	        with open(f"/proc/{pid}/comm") as file: return file.read().strip()
	    except OSError: return "gone"

	def children(pid): # but its companion
	    with open(f"/proc/{pid}/task/{pid}/children") as file: return [int(c) for c in file.read().split() if name(c) not in ("linecap", "companion")]

	def writes(pid): # does a thread of it hang in write, or writev?
	    try: tasks = [open(f"/proc/{pid}/task/{t}/syscall").read().split() for t in os.listdir(f"/proc/{pid}/task")]
	    except OSError: return False
	    return any(t[0] in ("1", "20", "64", "66") for t in tasks if len(t) > 1)
	PYTHON
}

setup() {
	export LINECAP PYTHONPATH=$BATS_FILE_TMPDIR
	unset LINECAP_MAX LINECAP_MODE LINECAP_MARK LINECAP_TARGET LD_PRELOAD
	cd "$BATS_TEST_TMPDIR"
}

world() { # runs the Python program on stdin
	{ echo 'from world import *' && cat; } >world_test.py
	python3 world_test.py
}

as_pid_1() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	unshare -fp --mount-proc true || skip "no PID namespaces here"
	timeout -s KILL 120 unshare -fp --kill-child --mount-proc "$@"
}

@test "the exit status is the program's" {
	world <<-'PYTHON'
	for status in 0, 1, 42, 126, 127, 255:
	    assert supervised("sh", "-c", f"exit {status}", stdout=PIPE).wait() == status, status
	PYTHON
}

@test "the supervisor dies of the signal that the program died of" {
	world <<-'PYTHON'
	for name in "HUP INT QUIT ILL TRAP ABRT FPE KILL USR1 SEGV USR2 PIPE ALRM TERM XCPU SYS".split():
	    got = supervised("sh", "-c", f"ulimit -c 0; kill -{name} $$", stdout=PIPE).wait()
	    assert got == -getattr(signal, "SIG" + name), (name, got)
	PYTHON
}

@test "the core dump is the program's alone" {
	[[ $(cat /proc/sys/kernel/core_pattern) != *[/\|]* ]] || skip "core_pattern leads elsewhere"
	ulimit -c unlimited || skip "no core dumps here"
	sh -c 'kill -SEGV $$' || true
	ls core* || skip "no core dumps here"
	rm core*
	run "$LINECAP" run --via pipe -- sh -c 'ulimit -c 0; kill -SEGV $$'
	[ "$status" = 139 ]
	[ -z "$(ls core* 2>/dev/null)" ]
}

@test "every signal that can be caught is forwarded" {
	world <<-'PYTHON'
	run = program("""
	def say(number, frame): os.write(1, b"%d\\n" % number)
	for number in signal.valid_signals():
	    if number not in (signal.SIGKILL, signal.SIGSTOP): signal.signal(number, say)
	os.write(1, b"ready\\n")
	take_signals()
	""", stdout=PIPE)
	assert run.stdout.readline() == b"ready\n"
	for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
	    run.send_signal(number)
	    assert run.stdout.readline() == b"%d\n" % number, number
	run.kill()
	PYTHON
}

@test "a queued signal keeps its value" {
	cc -x c -o queue - <<-'C'
	#include <signal.h>
	#include <stdio.h>
	int main(void)
	{
		sigset_t set;
		siginfo_t info;
		sigemptyset(&set);
		sigaddset(&set, SIGRTMIN + 1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		puts("ready");
		fflush(stdout);
		sigwaitinfo(&set, &info);
		printf("%d\n", info.si_value.sival_int);
		return 0;
	}
	C
	world <<-'PYTHON'
	run = supervised("./queue", stdout=PIPE)
	assert run.stdout.readline() == b"ready\n"
	subprocess.run(["/bin/kill", "-q", "4711", "-s", str(signal.SIGRTMIN + 1), str(run.pid)], check=True)
	assert run.stdout.readline() == b"4711\n"
	assert run.wait() == 0
	PYTHON
}

@test "an alarm that was set before is the program's, to die of or to cancel" {
	world <<-'PYTHON'
	def with_alarm(seconds, code):
	    return program(code, stdout=PIPE, preexec_fn=lambda: signal.setitimer(signal.ITIMER_REAL, seconds))
	run = with_alarm(0.01, "take_signals()")
	assert run.wait() == -signal.SIGALRM
	run = with_alarm(1000, "left = signal.alarm(0); os.write(1, b'%d' % left)")
	left = int(run.communicate()[0])
	assert 0 < left <= 1000, left
	PYTHON
}

@test "what the kernel sends to the supervisor alone is forwarded" {
	world <<-'PYTHON'
	import resource
	# Whoever writes ends soon, so it is the supervisor that comes to a second of CPU time.
	run = program("""
	import subprocess
	def say(number, frame):
	    os.write(2, b"told\\n")
	    os._exit(9)
	signal.signal(signal.SIGXCPU, say)
	while True: subprocess.run(["head", "-c", "32M", "/dev/zero"])
	""", stdout=PIPE, stderr=PIPE, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, 60)))
	while run.stdout.read1(1 << 20): pass
	assert run.stderr.read() == b"told\n" and run.wait() == 9
	PYTHON
}

@test "what the terminal sends to the process group comes once" {
	world <<-'PYTHON'
	import pty
	to_read, to_write = os.pipe()
	pid, terminal = pty.fork()
	if pid == 0:
	    os.dup2(to_write, 1); os.close(to_read); os.close(to_write)
	    os.execv(LINECAP, [LINECAP, "run", "--via", "pipe", "--", sys.executable, "-c", PRELUDE + """
	for number in (2, 3, 10): signal.signal(number, lambda n, f: os.write(1, b"%d\\n" % n))
	os.write(1, b"ready\\n")
	take_signals()
	"""])
	os.close(to_write)
	out = os.fdopen(to_read, "rb")
	assert out.readline() == b"ready\n"
	for key, number in (b"\x03", b"2\n"), (b"\x1c", b"3\n"):
	    os.write(terminal, key)
	    assert out.readline() == number
	    # The supervisor takes the lower number first: had it a second one to give, that came now.
	    os.kill(pid, signal.SIGUSR1)
	    assert out.readline() == b"10\n"
	os.kill(pid, signal.SIGKILL)
	PYTHON
}

@test "a shell sees its job stop with the program, and wakes both" {
	world <<-'PYTHON'
	import pty
	pid, terminal = pty.fork()
	if pid == 0:
	    os.environ.update(PS1="$ ", HISTFILE="")
	    os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-im"])
	seen = b""
	def said(words):
	    global seen
	    while words not in seen: seen += os.read(terminal, 4096)
	    seen = seen.partition(words)[2]
	def type(line): os.write(terminal, line)
	def await_both(letter): awaits_state(run, letter); awaits_state(child, letter)
	for stop in "the terminal", "the program":
	    type(b"'%s' run --via pipe -- sh -c 'echo $PPID $$ >pids.new; mv pids.new pids; exec sleep 1000' | cat\n" % LINECAP.encode())
	    await_state(lambda: os.path.exists("pids"), "the program")
	    run, child = map(int, open("pids").read().split())
	    os.remove("pids")
	    await_both("S")
	    for _ in range(3):
	        # By itself, as less(1) does, or all of the job.
	        type(b"\x1a") if stop == "the terminal" else (os.kill(child, signal.SIGTSTP), await_both("T"), type(b"\x1a"))
	        await_both("T")
	        said(b"Stopped")
	        type(b"fg\n")
	        await_both("S")
	    type(b"\x03")
	    await_state(lambda: state_of(run) == "gone", "the job's end")
	os.kill(pid, signal.SIGKILL)
	PYTHON
}

@test "a program that is stopped alone leaves the supervisor at work" {
	world <<-'PYTHON'
	def idle(pid): # it has taken all signals
	    with open(f"/proc/{pid}/status") as file: status = dict(l.split(":\t") for l in file.read().splitlines() if ":\t" in l)
	    return status["State"][0] in "ST" and int(status["ShdPnd"], 16) == 0
	for number in signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU:
	    run = program("""
	signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
	os.write(1, b"ready\\n")
	signal.sigwait([signal.SIGUSR1])
	os.write(1, b"usr1\\n")
	""", stdout=PIPE, preexec_fn=os.setpgrp)
	    assert run.stdout.readline() == b"ready\n"
	    child, = children(run.pid)
	    os.kill(child, number)
	    awaits_state(child, "T")
	    await_state(lambda: idle(run.pid), "its SIGCHLD taken")
	    os.kill(child, signal.SIGCONT)
	    run.send_signal(signal.SIGUSR1)
	    assert run.stdout.readline() == b"usr1\n" and run.wait() == 0, number
	PYTHON
}

@test "SIGKILL for the supervisor is SIGKILL for the program" {
	world <<-'PYTHON'
	run = supervised("sh", "-c", "echo ready; exec sleep 1000", stdout=PIPE)
	assert run.stdout.readline() == b"ready\n"
	child, = children(run.pid)
	run.kill()
	run.wait()
	await_state(lambda: state_of(child) in ("Z", "gone"), "the program's end")
	PYTHON
}

@test "SIGKILL for the supervisor is SIGKILL for a program that has changed its uid" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	world <<-'PYTHON'
	run = program("""
	os.setgid(65534); os.setuid(65534)
	os.write(1, b"ready\\n")
	take_signals()
	""", stdout=PIPE)
	assert run.stdout.readline() == b"ready\n"
	child, = children(run.pid)
	run.kill()
	run.wait()
	await_state(lambda: state_of(child) in ("Z", "gone"), "the program's end")
	# An orderly end leaves nobody behind.
	run = supervised("true", stdout=PIPE, start_new_session=True)
	run.wait()
	assert not [p for p in os.listdir("/proc") if p.isdigit() and stat(p)[2:3] == [str(run.pid)]]
	PYTHON
}

# Queued signals can be counted. The supervisor deals with the lower number first: once the program
# has the higher one, no more of the lower will come.
COUNT='
FIRST, LAST = signal.SIGRTMIN + 1, signal.SIGRTMIN + 2
signal.pthread_sigmask(signal.SIG_BLOCK, [FIRST, LAST])
def count():
    signal.sigwait([LAST])
    number = 0
    while signal.sigtimedwait([FIRST], 0): number += 1
    os.write(1, b"%d\n" % number)
'

@test "what is sent to the process group comes once, whoever sends it" {
	export COUNT
	world <<-'PYTHON'
	def comes(times, number, sender, send=lambda run: None):
	    run = program(os.environ["COUNT"].replace("FIRST, LAST = signal.SIGRTMIN + 1,", f"FIRST, LAST = {int(number)},") + f"""
	{sender}
	os.write(1, b"ready\\n")
	count()
	""", stdout=PIPE, preexec_fn=os.setpgrp)
	    assert run.stdout.readline() == b"ready\n"
	    send(run)
	    run.send_signal(signal.SIGRTMIN + 2)
	    assert run.stdout.readline() == b"%d\n" % times, (number, sender)
	    assert run.wait() == 0
	# A real-time signal, which is counted; and one that asks to end.
	for number in signal.SIGRTMIN + 1, signal.SIGTERM:
	    comes(1, number, "os.kill(0, FIRST)")
	    comes(1, number, "os.fork() or (os.kill(0, FIRST), os._exit(0)); os.wait()")
	    comes(1, number, "", lambda run: os.killpg(run.pid, number))
	    # Not so what is for the supervisor alone, or for a group that the program has left.
	    comes(1, number, "os.kill(os.getppid(), FIRST)")
	    comes(1, number, "os.setpgid(0, 0)", lambda run: os.killpg(run.pid, number))
	    comes(0, number, "")
	comes(3, signal.SIGRTMIN + 1, "", lambda run: [run.send_signal(signal.SIGRTMIN + 1) for _ in range(3)])
	comes(5, signal.SIGRTMIN + 1, "for _ in range(5): os.kill(0, FIRST)")
	PYTHON
}

@test "a signal to the process group comes once, though its sender is gone when the supervisor sees it" {
	export COUNT
	world <<-'PYTHON'
	run = program(os.environ["COUNT"] + """
	os.kill(os.getppid(), signal.SIGSTOP)
	os.fork() or (os.kill(0, FIRST), os._exit(0))
	os.wait()
	os.write(2, b"ready\\n")
	count()
	""", stdout=PIPE, stderr=open("ready", "wb"), preexec_fn=os.setpgrp)
	await_state(lambda: os.path.getsize("ready"), "the program")
	os.killpg(run.pid, signal.SIGCONT)
	run.send_signal(signal.SIGRTMIN + 2)
	assert run.stdout.readline() == b"1\n"
	PYTHON
}

@test "after a stop of the whole group, signals reach the program though only the supervisor is woken" {
	world <<-'PYTHON'
	run = program("""
	def say(number, frame): os.write(1, b"told\\n"); os._exit(9)
	signal.signal(signal.SIGUSR1, say)
	os.write(1, b"ready\\n")
	take_signals()
	""", stdout=PIPE, preexec_fn=os.setpgrp)
	assert run.stdout.readline() == b"ready\n"
	child, = children(run.pid)
	os.killpg(run.pid, signal.SIGSTOP)
	for pid in run.pid, child: awaits_state(pid, "T")
	for pid in run.pid, child: os.kill(pid, signal.SIGCONT)
	run.send_signal(signal.SIGUSR1)
	assert run.stdout.readline() == b"told\n" and run.wait() == 9
	PYTHON
}

@test "the supervisor ends by its name, and the program with it" {
	world <<-'PYTHON'
	run = supervised("sh", "-c", "echo ready; exec sleep 1000", stdout=PIPE, preexec_fn=os.setpgrp)
	assert run.stdout.readline() == b"ready\n"
	def named(): return subprocess.run(["pgrep", "-f", "-g", str(run.pid), "linecap"], stdout=PIPE).stdout.split()
	await_state(lambda: len(named()) == 1, "one linecap")
	os.kill(int(named()[0]), signal.SIGTERM)
	assert run.wait() == -signal.SIGTERM
	PYTHON
}

@test "as PID 1: a signal to the program's group comes once, and so does one to PID 1" {
	cat >count.py <<-PYTHON
	import os, signal
	$COUNT
	os.kill(0, FIRST); os.kill(1, LAST); count()
	os.kill(1, FIRST); os.kill(1, LAST); count()
	assert os.getsid(0) == os.getpgrp() == os.getpid()
	PYTHON
	run as_pid_1 setsid "$LINECAP" run --via pipe -- python3 count.py
	[ "$output" = $'1\n1' ]
}

@test "the program finds its world as it was: signals, group, session, stdin, other streams" {
	world <<-'PYTHON'
	import ctypes
	def ignore_libcs_own():  # 32 and 33 (signal(7)): sigaction(3) refuses them
	    rt_sigaction = {"x86_64": 13, "aarch64": 134}[os.uname().machine]
	    for number in 32, 33:
	        action = (ctypes.c_ulong * 4)(int(signal.SIG_IGN))
	        assert not ctypes.CDLL(None).syscall(rt_sigaction, number, action, None, ctypes.c_long(8))
	def look(prefix, *command):
	    def prepare():
	        ignore_libcs_own()
	        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
	        signal.signal(signal.SIGHUP, signal.SIG_IGN)
	        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
	    with open("err", "w") as err, open("/dev/zero") as zero, open("other", "w") as other:
	        run = subprocess.Popen([*prefix, *command], stdin=zero, stdout=PIPE, stderr=err,
	                               pass_fds=[other.fileno()], preexec_fn=prepare)
	        return run.communicate()[0], run.returncode
	for command, expected in (
	    (["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"], rb"SigBlk:\s0*800\nSigIgn:\s0*18001.001\n"),
	    (["sh", "-c", "ls -l /proc/$$/fd | grep -o '. -> .*/[zeo][a-z]*$'"], rb"0 -> /dev/zero\n2 -> .*/err\n. -> .*/other\n"),
	    (["sh", "-c", "ps -o sid= -p $$"], rb"\s*%d\n" % os.getsid(0))):
	    without, its = look([], *command), look([LINECAP, "run", "--via", "pipe", "--"], *command)
	    assert re.fullmatch(expected, without[0]), without
	    assert without == its, (without, its)
	run = supervised("sh", "-c", "echo $$; exec sleep 1000", stdout=PIPE, preexec_fn=os.setpgrp)
	child = int(run.stdout.readline())
	assert stat(child)[2:4] == stat(run.pid)[2:4] and int(stat(child)[2]) == run.pid
	run.kill()
	PYTHON
}

@test "a stream that is closed at the start stays closed" {
	cat >look <<-'SH'
	#!/bin/sh
	exec 9>out
	for fd in 0 1 2; do test -e /proc/$$/fd/$fd && echo $fd >&9; done
	SH
	chmod +x look
	"$LINECAP" run --via pipe -- ./look <&- 2>&- | cat
	[ "$(cat out)" = 1 ]
	"$LINECAP" run --via pipe -- ./look 2>&1 <&- >&- | cat
	[ "$(cat out)" = 2 ]
	"$LINECAP" run --via pipe -- ./look 2>&1 >/dev/full <&- | cat
	[ "$(cat out)" = $'1\n2' ]
}

@test "the supervisor keeps no fd of the program's open" {
	world <<-'PYTHON'
	to_read, to_write = os.pipe()
	run = program("os.close(int(sys.argv[1])); signal.pause()", str(to_write), stdout=PIPE, pass_fds=[to_write])
	os.close(to_write)
	assert os.read(to_read, 1) == b"" # it comes only if all have let go
	run.terminate(); run.wait()
	run = supervised("sh", "-c", "exec >&- 2>&-; exec sleep 1000", stdout=PIPE, stderr=PIPE)
	assert run.stdout.read() == b"" and run.stderr.read() == b""
	run.terminate(); run.wait()
	PYTHON
}

@test "the program may open its stdout anew" {
	[ "$("$LINECAP" run --via pipe -m 64 -- sh -c 'printf %0100d 0 >/dev/stdout' | wc -L)" = 64 ]
}

@test "64 MiB of random bytes come through each stream, to the byte" {
	world <<-'PYTHON'
	import hashlib, random, threading
	seed = int(os.environ.get("TEST_SEED") or str(random.randrange(2**32)), 0); print(f"TEST_SEED={seed}")
	mark = " [linecap 1f2e3d] "
	run = program("""
	import random, threading
	def write(fd):
	    dice = random.Random(sys.argv[1] + str(fd))
	    for _ in range(64):
	        data = memoryview(dice.randbytes(1 << 20))
	        while data: data = data[os.write(fd, data[:dice.randint(1, 200000)]):]
	threads = [threading.Thread(target=write, args=[fd]) for fd in (1, 2)]
	for thread in threads: thread.start()
	for thread in threads: thread.join()
	""", str(seed), options=["-m", "100", "--mark", mark], stdout=PIPE, stderr=PIPE)
	joins = [subprocess.Popen([LINECAP, "join", "--mark", mark], stdin=s, stdout=PIPE)
	         for s in (run.stdout, run.stderr)]
	run.stdout.close(); run.stderr.close()
	got = {}
	def digest(fd, stream):
	    sha = hashlib.sha256()
	    while data := stream.read(1 << 20): sha.update(data)
	    got[fd] = sha.digest()
	threads = [threading.Thread(target=digest, args=[fd, join.stdout]) for fd, join in zip((1, 2), joins)]
	for thread in threads: thread.start()
	for thread in threads: thread.join()
	assert run.wait() == 0
	for fd in 1, 2:
	    dice, sha = random.Random(str(seed) + str(fd)), hashlib.sha256()
	    for _ in range(64):
	        sha.update(dice.randbytes(1 << 20))
	        left = 1 << 20
	        while left > 0: left -= min(left, dice.randint(1, 200000)) # may write short, never here
	    assert got[fd] == sha.digest(), fd
	PYTHON
}

@test "stdout and stderr keep their order where they are one pipe" {
	run "$LINECAP" run --via pipe -- sh -c 'for i in $(seq 200); do echo $i; echo $i >&2; done'
	[ "$output" = "$(for i in $(seq 200); do echo "$i" && echo "$i"; done)" ]
}

@test "an endless line is bounded, and so is memory" {
	world <<-'PYTHON'
	run = program("""
	for _ in range(2 * 1024): os.write(1, b"x" * 131072)
	peak, = [line for line in open(f"/proc/{os.getppid()}/status") if line.startswith("VmHWM")]
	os.write(2, peak.encode())
	""", stdout=PIPE, stderr=PIPE)
	count = widest = column = 0
	while data := run.stdout.read(1 << 20):
	    for piece in data.split(b"\n")[:-1]:
	        widest = max(widest, column + len(piece)); column = 0
	    column += len(data.split(b"\n")[-1])
	    count += len(data) - data.count(b"\n")
	assert run.wait() == 0 and count == 256 << 20 and max(widest, column) == 16384, (count, widest)
	peak = int(run.stderr.read().split()[1])
	assert peak < 8 * 1024, f"{peak} KiB"
	PYTHON
}

@test "a slow reader slows the program: what it can be ahead is bounded" {
	world <<-'PYTHON'
	import fcntl
	F_GETPIPE_SZ = 1032
	with open("count", "wb+") as count:
	    run = program("""
	count = int(sys.argv[1])
	for written in range(4096, (4 << 20) + 1, 4096):
	    os.write(1, b"y" * 4095 + b"\\n")
	    os.pwrite(count, b"%d" % written, 0)
	""", str(count.fileno()), stdout=PIPE, pass_fds=[count.fileno()])
	    await_state(lambda: len(children(run.pid)) == 1, "the program")
	    child, = children(run.pid)
	    await_state(lambda: writes(child) and writes(run.pid), "both wait in write")
	    ahead = int(count.read())
	capacity = fcntl.fcntl(run.stdout, F_GETPIPE_SZ)
	assert capacity <= ahead <= capacity + 65536 + 65536, ahead
	assert len(run.stdout.read()) == 4 << 20 and run.wait() == 0
	PYTHON
}

@test "a stalled stdout does not stall stderr" {
	world <<-'PYTHON'
	run = program("""
	if os.fork() == 0:
	    while True: os.write(1, b"x" * 65536)
	for _ in range(64): os.write(2, b"y" * 65535 + b"\\n")
	os.close(2)
	signal.pause()
	""", stdout=PIPE, stderr=PIPE)
	got = 0
	while got < 64 * 65535: # stdout is not read at all
	    got += run.stderr.read1(1 << 20).count(b"y")
	run.kill()
	PYTHON
}

@test "a reader that goes is gone for the program too" {
	run bash -c '"$LINECAP" run --via pipe -- sh -c "trap \"\" PIPE; exec yes" 2>err | head -n 1; echo "${PIPESTATUS[0]}"'
	[ "$output" = $'y\n1' ]
	grep -q "Broken pipe" err
	run bash -c '"$LINECAP" run --via pipe -- yes | head -n 1; echo "${PIPESTATUS[0]}"'
	[ "$output" = $'y\n141' ]
}

@test "a reader that has gone before the start is gone for the program too" {
	world <<-'PYTHON'
	to_read, to_write = os.pipe()
	os.close(to_read)
	for _ in range(50):
	    run = supervised("sh", "-c", "trap '' PIPE; echo x || exit 7", stdout=to_write, stderr=subprocess.DEVNULL)
	    assert run.wait() == 7
	run = program("print(os.fstat(1).st_ino, file=sys.stderr)", stdout=to_write, stderr=PIPE)
	assert int(run.stderr.read()) == os.fstat(to_write).st_ino # it is the very same pipe
	PYTHON
}

@test "a program that only watches its stdout sees the reader go" {
	world <<-'PYTHON'
	run = program("""
	import select
	poll = select.poll(); poll.register(1, 0)
	os.write(1, b"ready\\n")
	assert poll.poll()[0][1] & select.POLLERR
	signal.signal(signal.SIGPIPE, signal.SIG_DFL)
	os.write(1, b"x")
	""", stdout=PIPE)
	assert run.stdout.readline() == b"ready\n"
	run.stdout.close()
	assert run.wait(60) == -signal.SIGPIPE
	PYTHON
}

@test "what the program wrote last is out before the supervisor ends" {
	world <<-'PYTHON'
	run = supervised("sh", "-c", "head -c 30000 /dev/zero; head -c 30000 /dev/zero >&2; exit 3",
	                 stdout=PIPE, stderr=PIPE)
	awaits_state(run.pid, "Z") # nothing has been read yet
	assert len(run.stdout.read().replace(b"\n", b"")) == 30000
	assert len(run.stderr.read().replace(b"\n", b"")) == 30000
	assert run.wait() == 3
	PYTHON
}

@test "with its last bytes stuck, the supervisor waits for the reader, unless it is told to end" {
	world <<-'PYTHON'
	import fcntl
	def stuck():
	    run = program("fd = os.dup(1); os.write(1, b'x' * 65536); os.write(1, b'x' * 65536); sys.exit(5)",
	                  stdout=PIPE)
	    await_state(lambda: not children(run.pid) and writes(run.pid), "the program's end")
	    return run
	run = stuck()
	run.send_signal(signal.SIGUSR1) # not one that asks to end
	def pending(): return [l for l in open(f"/proc/{run.pid}/status") if l.startswith("ShdPnd")][0].split()[1]
	await_state(lambda: int(pending(), 16) == 0, "the signal taken")
	assert len(run.stdout.read().replace(b"\n", b"")) == 131072 and run.wait() == 5
	run = stuck()
	run.terminate()
	assert run.wait(60) == 5
	PYTHON
}

@test "what is left behind with a stream keeps it, while the caller goes on" {
	world <<-'PYTHON'
	os.mkfifo("go")
	run = supervised("sh", "-c", "{ read line <go; printf %0100d 0; } & echo main; exit 4",
	                 options=["-m", "64"], stdout=PIPE)
	assert run.wait(60) == 4
	assert run.stdout.readline() == b"main\n"
	with open("go", "w") as go: go.write("go\n")
	late = run.stdout.read() # to its end, which comes when the last has let go
	assert late == b"0" * 64 + b"\n" + b"0" * 36, late
	PYTHON
}

@test "what stays behind passes on what is there and ends, when it is told to" {
	world <<-'PYTHON'
	os.mkfifo("go")
	for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
	    run = supervised("sh", "-c", "exec sleep 1000 & echo $!", options=["-m", "64"], stdout=PIPE,
	                     preexec_fn=os.setpgrp)
	    holder = int(run.stdout.readline())
	    assert run.wait() == 0
	    behind, = [int(p) for p in os.listdir("/proc") if p.isdigit() and stat(p)[2:3] == [str(run.pid)] and name(p) == "linecap"]
	    inner = os.open(f"/proc/{holder}/fd/1", os.O_WRONLY)
	    os.kill(behind, signal.SIGUSR1) # is not meant for it
	    os.write(inner, b"x" * 100)
	    os.kill(behind, number)
	    assert run.stdout.read() == b"x" * 64 + b"\n" + b"x" * 36 # to its end
	    await_state(lambda: state_of(behind) in ("Z", "gone"), "its end")
	    os.kill(holder, signal.SIGKILL); os.close(inner)
	# Not so where it was to be ignored: nohup.
	def nohup(): os.setpgrp(); signal.signal(signal.SIGHUP, signal.SIG_IGN)
	run = supervised("sh", "-c", "exec sleep 1000 & echo $!", stdout=PIPE, preexec_fn=nohup)
	holder = int(run.stdout.readline())
	assert run.wait() == 0
	os.killpg(run.pid, signal.SIGHUP)
	inner = os.open(f"/proc/{holder}/fd/1", os.O_WRONLY)
	os.write(inner, b"late\n")
	assert run.stdout.readline() == b"late\n"
	os.kill(holder, signal.SIGKILL); os.close(inner)
	assert run.stdout.read() == b""
	PYTHON
}

@test "as PID 1: the program's end is the end, whoever holds its streams" {
	run as_pid_1 "$LINECAP" run --via pipe -- sh -c 'sleep 1000 & yes & echo main; exit 3'
	[ "$status" = 3 ]
	[[ $output == *main* ]]
}

@test "as PID 1: what the program wrote last is out before the supervisor ends" {
	cat >fill.py <<-'PYTHON'
	from world import *
	assert os.getppid() == 1
	main, count = os.getpid(), 0
	if os.fork() == 0:
	    os.close(1)
	    await_state(lambda: state_of(main) == "gone", "the program's end")
	    open("ended", "w")
	    os._exit(0)
	def fill():
	    global count
	    while True:
	        try: count += os.write(1, b"y" * 4095 + b"\n")
	        except BlockingIOError: return
	os.set_blocking(1, False)
	while not writes(1): fill()
	fill() # both pipes are full now, and the supervisor's hands too
	open("count", "w").write(str(count))
	PYTHON
	as_pid_1 "$LINECAP" run --via pipe -- python3 fill.py | {
		for _ in $(seq 6000); do [ -e ended ] && break || sleep 0.01; done
		cat >out
	}
	[ "$(wc -c <out)" = "$(cat count)" ]
}

@test "as PID 1: truncate says what was dropped of a line that nobody ends" {
	run as_pid_1 "$LINECAP" run --via pipe -m 64 --mode truncate -- sh -c 'sleep 1000 & printf %0100d 0'
	[ "${lines[1]}" = "[linecap: 36 bytes dropped]" ]
}

@test "as PID 1: orphans are reaped" {
	cat >orphans.py <<-'PYTHON'
	import os
	from world import await_state, state_of
	assert os.getppid() == 1
	orphans = []
	for _ in range(20):
	    to_read, to_write = os.pipe()
	    if os.fork() == 0:
	        orphan = os.fork()
	        if orphan: os.write(to_write, b"%d" % orphan)
	        os._exit(0)
	    orphans.append(int(os.read(to_read, 20))); os.wait()
	for orphan in orphans: await_state(lambda: state_of(orphan) == "gone", "an orphan reaped")
	PYTHON
	run as_pid_1 "$LINECAP" run --via pipe -- python3 orphans.py
	[ "$status" = 0 ] || { echo "$output" && false; }
}

@test "as PID 1: death by a signal is 128 + its number, and signals reach the program" {
	for signal in TERM KILL SEGV; do
		run as_pid_1 "$LINECAP" run --via pipe -- sh -c "ulimit -c 0; kill -$signal \$\$"
		[ "$status" = $((128 + $(kill -l $signal))) ]
	done
	# The program tells PID 1 to end, and is told so itself.
	run as_pid_1 "$LINECAP" run --via pipe -- sh -c 'trap "echo told; exit 9" TERM; kill -TERM 1; while :; do sleep 0.01; done'
	[ "$status" = 9 ]
	[ "$output" = told ]
}

@test "its exit statuses are tini's" {
	command -v tini >/dev/null || skip "no tini here"
	cases=("exit 0" "exit 7" "exit 255" "exec no-such-command" "exec /" 'ulimit -c 0; kill -ABRT $$' 'kill -KILL $$')
	for signal in HUP INT QUIT USR1 USR2 PIPE ALRM TERM; do
		cases+=("ulimit -c 0; kill -$signal \$\$") # the program dies of it
		cases+=("ulimit -c 0; kill -$signal \$PPID; exec sleep 1000") # who stands above gets it
	done
	for case in "${cases[@]}"; do
		theirs=0
		tini -s -- sh -c "$case" >/dev/null 2>&1 || theirs=$?
		run bash -c '"$LINECAP" run --via pipe -- sh -c "$1" 2>/dev/null | cat; echo "${PIPESTATUS[0]}"' - "$case"
		[ "$output" = "$theirs" ] || { echo "$case: tini $theirs, linecap $output" && false; }
	done
	for command in no-such-command /; do
		theirs=0
		tini -s -- $command >/dev/null 2>&1 || theirs=$?
		run bash -c '"$LINECAP" run --via pipe -- "$1" 2>/dev/null | cat; echo "${PIPESTATUS[0]}"' - $command
		[ "$output" = "$theirs" ]
	done
}

@test "where nothing can be set up the program runs without" {
	world <<-'PYTHON'
	import resource
	# Three fds beside stdio let a program start, and are too few for the supervisor.
	run = supervised("echo", "ran", stdout=PIPE, stderr=open("err", "wb"),
	                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (6, 6)))
	assert run.communicate()[0] == b"ran\n" and run.returncode == 0
	assert open("err").read() == "linecap run: Too many open files; running echo without\n"
	PYTHON
}

@test "a program with little address space has a supervisor all the same" {
	cc -x c -static -o small - <<-'C'
	#include <unistd.h>
	int main(void)
	{
		static char line[20000];
		return write(1, line, sizeof line) != sizeof line || write(2, "", 1) != 1;
	}
	C
	(ulimit -v 16000 && { "$LINECAP" run --via pipe -- ./small | longest; } 2>&1 >out | cat >err)
	equal 16384 "$(<out)"
	equal 1 "$(wc -c <err)"
}

# The figures of the pipe with the inode given, as JSON.
figures() {
	"$LINECAP" stat --json | python3 -c 'import json, sys
print(json.dumps(next(p for p in json.load(sys.stdin) if p["ino"] == int(sys.argv[1]))))' "$1"
}

# A pipe that outlasts who writes to it: $1 is run with its stdout there; its inode and what it
# wrote are in ino and out.
on_a_pipe() {
	bash -c "$1" | { stat -Lc %i /dev/stdin >ino; cat >out; figures "$(cat ino)" >figures; }
}

@test "by a pipe, too, the ledger counts, and names the program and its pid" {
	LINECAP_SAMPLE=3 on_a_pipe '"$LINECAP" run --via pipe -- sh -c "echo \$\$ >pid; exec perl -e \"print q(x) x 50000, qq(\\n)\""'
	[ "$(wc -c <out)" -eq 50004 ]
	python3 - <<-'PYTHON'
	import json
	pipe, pid = json.load(open("figures")), int(open("pid").read())
	assert pipe["lines_broken"] == 1 and pipe["breaks"] == 3 and pipe["bytes"] == 50001, pipe
	last = pipe["last_broken"]
	assert pipe["longest_line_bytes"] == 50000 and last["start"] == "xxx", pipe
	assert last["pid"] == pid and last["program"] == "perl", last
	PYTHON
}

@test "LINECAP_STATS counts by a pipe, too, in the program's name" {
	command='"$LINECAP" run --via pipe -m 64 -- sh -c "echo \$\$ >pid; exec perl -e \"print ((q(x) x 100 . qq(\\n)) x 3)\""'
	LINECAP_STATS=$PWD/stats bash -c "$command" | cat >out
	[ "$(cat stats)" = "linecap: pid $(cat pid) (perl): lines broken: 3" ]
	LINECAP_STATS=stderr bash -c "$command 2>&1" | cat >out
	[ "$(tail -n 1 out)" = "linecap: pid $(cat pid) (perl): lines broken: 3" ]
	LINECAP_STATS=stderr bash -c "$command" 2>err | cat >out
	[ "$(cat err)" = "linecap: pid $(cat pid) (perl): lines broken: 3" ]
	{ LINECAP_STATS=stderr bash -c "$command" | cat >out; } 2>&1 | cat >err
	[ "$(cat err)" = "linecap: pid $(cat pid) (perl): lines broken: 3" ]
	LINECAP_STATS=stderr "$LINECAP" run --via pipe -- echo short 2>&1 | cat >out
	[ "$(cat out)" = short ]
}

@test "with the library in the image a line is counted once" {
	on_a_pipe 'LD_PRELOAD=$LIBLINECAP "$LINECAP" run --via pipe -- perl -e "print q(x) x 20000, qq(\n)"'
	[ "$(wc -L <out)" = 16384 ]
	[ "$(wc -l <out)" = 2 ]
	python3 - <<-'PYTHON'
	import json
	pipe = json.load(open("figures"))
	assert pipe["bytes"] == 20001 and pipe["lines_broken"] == pipe["breaks"] == 1, pipe
	PYTHON
}

# Writes a line of 50,000 bytes to the path given, and asks no libc that could be interposed.
compile_opener() {
	cc -x c -static -o opener - <<-'C'
	#include <fcntl.h>
	#include <string.h>
	#include <unistd.h>
	int main(int argc, char **argv)
	{
		static char line[50000];
		memset(line, 'x', sizeof line - 1);
		line[sizeof line - 1] = '\n';
		int fd = open(argv[1], O_WRONLY);
		return argc != 2 || write(fd, line, sizeof line) != sizeof line;
	}
	C
}

@test "as PID 1: a static program that opens /proc/1/fd/1 is bounded" {
	compile_opener
	as_pid_1 "$LINECAP" run --via pipe -- ./opener /proc/1/fd/1 | cat >out
	[ "$(wc -L <out)" = 16384 ]
	[ "$(tr -d '\n' <out | wc -c)" = 49999 ]
	{ as_pid_1 "$LINECAP" run --via pipe -- ./opener /proc/1/fd/2 | cat >out; } 2>&1 | cat >err
	[ "$(wc -L <err)" = 16384 ]
	[ ! -s out ]
	# Neither the program's end nor a stream's is held up by it.
	run as_pid_1 "$LINECAP" run --via pipe -- sh -c 'exec >&-; ! test -e /proc/1/fd/1 || exit 7'
}

@test "below another PID 1, too, whom the library reaches is bounded in /proc/1/fd/1" {
	command -v tini >/dev/null || skip "no tini here"
	export LINECAP
	as_pid_1 tini -- "$LINECAP" run --via pipe -- perl -e 'open F, ">", "/proc/1/fd/1";
		print F "x" x 50000, "\n"' | cat >out
	[ "$(wc -L <out)" = 16384 ]
}

@test "without /proc, too, the supervisor keeps no fd of the program's open" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	unshare -m true || skip "no mount namespaces here"
	mkfifo held
	# In a mount namespace of its own; the reader sees its end only if all have let go.
	unshare -m sh -c 'mount -t tmpfs none /proc && exec "$LINECAP" run --via pipe -- \
		sh -c "exec 9>&-; read line <go"' 9>held | cat &
	mkfifo go
	cat held
	echo >go
	wait
}
