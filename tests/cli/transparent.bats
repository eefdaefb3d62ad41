#!/usr/bin/env bats
# Contract 2, the other half: what is no guarded pipe is never changed by a byte. Each test has
# LINECAP_MAX=64, and bytes that would be full of breaks if they went to the guarded pipe.
# shellcheck disable=SC2016 # $ in single quotes is for an inner program

load helpers

setup_file() {
	load helpers
	compile stale judge streams
	noise 67108864 >"$BATS_FILE_TMPDIR/noise"
	sha256sum <"$BATS_FILE_TMPDIR/noise" >"$BATS_FILE_TMPDIR/sum"
	endless 1000000 >"$BATS_FILE_TMPDIR/endless"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export LINECAP_MAX=64
	noise=$BATS_FILE_TMPDIR/noise endless=$BATS_FILE_TMPDIR/endless
}

is_noise() {
	same_file "$BATS_FILE_TMPDIR/sum" <(sha256sum)
}

@test "the guarded pipe itself gets breaks, so that these tests can fail" {
	run ! same_file "$BATS_FILE_TMPDIR/sum" <(guarded cat "$noise" | sha256sum)
	guarded cat "$noise" | judge 64 '' "$noise"
}

@test "contract_2: a file that a shell redirects to is not changed" {
	guarded bash -c 'echo; cat "$1" >file; cat "$1" >>file' - "$noise" | cat >/dev/null
	head -c 67108864 file | is_noise
	tail -c 67108864 file | is_noise
}

@test "contract_2: a shell's own pipelines are not changed" {
	guarded bash -c 'cat "$1" | cat | cat >file' - "$noise" | cat >/dev/null
	is_noise <file
	guarded bash -c 'cat "$1" | sha256sum >sum' - "$noise" | cat >/dev/null
	same_file "$BATS_FILE_TMPDIR/sum" sum
}

@test "contract_2: an fd that was the guarded pipe and is a file now is not changed" {
	guarded bash -c 'echo before; exec >file; cat "$1"' - "$noise" | cat >before
	equal before "$(<before)"
	is_noise <file
}

@test "contract_2: an fd that was made a file inside one process is not changed" {
	guarded "$PYTHON" -c 'import os, sys
os.write(1, b"before\n")
file = os.open("file", os.O_WRONLY | os.O_CREAT)
os.dup2(file, 1)
with open(sys.argv[1], "rb") as noise:
    while piece := noise.read(100000):
        os.write(1, piece)' "$noise" | cat >before
	equal before "$(<before)"
	is_noise <file
}

@test "contract_2: an fd that was made a file where nothing can see it is not changed" {
	guarded stale file | cat >out
	equal 200000 "$(longest <file)"
	# Until then the pipe was guarded.
	equal 64 "$(head -c 100000 out | longest)"
}

@test "contract_2: a stream that freopen has put on a file is not changed, and guarded once back" {
	guarded streams freopen file | tee out | longest >length
	equal 100000 "$(longest <file)"
	equal 64 "$(<length)"
	equal 200000 "$(tr -d '\n' <out | wc -c)"
}

@test "contract_2: what goes through popen is not changed, and its fd is guarded if it is reused" {
	guarded streams popen file | tee out | longest >length
	equal 100000 "$(longest <file)"
	equal 64 "$(<length)"
	equal 300000 "$(tr -d '\n' <out | wc -c)"
}

@test "contract_2: command substitutions, here-documents and coprocesses are not changed" {
	guarded bash -c 'set -e
		text=$(cat "$1")
		echo "${#text}"
		cat <<<"$text" >here
		coproc cat
		exec 7>&"${COPROC[1]}"
		printf %s "$text" >&7 &
		head -c "${#text}" <&"${COPROC[0]}" >coprocess' - "$endless" | cat >length
	equal 1000000 "$(<length)"
	same_file "$endless" <(head -c 1000000 here)
	same_file "$endless" coprocess
}

@test "contract_2: a named pipe is not changed" {
	mkfifo pipe
	guarded bash -c 'cat "$1" >pipe & cat pipe >file; wait' - "$noise" | cat >/dev/null
	is_noise <file
}

@test "contract_2: tar's stream to another process is not changed" {
	guarded bash -c 'tar -C "${1%/*}" -cf - "${1##*/}" | tar -xf -' - "$noise" | cat >/dev/null
	is_noise <"${noise##*/}"
}

# on_a_socket TARGET: the file endless through a stream socket that is the program's stdout.
on_a_socket() {
	LINECAP_TARGET=$1 "$PYTHON" -c 'import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
env = dict(os.environ, LD_PRELOAD=os.environ["LIBLINECAP"])
child = subprocess.Popen(["cat", sys.argv[1]], stdout=theirs, env=env)
theirs.close()
while piece := ours.recv(65536):
    sys.stdout.buffer.write(piece)
sys.exit(child.wait())' "$endless"
}

@test "contract_2: a socket is not changed" {
	on_a_socket auto >file
	same_file "$endless" file
}

@test "contract_2: a socket that LINECAP_TARGET=stdio names is guarded" {
	on_a_socket stdio | judge 64 '' "$endless"
}

@test "contract_2: a socket beside stdout is not changed where stdout is guarded" {
	LINECAP_TARGET=stdio "$PYTHON" -c 'import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
env = dict(os.environ, LD_PRELOAD=os.environ["LIBLINECAP"])
script = f"cat {sys.argv[1]} >&{theirs.fileno()}; cat {sys.argv[1]}"
child = subprocess.Popen(["bash", "-c", script], stdout=open("pipe", "w"), env=env,
                         pass_fds=[theirs.fileno()])
theirs.close()
with open("file", "wb") as file:
    while piece := ours.recv(65536):
        file.write(piece)
sys.exit(child.wait())' "$endless"
	same_file "$endless" file
}

# on_a_terminal COMMAND…: what the terminal gets that is its stdout.
on_a_terminal() {
	"$PYTHON" -c 'import os, pty, sys
child, terminal = pty.fork()
if not child:
    os.execvp(sys.argv[1], sys.argv[1:])
try:
    while piece := os.read(terminal, 65536):
        sys.stdout.buffer.write(piece)
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))' "$@"
}

@test "contract_2: a terminal is not changed" {
	for target in auto stdio; do
		on_a_terminal env LINECAP_TARGET="$target" LD_PRELOAD="$LIBLINECAP" cat "$endless" >file
		same_file "$endless" file
	done
}

@test "contract_2: /dev/null takes all" {
	guarded bash -c 'cat "$1" >/dev/null' - "$noise" | cat >out
	equal 0 "$(stat -c %s out)"
}

@test "contract_2: a program's exit status is its own" {
	run -7 guarded bash -c 'exit 7'
	run -143 guarded bash -c 'kill -TERM $$'
	run -127 guarded bash -c 'exec /nowhere/at/all'
}

@test "contract_2: a descendant's environment is as it was, but for linecap's settings" {
	bash -c 'env >all'
	grep -v '^_=' all | sort >without
	guarded bash -c 'env >all' | cat >/dev/null
	grep -Ev '^(_|LD_PRELOAD|LINECAP_(SETTLED|TARGET))=' all | sort >with
	diff without with
}

@test "contract_2: stdin is not touched: what a shell reads byte for byte stays where it is" {
	printf 'one\ntwo\n' | guarded bash -c 'read -r line; echo "$line"; cat' | cat >out
	equal $'one\ntwo' "$(<out)"
}
