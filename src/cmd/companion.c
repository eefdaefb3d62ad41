/* The companion. Signals to a group come to its youngest process first (Linux kernel/pid.c,
 * attach_pid; kernel/signal.c, __kill_pgrp_info), and this one is younger than the supervisor: what
 * that has been sent this has by then. */
#include "companion.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fds.h"

enum { HEARD_MOST = 128, PIDFD_OPEN = 434, PIDFD_SEND_SIGNAL = 424 };

/* What is asked, and what is kept for the answer. */
struct heard {
	uint32_t number, sender;
	int32_t code;
	uint32_t times;
};

static struct heard heard_of(const struct signalfd_siginfo *signal)
{
	return (struct heard){signal->ssi_signo, signal->ssi_pid, signal->ssi_code, 1};
}

static bool is_same(const struct heard *a, const struct heard *b)
{
	return a->number == b->number && a->sender == b->sender && a->code == b->code;
}

/* In the companion. The oldest is forgotten: that it hasn't been asked for means that the
 * supervisor doesn't take that signal. */
static void note(struct heard heard[HEARD_MOST], const struct signalfd_siginfo *signal)
{
	struct heard news = heard_of(signal);

	for (int i = 0; i < HEARD_MOST; i++)
		if (is_same(&heard[i], &news)) {
			heard[i].times++;
			return;
		}
	memmove(heard + 1, heard, (HEARD_MOST - 1) * sizeof *heard);
	heard[0] = news;
}

/* Of the old signals many may have come as one, there as here; of the real-time ones each counts.
 */
static bool recall(struct heard heard[HEARD_MOST], const struct heard *asked)
{
	for (int i = 0; i < HEARD_MOST; i++)
		if (is_same(&heard[i], asked) && heard[i].times) {
			heard[i].times =
				asked->number < (uint32_t)SIGRTMIN ? 0 : heard[i].times - 1;
			return true;
		}
	return false;
}

/* Until the supervisor's end. */
static void listen_for(int line, int signals)
{
	static struct heard heard[HEARD_MOST];
	struct signalfd_siginfo signal;
	struct heard asked;

	while (read(line, &asked, sizeof asked) == sizeof asked) {
		while (read(signals, &signal, sizeof signal) == sizeof signal)
			note(heard, &signal);
		char answer = (char)recall(heard, &asked);

		if (write(line, &answer, 1) != 1)
			return;
	}
}

/* Who looks for a linecap to end it (pkill) must not find this one, too, or the signal would pass
 * for the group's. */
static void go_by_the_programs_name(char *command)
{
	if (command > program_invocation_name)
		memset(program_invocation_name, 0, (size_t)(command - program_invocation_name));
	prctl(PR_SET_NAME, "companion");
}

static _Noreturn void accompany(int line, int program, char *command)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	int signals = signalfd(-1, &all, SFD_NONBLOCK);
	int kept[] = {line, signals, program};

	go_by_the_programs_name(command);
	fds_keep(kept, 3);
	if (signals >= 0 && !chdir("/"))
		listen_for(line, signals);
	syscall(PIDFD_SEND_SIGNAL, program, SIGKILL, NULL, 0);
	_exit(0);
}

struct companion companion_start(pid_t program, char *command)
{
	struct companion companion = COMPANION_NONE;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return companion;
	/* Here, where it can't have been reaped yet. */
	int pidfd = (int)syscall(PIDFD_OPEN, program, 0);

	companion.pid = fork();
	if (!companion.pid) {
		close(ends[1]);
		accompany(ends[0], pidfd, command);
	}
	close(ends[0]);
	if (pidfd >= 0)
		close(pidfd);
	if (companion.pid > 0)
		companion.line = ends[1];
	else
		close(ends[1]);
	return companion;
}

bool companion_heard(const struct companion *companion, const struct signalfd_siginfo *signal)
{
	struct heard asked = heard_of(signal);
	char answer = false;

	if (companion->line < 0)
		return false;
	kill(companion->pid, SIGCONT); /* if the group was stopped, and only we were woken */
	return send(companion->line, &asked, sizeof asked, MSG_NOSIGNAL) == sizeof asked &&
	       read(companion->line, &answer, 1) == 1 && answer;
}

void companion_end(const struct companion *companion)
{
	if (companion->line >= 0)
		close(companion->line);
	if (companion->pid > 0)
		waitpid(companion->pid, NULL, 0);
}
