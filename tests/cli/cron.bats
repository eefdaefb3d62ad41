#!/usr/bin/env bats
# Jobs of cron, with Debian's real one, as PID 1 of a container whose stdout is the guarded pipe. It has
# processes, mounts and a crontab of its own; @reboot jobs run at once.
#
# cron puts its jobs' environment together by itself: nothing of its own gets to them. What does is what
# the crontab sets and, on Debian, what pam_env finds in /etc/environment.
# shellcheck disable=SC2016,SC2154  # scripts for other shells; helpers.bash sets own_mounts

load helpers

setup() {
	need_own_mounts
	[[ -x /usr/sbin/cron ]] || skip "cron isn't installed"
	cd "$BATS_TEST_TMPDIR" || return
	touch table variables
	printf '%s\n' 'head -c 100000 /dev/zero | tr "\0" x >/proc/1/fd/1' \
		'echo "${LD_PRELOAD-}" >part && mv part preloaded' >job
}

# The job, run by cron with this folder's table and variables; what reached PID 1's stdout is in out.
run_cron() {
	local cron

	printf '%s\n' 'MAILTO=""' "@reboot cd $PWD && sh job" >>table
	"${own_mounts[@]}" --pid --fork --kill-child --mount-proc bash -euc '
		mkdir empty spool
		mount --bind empty /etc/cron.d
		mount --bind /dev/null /etc/crontab
		mount --bind variables /etc/environment
		mount -t tmpfs -o size=1m run /run
		mount --bind spool /var/spool/cron
		install -d -m 1730 -g crontab spool/crontabs
		install -m 600 table spool/crontabs/root
		LD_PRELOAD=$LIBLINECAP exec /usr/sbin/cron -f' > >(cat >out && touch ended) 3>&- &
	cron=$!
	until_true 60 test -e preloaded || return
	kill -KILL "$cron"
	wait "$cron" || true
	until_true 60 test -e ended
	equal 100000 "$(tr -cd x <out | wc -c)"
}

@test "a cron job is caught where its crontab sets LD_PRELOAD" {
	echo "LD_PRELOAD=$LIBLINECAP" >table
	run_cron
	equal 16384 "$(longest <out)"
}

@test "a cron job is caught where pam_env sets LD_PRELOAD" {
	echo "LD_PRELOAD=$LIBLINECAP" >variables
	run_cron
	equal "$LIBLINECAP" "$(<preloaded)"
	equal 16384 "$(longest <out)"
}

@test "a cron job has nothing of cron's own LD_PRELOAD, as the README says" {
	run_cron
	equal "" "$(<preloaded)"
	equal 100000 "$(longest <out)"
}

@test "a job that the library can't get into is caught where its crontab sets LINECAP_EXEC=pipe, too" {
	cc -static -O1 -D_GNU_SOURCE -o unreached "$BATS_TEST_DIRNAME/programs/unreached.c" 2>/dev/null
	printf '%s\n' 'for i in 1 2 3 4 5; do ./unreached >/proc/1/fd/1; echo $? >>status; done' \
		'touch preloaded' >job
	printf '%s\n' "LD_PRELOAD=$LIBLINECAP" LINECAP_EXEC=pipe >table
	run_cron
	equal 16384 "$(longest <out)"
	equal $'7\n7\n7\n7\n7' "$(<status)"
}
