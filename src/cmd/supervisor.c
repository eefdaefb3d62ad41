/* The supervisor: the process between a program and those who know it. The main thread waits for
 * signals; the bytes are the streams' (stream.h).
 *
 * Facts: signal(7), signalfd(2), prctl(2), termios(3); pid_namespaces(7) on what reaches PID 1;
 * manners compared with tini 0.19.0 and dumb-init 1.2.5. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "companion.h"
#include "fds.h"
#include "stream.h"
#include "sys.h"

enum {
	OWN_FDS = 4,
	NONE = -1,
	TIMERS = ITIMER_PROF + 1,
	LIBCS_OWN =
		32, /* signals that are libc's own, whose sigaction(3) shows neither: signal(7) */
	LIBCS_OWN_COUNT = 2,
};

/* The kernel's struct sigaction, on x86-64 and aarch64. */
struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

struct supervisor {
	struct streams streams;
	struct companion companion;
	bool behind; /* this is the copy that stays behind */
	bool asked;  /* to end */
	int signals; /* signalfd */
	sigset_t caught, original_mask;
	struct sigaction original_chld;
	struct kernel_action libcs_own[LIBCS_OWN_COUNT];
	struct itimerval timers[TIMERS]; /* as they were, for the program */
	pid_t program;			 /* NONE when it has ended */
	int status;			 /* of wait(2), then */
};

/* To start a thread, libc catches one of its own. */
static void look_at_libcs_own(struct supervisor *supervisor)
{
	for (int i = 0; i < LIBCS_OWN_COUNT; i++)
		sys_call(SYS_rt_sigaction, LIBCS_OWN + i, 0, (long)&supervisor->libcs_own[i],
			 sizeof supervisor->libcs_own[i].mask, 0, 0);
}

static void restore_libcs_own(const struct supervisor *supervisor)
{
	for (int i = 0; i < LIBCS_OWN_COUNT; i++)
		if (supervisor->libcs_own[i].handler == SIG_IGN)
			sys_call(SYS_rt_sigaction, LIBCS_OWN + i, (long)&supervisor->libcs_own[i],
				 0, sizeof supervisor->libcs_own[i].mask, 0, 0);
}

/* All of them: a fault of our own, or abort(3), ends us though its signal is blocked. */
static void catch_signals(struct supervisor *supervisor)
{
	const struct sigaction wait_for_children = {.sa_handler = SIG_DFL};

	sigfillset(&supervisor->caught);
	sigprocmask(SIG_SETMASK, &supervisor->caught, &supervisor->original_mask);
	sigaction(SIGCHLD, &wait_for_children, &supervisor->original_chld);
	look_at_libcs_own(supervisor);
}

static void restore_signals(const struct supervisor *supervisor)
{
	restore_libcs_own(supervisor);
	sigaction(SIGCHLD, &supervisor->original_chld, NULL);
	sigprocmask(SIG_SETMASK, &supervisor->original_mask, NULL);
}

/* An alarm survives exec (setitimer(2)), so one that was set before is the program's: it has to
 * come there, and to be the program's to cancel. */
static void take_timers(struct supervisor *supervisor)
{
	const struct itimerval none = {{0}, {0}};

	setitimer(ITIMER_REAL, &none, &supervisor->timers[ITIMER_REAL]);
	setitimer(ITIMER_VIRTUAL, &none, &supervisor->timers[ITIMER_VIRTUAL]);
	setitimer(ITIMER_PROF, &none, &supervisor->timers[ITIMER_PROF]);
}

static void give_timers(const struct supervisor *supervisor)
{
	setitimer(ITIMER_REAL, &supervisor->timers[ITIMER_REAL], NULL);
	setitimer(ITIMER_VIRTUAL, &supervisor->timers[ITIMER_VIRTUAL], NULL);
	setitimer(ITIMER_PROF, &supervisor->timers[ITIMER_PROF], NULL);
}

static bool has_terminal(void)
{
	int terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (terminal >= 0)
		close(terminal);
	return terminal >= 0;
}

/* As PID 1 the program would lead a session and a group: then a signal to that group is for it and
 * its own, and one to PID 1 for PID 1. A terminal would be lost with the session. */
static bool leads_a_session(pid_t supervisor)
{
	return supervisor == 1 && !has_terminal();
}

/* In the process that becomes the program. */
static void become_program(const struct supervisor *supervisor, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		raise(SIGKILL);
	streams_take(&supervisor->streams);
	if (leads_a_session(parent))
		setsid();
	give_timers(supervisor);
	restore_signals(supervisor);
}

/* The program's other fds are its own: held here, an end-of-file or a lock would wait for us.
 * stdout and stderr stay, since others may look for them in /proc/1/fd. */
static void let_go_of_fds(const struct supervisor *supervisor)
{
	int kept[OWN_FDS + STREAM_FDS] = {STDOUT_FILENO, STDERR_FILENO, supervisor->signals,
					  supervisor->companion.line};

	fds_keep(kept, OWN_FDS + streams_fds(&supervisor->streams, kept + OWN_FDS));
}

/* Has a shell made a job of us? Then our parent is of the same session, on a terminal, but in
 * another process group; it waits for us to stop, and wakes the whole group. Who stops a program
 * otherwise, or by SIGSTOP, will send SIGCONT to it alone. */
static bool is_job(void)
{
	pid_t parent = getppid();

	return parent && getsid(parent) == getsid(0) && getpgid(parent) != getpgrp() &&
	       has_terminal();
}

/* If the program has ended: what it had become is known for as long as it isn't reaped. */
static void note_last_name(struct supervisor *supervisor)
{
	siginfo_t end = {.si_pid = 0};

	if (supervisor->program == NONE ||
	    waitid(P_PID, (id_t)supervisor->program, &end, WEXITED | WNOHANG | WNOWAIT) ||
	    end.si_pid != supervisor->program)
		return;
	streams_note_name(&supervisor->streams);
}

/* Reaps whoever has ended, and sees what has become of the program. */
static void reap(struct supervisor *supervisor)
{
	int status;
	pid_t pid;

	note_last_name(supervisor);
	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != supervisor->program)
			continue;
		if (!WIFSTOPPED(status)) {
			supervisor->program = NONE;
			supervisor->status = status;
			streams_finish(&supervisor->streams);
		} else if (WSTOPSIG(status) != SIGSTOP && is_job()) {
			kill(getpid(), SIGSTOP);
		}
	}
}

/* What came to the whole group the program has had; unless it has left that. The terminal's is for
 * those only who are there. */
static bool had_by_program(const struct supervisor *supervisor,
			   const struct signalfd_siginfo *signal)
{
	return companion_heard(&supervisor->companion, signal) &&
	       (signal->ssi_code == SI_KERNEL || getpgid(supervisor->program) == getpgrp());
}

static void forward(const struct supervisor *supervisor, const struct signalfd_siginfo *signal)
{
	int number = (int)signal->ssi_signo;
	union sigval value = {.sival_ptr = (void *)(uintptr_t)signal->ssi_ptr};

	if (had_by_program(supervisor, signal))
		return;
	if (signal->ssi_code == SI_QUEUE)
		sigqueue(supervisor->program, number, value);
	else
		kill(supervisor->program, number);
}

/* Would it end this process if nothing were done about it? */
static bool asks_to_end(int number)
{
	struct sigaction action;

	return (number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT) &&
	       !sigaction(number, NULL, &action) && action.sa_handler != SIG_IGN;
}

/* The copy that stays behind passes on what is there, and no more. False: whoever asks has asked
 * before, or is not to wait at all. */
static bool end_soon(struct supervisor *supervisor)
{
	bool waits = supervisor->behind && !supervisor->asked;

	supervisor->asked = true;
	if (waits)
		streams_finish(&supervisor->streams);
	return waits;
}

/* What the kernel says of a child. A SIGCHLD of kill(2) is the program's. */
static bool is_ours(const struct signalfd_siginfo *signal)
{
	return signal->ssi_signo == SIGCHLD && signal->ssi_code > 0;
}

/* False: there is nobody left to take it, and it asks us to end. */
static bool take_signal(struct supervisor *supervisor)
{
	struct signalfd_siginfo signal;

	if (read(supervisor->signals, &signal, sizeof signal) != sizeof signal)
		return true;
	if (signal.ssi_signo == SIGCHLD)
		reap(supervisor); /* the kernel's may have become one with another's */
	if (supervisor->program >= 0 && !is_ours(&signal))
		forward(supervisor, &signal);
	else if (asks_to_end((int)signal.ssi_signo))
		return end_soon(supervisor);
	return true;
}

/* Until the program has ended and what it wrote is out. */
static void attend(struct supervisor *supervisor)
{
	while (supervisor->program >= 0 || supervisor->streams.pumping) {
		struct pollfd fds[] = {
			{.fd = supervisor->signals, .events = POLLIN},
			{.fd = supervisor->streams.done, .events = POLLIN},
		};

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			streams_await(&supervisor->streams);
		if (fds[0].revents && !take_signal(supervisor))
			return;
	}
	streams_join(&supervisor->streams);
}

/* Whoever else holds a stream goes on writing to it. */
static void stay_behind(struct supervisor *supervisor)
{
	if (!streams_held(&supervisor->streams) || fork() != 0)
		return;
	supervisor->behind = true;
	if (chdir("/") || streams_go_on(&supervisor->streams))
		_exit(EX_OSERR);
	attend(supervisor);
	_exit(0);
}

static _Noreturn void end_as(int status)
{
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	int number = WTERMSIG(status);
	const struct sigaction deadly = {.sa_handler = SIG_DFL};
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, number);
	prctl(PR_SET_DUMPABLE, 0); /* the core dump is the program's */
	sigaction(number, &deadly, NULL);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	exit(128 + number); /* PID 1: the kernel spares it */
}

/* Pumps first: once the program runs, nothing can fail any more. */
static pid_t start(struct supervisor *supervisor)
{
	supervisor->signals = signalfd(-1, &supervisor->caught, SFD_CLOEXEC | SFD_NONBLOCK);
	if (supervisor->signals < 0 || streams_start(&supervisor->streams))
		return -1;
	take_timers(supervisor);
	streams_hide(&supervisor->streams);
	pid_t program = fork();

	if (program < 0) {
		give_timers(supervisor);
		streams_show(&supervisor->streams);
	}
	return program;
}

int supervise(const struct settings *settings, char *command)
{
	static struct supervisor supervisor = {.companion = COMPANION_NONE};
	pid_t self = getpid();

	if (streams_open(&supervisor.streams, settings, command))
		return -1;
	if (!supervisor.streams.count)
		return 0;
	catch_signals(&supervisor);
	supervisor.program = start(&supervisor);
	if (supervisor.program < 0) {
		int error = errno;

		restore_signals(&supervisor);
		errno = error;
		return -1;
	}
	if (!supervisor.program) {
		become_program(&supervisor, self);
		return 0;
	}
	streams_given(&supervisor.streams);
	if (!leads_a_session(self))
		supervisor.companion = companion_start(supervisor.program, command);
	let_go_of_fds(&supervisor);
	streams_name(&supervisor.streams, supervisor.program);
	attend(&supervisor);
	companion_end(&supervisor.companion);
	streams_report(&supervisor.streams);
	stay_behind(&supervisor);
	end_as(supervisor.status);
}
