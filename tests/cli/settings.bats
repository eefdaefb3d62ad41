#!/usr/bin/env bats
# The settings, from the environment and from /etc/linecap.conf, and LINECAP_TARGET's policy
# (DESIGN §3) in real PID namespaces. What a bad value gets is contract 7: see contract.bats.
# shellcheck disable=SC2016,SC1003 # $ in single quotes is for an inner program, '\' is a backslash

load helpers

setup_file() {
	load helpers
	compile judge
	endless 2000000 >"$BATS_FILE_TMPDIR/endless"
	# The user nobody must be able to reach what it runs.
	public=$(mktemp -d)
	chmod 755 "$public"
	cp "$LIBLINECAP" "$public/liblinecap.so"
	cp "$BATS_FILE_TMPDIR/endless" "$public/endless"
	chmod 755 "$public"/*
	export public
}

teardown_file() {
	rm -rf "$public"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	original=$BATS_FILE_TMPDIR/endless
}

teardown() {
	[[ ! -e container ]] || end_container
}

longest_line() {
	guarded cat "$original" | longest
}

# --- LINECAP_MAX, LINECAP_MODE, LINECAP_MARK ------------------------------------------------------

@test "LINECAP_MAX is a number of bytes, or of k, M or G" {
	equal 64 "$(LINECAP_MAX=64 longest_line)"
	equal 1000 "$(LINECAP_MAX=1000 longest_line)"
	equal 1024 "$(LINECAP_MAX=1k longest_line)"
	equal 10240 "$(LINECAP_MAX=10K longest_line)"
	equal 1048576 "$(LINECAP_MAX=1M longest_line)"
	equal 2000000 "$(LINECAP_MAX=1G longest_line)"
	equal 16384 "$(longest_line)"
}

@test "LINECAP_MAX=off and 0 switch linecap off" {
	for value in off 0; do
		LINECAP_MAX=$value guarded cat "$original" | cmp - "$original"
	done
}

@test "LINECAP_MODE=truncate passes max bytes, then a break, then says how many it has dropped" {
	{ cat "$original" && echo && echo 'the next line'; } >lines
	LINECAP_MAX=100 LINECAP_MODE=truncate guarded cat lines >out.file
	same_file lines out.file
	LINECAP_MAX=100 LINECAP_MODE=truncate guarded cat lines | cat >out
	{
		head -c 100 "$original"
		printf '\n[linecap: 1999900 bytes dropped]\nthe next line\n'
	} | cmp - out
}

@test "contract_3: in truncate another process's line is never dropped with the rest of the one before" {
	LINECAP_MAX=64 LINECAP_MODE=truncate guarded bash -c \
		'printf %0200d 0; /bin/echo "ERROR: database is gone"; printf %0100d 0; echo' | cat >out
	diff - out <<-END
		$(printf %064d 0)
		[linecap: 136 bytes dropped]
		ERROR: database is gone
		$(printf %064d 0)
		[linecap: 36 bytes dropped]
	END
}

@test "contract_3: in truncate another thread's line is never dropped with the rest of the one before" {
	LINECAP_MAX=64 LINECAP_MODE=truncate guarded "$PYTHON" -c 'import os, threading
os.write(1, b"x" * 200)
thread = threading.Thread(target=os.write, args=(1, b"ERROR: database is gone\n"))
thread.start()
thread.join()
os.write(1, b"end\n")' | cat >out
	diff - out <<-END
		$(printf %064d 0 | tr 0 x)
		[linecap: 136 bytes dropped]
		ERROR: database is gone
		end
	END
}

@test "LINECAP_MODE=truncate says how many bytes it has dropped where the writer is another by then" {
	LINECAP_MAX=100 LINECAP_MODE=truncate guarded bash -c 'cat "$1"; echo; echo the next line' - \
		"$original" | tail -n 2 >out
	equal $'[linecap: 1999900 bytes dropped]\nthe next line' "$(<out)"
}

@test "LINECAP_MODE=split loses nothing" {
	LINECAP_MAX=100 LINECAP_MODE=split guarded cat "$original" | judge 100 '' "$original"
}

@test "LINECAP_MARK ends each line that was broken, within max" {
	LINECAP_MAX=100 LINECAP_MARK='\' guarded cat "$original" | tee out | judge 100 '\' "$original"
	equal 100 "$(longest <out)"
	run ! grep -vE '\\$' <(head -n -1 out)
}

@test "an empty LINECAP_MARK is none" {
	LINECAP_MAX=100 LINECAP_MARK='' guarded cat "$original" | judge 100 '' "$original"
}

@test "a descendant has the settings of the first process, and of its own what it sets anew" {
	LINECAP_MAX=1000 guarded bash -c 'cat "$1"; echo; LINECAP_MAX=100 cat "$1"' - "$original" >file
	LINECAP_MAX=1000 guarded bash -c 'cat "$1"; echo; LINECAP_MAX=100 cat "$1"' - "$original" |
		awk '{ print length }' | uniq -c | awk '{ print $1, $2 }' >lengths
	diff lengths - <<-'END'
		2000 1000
		20000 100
	END
}

# --- /etc/linecap.conf ----------------------------------------------------------------------------

# with_conf COMMAND…: stdin is /etc/linecap.conf, in a mount namespace of its own.
with_conf() {
	need_own_mounts
	[[ -e $BATS_FILE_TMPDIR/etc ]] || cp -a /etc "$BATS_FILE_TMPDIR/etc"
	cat >"$BATS_FILE_TMPDIR/etc/linecap.conf"
	"${own_mounts[@]}" bash -c \
		'mount --bind "$1" /etc && shift && exec "$@"' - "$BATS_FILE_TMPDIR/etc" "$@" </dev/null
}

# What a descendant goes by, of env's output: the environment says all, and what it lacks is the
# default.
as_a_descendant() {
	local environment default

	environment=$(cat)
	grep -qx LINECAP_SETTLED=1 <<<"$environment" || refute "not settled: $environment"
	for default in LINECAP_MARK= LINECAP_MAX=16384 LINECAP_MODE=split; do
		grep "^${default%%=*}=" <<<"$environment" || echo "$default"
	done
}

# What the library makes of it.
settings_of() {
	with_conf env LD_PRELOAD="$LIBLINECAP" LINECAP_TARGET=none "$@" env | as_a_descendant
}

@test "settings come from /etc/linecap.conf" {
	settings_of >found <<-'END'
		LINECAP_MAX=1k
		LINECAP_MODE=truncate
		LINECAP_MARK=<more>
	END
	diff found - <<-'END'
		LINECAP_MARK=<more>
		LINECAP_MAX=1024
		LINECAP_MODE=truncate
	END
}

@test "settings of /etc/linecap.conf work" {
	with_conf env LD_PRELOAD="$LIBLINECAP" cat "$original" <<-'END' | longest >length
		LINECAP_MAX=777
		LINECAP_TARGET=stdio
	END
	equal 777 "$(<length)"
}

@test "the environment goes before /etc/linecap.conf, setting by setting" {
	settings_of LINECAP_MAX=2k <<-'END' >found
		LINECAP_MAX=1k
		LINECAP_MODE=truncate
	END
	diff found - <<-'END'
		LINECAP_MARK=
		LINECAP_MAX=2048
		LINECAP_MODE=truncate
	END
}

@test "a bad value in the environment stands for the default, not for /etc/linecap.conf's" {
	settings_of LINECAP_MAX=x 2>said <<<'LINECAP_MAX=1k' >found
	grep -qx 'LINECAP_MAX=16384' found
	grep -q "^linecap: LINECAP_MAX in the environment is 'x': .*; the default is used: 16384$" said
}

@test "/etc/linecap.conf may have comments, empty lines, blanks and CRLF" {
	printf '# a comment\r\n\r\n  LINECAP_MAX = 1k \r\n\t#LINECAP_MAX=2k\nLINECAP_MARK=a b' |
		settings_of >found 2>said
	equal "" "$(<said)"
	diff found - <<-'END'
		LINECAP_MARK=a b
		LINECAP_MAX=1024
		LINECAP_MODE=split
	END
}

@test "what is wrong in /etc/linecap.conf is said once for a tree of processes, a line each" {
	with_conf env LD_PRELOAD="$LIBLINECAP" bash -c 'bash -c true; env true; exit 42' 2>said <<-'END' ||
		LINECAP_MAX=enough
		LINECAP_MOOD=split
		a word
	END
		equal 42 $?
	diff said - <<-'END'
		linecap: LINECAP_MAX in /etc/linecap.conf is 'enough': expected a size from 64 to 1G (suffixes k, M, G), or off; the default is used: 16384
		linecap: 'LINECAP_MOOD' in /etc/linecap.conf is no setting; it is ignored
		linecap: 'a word' in /etc/linecap.conf is no setting; it is ignored
	END
}

@test "/etc/linecap.conf may be empty, a folder, or a named pipe that nobody writes to" {
	local etc=$BATS_FILE_TMPDIR/etc

	settings_of </dev/null >found
	rm "$etc/linecap.conf"
	for make in mkdir mkfifo; do
		"$make" "$etc/linecap.conf"
		timeout 30 "${own_mounts[@]}" bash -c \
			'mount --bind "$1" /etc && LINECAP_TARGET=none LD_PRELOAD=$2 env' - "$etc" \
			"$LIBLINECAP" | as_a_descendant | diff found -
		rm -r "$etc/linecap.conf"
	done
}

@test "/etc/linecap.conf is not looked for where the environment has every setting" {
	strace -f -e trace=openat -o raw env LINECAP_TARGET=none LD_PRELOAD="$LIBLINECAP" bash -c true
	grep -q linecap.conf raw
	strace -f -e trace=openat -o raw bash -c 'LINECAP_TARGET=none LD_PRELOAD=$1 exec bash -c "
		echo begin >/dev/null; /bin/true; /bin/true"' - "$LIBLINECAP"
	equal 1 "$(grep -c linecap.conf raw)"
}

# --- what descendants find ------------------------------------------------------------------------

@test "a variable that names no setting is said once for a tree of processes" {
	env LINECAP_MAXX=1k LINECAP_max=1k LINECAP_=x LD_PRELOAD="$LIBLINECAP" \
		bash -c 'bash -c true; env true; exit 42' 2>said || equal 42 $?
	diff <(sort said) - <<-'END'
		linecap: 'LINECAP_' in the environment is no setting; it is ignored
		linecap: 'LINECAP_MAXX' in the environment is no setting; it is ignored
		linecap: 'LINECAP_max' in the environment is no setting; it is ignored
	END
	equal 16384 "$(LINECAP_MAXX=1k longest_line 2>/dev/null)"
}

@test "what Kubernetes sets for a service named linecap is taken for no setting" {
	env LINECAP_SERVICE_HOST=10.0.0.1 LINECAP_SERVICE_PORT=80 LINECAP_PORT=tcp://10.0.0.1:80 \
		LINECAP_PORT_80_TCP_ADDR=10.0.0.1 LINECAP_INJECTOR_SERVICE_PORT_HTTPS=443 \
		LD_PRELOAD="$LIBLINECAP" true 2>said
	equal "" "$(<said)"
}

@test "the environment gets no more than a descendant needs" {
	LINECAP_TARGET=none env LD_PRELOAD="$LIBLINECAP" env | grep ^LINECAP_ | sort >found
	diff found - <<-'END'
		LINECAP_SETTLED=1
		LINECAP_TARGET=none
	END
	LINECAP_TARGET=none LINECAP_MAX=1k LINECAP_MODE=split env LD_PRELOAD="$LIBLINECAP" env |
		grep ^LINECAP_ | sort >found
	diff found - <<-'END'
		LINECAP_MAX=1024
		LINECAP_MODE=split
		LINECAP_SETTLED=1
		LINECAP_TARGET=none
	END
}

# --- secure execution (AT_SECURE) -----------------------------------------------------------------

# secure MODE COMMAND…: a copy of cat with that mode, owned by root, run by nobody with the library
# under the name of one that the loader trusts.
secure() {
	local trusted

	mkdir -p "$public/secure"
	trusted=$(ldconfig -p | sed -n 's/.*libutil\.so\.1 .*64.* => //p' | head -n 1)
	with_conf bash -c 'set -e
		mount -t tmpfs -o mode=755,size=64m tmpfs "$5" # others may be nosuid
		cd "$5"
		cp "$1" liblinecap.so
		cp "$2" endless
		cp "$(command -v cat)" cat
		chmod 4755 liblinecap.so
		chmod "$3" cat
		mount --bind liblinecap.so "$4"
		exec setpriv --reuid 65534 --regid 65534 --clear-groups env "${@:6}" \
			LD_PRELOAD=libutil.so.1 ./cat endless' - \
		"$LIBLINECAP" "$original" "$1" "$trusted" "$public/secure" "${@:2}"
}

@test "a setuid program takes its settings from /etc/linecap.conf, not from the environment" {
	printf 'LINECAP_MAX=200\nLINECAP_TARGET=stdio\n' |
		secure 4755 LINECAP_MAX=5000 LINECAP_MARK=x | tee out | longest >length
	equal 200 "$(<length)"
	tr -d '\n' <out | cmp - "$original"
}

@test "the same program without the setuid bit goes by the environment" {
	printf 'LINECAP_MAX=200\nLINECAP_TARGET=stdio\n' |
		secure 755 LINECAP_MAX=5000 | longest >length
	equal 5000 "$(<length)"
}

@test "a setuid program says nothing of what is wrong in the environment" {
	printf 'LINECAP_TARGET=stdio\n' | secure 4755 LINECAP_MAX=x 2>said | longest >length
	equal "" "$(<said)"
	equal 16384 "$(<length)"
}

# --- LINECAP_TARGET: what is named ----------------------------------------------------------------

@test "target none: nothing is guarded" {
	LINECAP_TARGET=none guarded cat "$original" | cmp - "$original"
}

@test "target stdio: its own stdout and stderr, also where they are other pipes" {
	LINECAP_TARGET=stdio guarded bash -c 'cat "$1"; cat "$1" >&2' - "$original" \
		2> >(longest >stderr) | longest >stdout
	equal 16384 "$(<stdout)"
	until_true 30 test -s stderr
	equal 16384 "$(<stderr)"
}

@test "target stdio: a third pipe is left alone" {
	{ LINECAP_TARGET=stdio guarded bash -c 'cat "$1" >&7' - "$original" 7>&1 >/dev/null | cat; } |
		cmp - "$original"
}

@test "target DEV:INO: these pipes and no other" {
	bash -c 'target=$(stat -L -c %d:%i /dev/fd/7)
		LINECAP_TARGET=1:1,$target LD_PRELOAD=$1 bash -c "cat \"\$1\"; cat \"\$1\" >&7" - "$2"' - \
		"$LIBLINECAP" "$original" 7> >(longest >named) | cmp - "$original"
	until_true 30 test -s named
	equal 16384 "$(<named)"
}

@test "a pipe is guarded on whatever fd it is, and however it was opened" {
	guarded bash -c 'exec 7>&1; cat "$1" >&7' - "$original" | judge 16384 '' "$original"
	guarded bash -c 'cat "$1" >/dev/stdout' - "$original" | judge 16384 '' "$original"
	guarded bash -c 'cat "$1" >/proc/$$/fd/1' - "$original" | judge 16384 '' "$original"
}

@test "two fds on one pipe share one line" {
	LINECAP_MAX=100 guarded bash -c 'for ((i = 0; i < 500; i++)); do echo -n a; echo -n b >&2; done' \
		2>&1 | awk '{ print length }' | uniq -c >lengths
	diff - lengths <<<'     10 100'
}

@test "two fds on two pipes have a line each" {
	LINECAP_MAX=100 guarded bash -c 'for ((i = 0; i < 500; i++)); do echo -n a; echo -n b >&2; done' \
		2> >(uniq >stderr) | uniq >stdout
	equal "$(printf 'a%.0s' {1..100})" "$(<stdout)"
	until_true 30 test -s stderr
	equal "$(printf 'b%.0s' {1..100})" "$(<stderr)"
}

@test "the first process's answer is its descendants'" {
	LINECAP_TARGET=auto guarded bash -c 'stat -L -c %d:%i /dev/stdout; env | grep ^LINECAP_TARGET= | cat' \
		2>/dev/null | cat >found
	equal "LINECAP_TARGET=$(head -n 1 found)" "$(tail -n 1 found)"
}

# --- LINECAP_TARGET=auto in PID namespaces --------------------------------------------------------

# Before a command: it is PID 1 of a namespace of its own.
as_pid_1=(unshare --pid --fork --mount-proc --kill-child)

# start_container COMMAND…: PID 1 is bash, which runs the command, if any, and waits. Its stdout
# goes to the file `log` by a pipe, or nowhere. $container is its pid out here.
start_container() {
	local stdout

	need_root
	mkfifo hold
	exec {stdout}> >(cat >log)
	"${as_pid_1[@]}" env "${container_env[@]}" bash -c '"$@"; : >started; read -r _ <hold' - \
		"${@:-true}" >"${container_stdout:-/dev/fd/$stdout}" 2>/dev/null 3>&- {stdout}>&- &
	echo $! >container
	exec {stdout}>&-
	until_true 30 test -e started
	container=$(pgrep -P "$(<container)")
}

container_env=("LD_PRELOAD=$LIBLINECAP")

# PID 1 dies with unshare, and all of the namespace with it.
end_container() {
	kill -KILL "$(<container)"
	wait "$(<container)" || rm container
}

# As `kubectl exec` does: in the container's namespaces, but no child of its PID 1.
in_container() {
	enter "$container" --pid --mount -- env LD_PRELOAD="$LIBLINECAP" "$@"
}

log_holds() {
	(($(stat -c %s log) >= $1))
}

@test "auto, PID 1's stdout is a pipe: it is guarded" {
	need_root
	"${as_pid_1[@]}" env LD_PRELOAD="$LIBLINECAP" cat "$original" | judge 16384 '' "$original"
	"${as_pid_1[@]}" env LD_PRELOAD="$LIBLINECAP" bash -c 'cat "$1"; exit' - "$original" |
		judge 16384 '' "$original"
}

@test "auto, PID 1's stdout is a file and its stderr a pipe: the one passes, the other is guarded" {
	need_root
	"${as_pid_1[@]}" env LD_PRELOAD="$LIBLINECAP" bash -c 'cat "$1"; cat "$1" >&2' - "$original" \
		2>&1 >file | judge 16384 '' "$original"
	same_file "$original" file
}

@test "auto: a pipeline in an entrypoint script is left alone" {
	need_root
	"${as_pid_1[@]}" env LD_PRELOAD="$LIBLINECAP" bash -c 'cat "$1" | cat >file; cat "$1"' - "$original" |
		judge 16384 '' "$original"
	same_file "$original" file
}

@test "auto: an exec session is left alone" {
	start_container
	in_container cat "$original" | cmp - "$original"
	in_container bash -c 'cat "$1"; true' - "$original" | cmp - "$original"
}

@test "auto: an exec session is left alone where PID 1 has no pipe" {
	container_env=() container_stdout=/dev/null
	start_container
	in_container cat "$original" | cmp - "$original"
	in_container bash -c 'cat "$1"; true' - "$original" | cmp - "$original"
}

@test "auto: a child of a PID 1 that has no pipe guards its own" {
	need_root
	"${as_pid_1[@]}" bash -c 'LD_PRELOAD=$2 cat "$1" | cat >&7; exit' - "$original" "$LIBLINECAP" \
		7>&1 >/dev/null 2>&1 | judge 16384 '' "$original"
}

@test "auto: a job that writes to /proc/1/fd/1 is limited, from an exec session too" {
	start_container bash -c 'cat "$1" >/proc/1/fd/1' - "$original"
	until_true 30 log_holds 2000122
	judge 16384 '' "$original" <log
	in_container bash -c 'echo; cat "$1" >/proc/1/fd/1' - "$original"
	until_true 30 log_holds 4000244
	equal 16384 "$(longest <log)"
	tr -d '\n' <log | cmp - <(cat "$original" "$original")
}

@test "auto: where PID 1 can't be looked into, a process guards its own stdout" {
	need_root
	script='setpriv $3 env LD_PRELOAD="$1/liblinecap.so" cat "$1/endless" | cat >"$2"; exit'
	"${as_pid_1[@]}" bash -c "$script" - "$public" "$PWD/as.nobody" \
		'--reuid=65534 --regid=65534 --clear-groups' | cat
	judge 16384 '' "$original" <as.nobody
	# PID 1's uid looks into it, sees a pipe, and leaves the pipeline alone.
	"${as_pid_1[@]}" bash -c "$script" - "$public" "$PWD/as.root" '' | cat
	same_file "$original" as.root
}

@test "auto: an exec session is left alone where PID 1 can't be looked into" {
	start_container
	enter "$container" --pid --mount -- setpriv --reuid 65534 --regid 65534 --clear-groups \
		env LD_PRELOAD="$public/liblinecap.so" cat "$public/endless" | cmp - "$original"
}

@test "stdio goes for an exec session, too" {
	start_container
	in_container env LINECAP_TARGET=stdio cat "$original" | judge 16384 '' "$original"
}

# --- LINECAP_TARGET=auto in a PID namespace that a pod's containers share -------------------------

# A cgroup to put the container into, as the runtime does.
make_cgroup() {
	local parent

	for parent in /sys/fs/cgroup/pids /sys/fs/cgroup/unified /sys/fs/cgroup; do
		cgroup=$parent/${TEST_GUEST:-linecap-test}.$$
		! mkdir "$cgroup" 2>/dev/null || [[ ! -e $cgroup/cgroup.procs ]] || return 0
	done
	skip "no cgroup can be made"
}

# COMMAND… in the cgroup, and in the PID namespace of $container, whose PID 1 is another's.
in_pod() {
	(
		echo "$BASHPID" >"$cgroup/cgroup.procs"
		enter "$container" --pid --mount -- "$@"
	)
}

@test "auto, a shared PID namespace: the oldest process of the container is its first" {
	container_env=() container_stdout=/dev/null
	start_container
	make_cgroup
	mkfifo end
	in_pod env LD_PRELOAD="$LIBLINECAP" bash -c 'cat "$1"; cat "$1" | cat >"$2"; : >"$3"
		read -r _ <"$4"' - "$original" "$PWD/pipeline" "$PWD/ready" "$PWD/end" \
		> >(cat >log) 2>/dev/null 3>&- &
	first=$!
	until_true 30 test -e ready
	in_pod env LD_PRELOAD="$LIBLINECAP" cat "$original" >session.file
	in_pod env LD_PRELOAD="$LIBLINECAP" cat "$original" | cat >session
	echo >end
	wait "$first"
	end_container
	until_true 30 rmdir "$cgroup"
	judge 16384 '' "$original" <log
	same_file "$original" pipeline
	same_file "$original" session
	same_file "$original" session.file
}
