#!/usr/bin/env bats
# Those that start programs, Debian's real ones, each with LINECAP_EXEC=note and pipe, and with a program
# that the library gets into and one that it doesn't (the same, linked statically): they go on as they do
# without linecap, and the lines are bounded wherever they can be.
# shellcheck disable=SC2016  # $ in single quotes is for another shell

load helpers

setup_file() {
	local flags=(-O1 -D_GNU_SOURCE "$BATS_TEST_DIRNAME/programs/unreached.c")

	cc -o "$BATS_FILE_TMPDIR/reached" "${flags[@]}"
	cc -static -o "$BATS_FILE_TMPDIR/unreached" "${flags[@]}" 2>/dev/null
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BATS_FILE_TMPDIR/"{reached,unreached} .
}

# in_each_setting COMMAND…: with LINECAP_EXEC and with $program, ./reached or ./unreached. $most is how
# long a line of the latter's 20000 bytes may get.
in_each_setting() {
	local program most

	for LINECAP_EXEC in note pipe; do
		for program in ./reached ./unreached; do
			most=16384
			[[ $LINECAP_EXEC$program != note./unreached ]] || most=20000
			export LINECAP_EXEC
			echo "with $program and LINECAP_EXEC=$LINECAP_EXEC"
			"$@"
		done
	done
}

# start COMMAND…: on a guarded pipe, in the background. What comes of it is in out; its pid is $started.
start() {
	rm -f ended
	: >out
	(exec env LINECAP_TARGET=stdio LD_PRELOAD="$LIBLINECAP" "$@") > >(cat >out && : >ended) 3>&- &
	started=$!
}

# $started ends with that status, and all that it wrote is out.
ends_with() {
	local status=0

	wait "$started" || status=$?
	until_true 60 test -e ended
	equal "$1" "$status"
}

says() {
	(($(grep -c "$1" out) == $2))
}

# The program has written its line $1 times.
is_served() {
	(($(tr -cd x <out | wc -c) == 20000 * $1))
}

# --- first processes ------------------------------------------------------------------------------

goes_on() {
	start "$@" "$program" serves
	until_true 60 is_served 1
	kill -TERM "$started"
	ends_with 3
	equal "$most" "$(longest <out)"
	equal stopped "$(tail -n 1 out)"
	start "$@" "$program"
	ends_with 7
	equal "$most" "$(longest <out)"
	start "$@" "$program" dies
	ends_with 143
}

@test "tini: exit statuses, signals and output are the program's" {
	in_each_setting goes_on tini -s --
}

@test "dumb-init: exit statuses, signals and output are the program's" {
	in_each_setting goes_on dumb-init --
	in_each_setting goes_on dumb-init --single-child --
}

@test "sh, env, nice, setsid and timeout: exit statuses, signals and output are the program's" {
	in_each_setting goes_on sh -c 'exec "$@"' -
	in_each_setting goes_on env
	in_each_setting goes_on nice
	in_each_setting goes_on setsid --wait
	in_each_setting goes_on timeout --foreground 600
}

# --- supervisors ----------------------------------------------------------------------------------

s6_goes_on() {
	rm -rf scan ends
	mkdir -p scan/served
	printf '#!/bin/sh\nexec %s serves\n' "$PWD/$program" >scan/served/run
	printf '#!/bin/sh\necho "$1 $2" >>%s/ends\n' "$PWD" >scan/served/finish
	chmod +x scan/served/*
	start s6-svscan scan
	until_true 60 is_served 1
	s6-svc -t scan/served # SIGTERM, and it is started again
	until_true 60 is_served 2
	equal "$(s6-svstat -o pid scan/served)" "$(pgrep -P "$(pgrep -P "$started" s6-supervise)")"
	s6-svc -k scan/served # SIGKILL
	until_true 60 is_served 3
	s6-svscanctl -t scan
	ends_with 0
	equal $'3 0\n256 9\n3 0' "$(<ends)"
	equal 2 "$(grep -c stopped out)"
	equal "$most" "$(longest <out)"
	is_served 3
}

@test "s6: a service is stopped, killed and started again" {
	in_each_setting s6_goes_on
}

supervisord_goes_on() {
	cat >conf <<-END
		[supervisord]
		nodaemon=true
		silent=true
		logfile=/dev/null
		logfile_maxbytes=0
		pidfile=$PWD/pid
		[program:served]
		command=$PWD/$program serves
		stdout_logfile=/dev/fd/1
		stdout_logfile_maxbytes=0
		autorestart=false
	END
	start supervisord -c conf
	until_true 60 is_served 1
	kill -TERM "$started"
	ends_with 0
	equal 1 "$(grep -c '^stopped$' out)"
	# What the program prints passes through supervisord, which is reached.
	equal 16384 "$(longest < <(grep x out))"
	is_served 1
}

@test "supervisord: a program whose output goes to /dev/fd/1 is stopped, and its lines are whole" {
	in_each_setting supervisord_goes_on
}

@test "nginx: master and workers log to /dev/stdout, reload and quit" {
	local old words

	# A word of its configuration is at most 4096 bytes long.
	words=$(for _ in {1..10}; do head -c 2000 /dev/zero | tr '\0' x && echo; done)
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" .
	cat >conf <<-END
		daemon off;
		master_process on;
		worker_processes 1;
		pid $PWD/pid;
		error_log stderr;
		events {}
		http {
		    log_format long $words;
		    access_log /dev/stdout long;
		    client_body_temp_path $PWD/body;
		    proxy_temp_path $PWD/proxy;
		    fastcgi_temp_path $PWD/fastcgi;
		    uwsgi_temp_path $PWD/uwsgi;
		    scgi_temp_path $PWD/scgi;
		    server { listen unix:$PWD/socket; location / { return 200; } }
		}
	END
	for LINECAP_EXEC in note pipe; do
		export LINECAP_EXEC
		start nginx -p "$PWD" -c "$PWD/conf" 2>err
		until_true 60 curl -sf --unix-socket socket http://here/
		until_true 60 is_served 1
		old=$(pgrep -P "$started")
		kill -HUP "$started"
		until_true 60 test ! -e "/proc/$old"
		curl -sf --unix-socket socket http://here/
		until_true 60 is_served 2
		kill -QUIT "$started"
		ends_with 0
		equal 16384 "$(longest <out)"
		is_served 2
	done
}

# --- languages ------------------------------------------------------------------------------------

python_goes_on() {
	start "$PYTHON" -c 'import subprocess, sys
program = sys.argv[1]
assert subprocess.run([program]).returncode == 7
assert subprocess.run([program], close_fds=False).returncode == 7
assert subprocess.run(program, shell=True).returncode == 7
assert subprocess.run([program, "dies"], close_fds=False).returncode == -15
assert subprocess.check_output([program, "family"])
got = subprocess.run([program], capture_output=True)
assert got.stdout == b"x" * 20000 and got.returncode == 7
run = subprocess.Popen([program, "serves"], stdout=subprocess.PIPE)
assert len(run.stdout.readline()) == 20001
run.terminate()
assert run.stdout.read() == b"stopped\n" and run.wait() == 3
run = subprocess.Popen([program, "waits"], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
assert run.stdout.readline() == b"ready\n"
run.kill()
assert run.wait() == -9
assert subprocess.run([program], start_new_session=True, preexec_fn=lambda: None).returncode == 7
print("\nright")' "$program"
	ends_with 0
	equal right "$(tail -n 1 out)"
	is_served 4
	at_most "$((most == 20000 ? 80000 : most))" "$(longest <out)"
}

@test "python: children of subprocess" {
	in_each_setting python_goes_on
}

node_goes_on() {
	start node -e '
		const { spawn, spawnSync } = require("child_process"), assert = require("assert")
		const program = process.argv[1], inherit = { stdio: "inherit" }
		assert.equal(spawnSync(program, inherit).status, 7)
		assert.equal(spawnSync(program, { ...inherit, shell: true }).status, 7)
		assert.equal(spawnSync(program, ["dies"], inherit).signal, "SIGTERM")
		assert.equal(spawnSync(program).stdout.length, 20000)
		const child = spawn(program, ["serves"])
		let heard = ""
		child.stdout.on("data", data => {
			heard += data
			if (heard.endsWith("\n") && heard.length == 20001) child.kill()
		})
		child.on("close", (status, signal) => {
			assert.deepEqual([status, signal, heard.slice(20001)], [3, null, "stopped\n"])
			console.log("\nright")
		})' "$program"
	ends_with 0
	equal right "$(tail -n 1 out)"
	is_served 2
	at_most "$((most == 20000 ? 40000 : most))" "$(longest <out)"
}

@test "node: children of child_process" {
	in_each_setting node_goes_on
}

java_goes_on() {
	start java -cp "$BATS_FILE_TMPDIR" Starts "$program"
	ends_with 0
	equal right "$(tail -n 1 out)"
	is_served 1
	equal "$most" "$(longest <out)"
}

@test "java: children of ProcessBuilder" {
	cat >Starts.java <<-'JAVA'
		import java.io.InputStream;

		public class Starts {
		    static void check(boolean right) {
		        if (!right) throw new AssertionError();
		    }

		    public static void main(String[] words) throws Exception {
		        String program = words[0];

		        check(new ProcessBuilder(program).inheritIO().start().waitFor() == 7);
		        check(new ProcessBuilder(program, "dies").inheritIO().start().waitFor() == 143);
		        Process process = new ProcessBuilder(program).start();
		        check(process.getInputStream().readAllBytes().length == 20000 && process.waitFor() == 7);
		        process = new ProcessBuilder(program, "serves").start();
		        InputStream heard = process.getInputStream();
		        check(heard.readNBytes(20001).length == 20001);
		        process.toHandle().destroy();
		        check(new String(heard.readAllBytes()).equals("stopped\n") && process.waitFor() == 3);
		        System.out.println("\nright");
		    }
		}
	JAVA
	javac -d "$BATS_FILE_TMPDIR" Starts.java
	in_each_setting java_goes_on
}

# --- Go -------------------------------------------------------------------------------------------

@test "Go is caught behind env, sh, timeout, tini and three shells, by run and by LINECAP_EXEC=pipe" {
	local way words go=$PWD/g

	cat >g.go <<-'GO'
		package main

		import ("os"; "strings")

		func main() {
		    os.Stdout.WriteString(strings.Repeat("x", 20000))
		    os.Exit(7)
		}
	GO
	printf '%s\n' 'if [ "$1" -gt 0 ]; then sh deep $(($1 - 1)) "$2"; else $2; fi' 'exit $?' >deep
	GOCACHE=${GOCACHE-$PWD/cache} GO111MODULE=off go build -o "$go" g.go
	for way in "$go" "env $go" "timeout 600 $go" "tini -s -- $go" "dumb-init $go"; do
		read -ra words <<<"$way"
		start "$LINECAP" run -- "${words[@]}"
		ends_with 7
		equal 16384 "$(longest <out)"
		LINECAP_EXEC=pipe start sh -c "$way"
		ends_with 7
		equal 16384 "$(longest <out)"
		start "$LINECAP" run -- sh deep 2 "$way"
		ends_with 7
		equal 16384 "$(longest <out)"
		is_served 1
	done
	start sh deep 2 "$go"
	ends_with 7
	equal 20000 "$(longest <out)"
}
