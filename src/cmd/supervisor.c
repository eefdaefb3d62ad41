/* The supervisor. One thread a stream blocks in write(2): O_NONBLOCK belongs to the open pipe,
 * which the runtime's other writers share, and the pipe can't always be opened anew (/proc missing,
 * another user's pipe, a socket). The main thread waits for signals.
 *
 * Facts: signal(7), signalfd(2), prctl(2), pipe(7), termios(3); pid_namespaces(7) on what reaches
 * PID 1; manners compared with tini 0.19.0 and dumb-init 1.2.5. */
#include "supervisor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "filter.h"

enum { STREAMS = 2, READ_SIZE = 64 * 1024, NONE = -1 };

struct stream {
	struct supervisor *supervisor;
	int out, second_out; /* the runtime's pipe; twice where stdout and stderr share it */
	int in;		     /* what the program writes */
	int to;		     /* the program's end of that, before the fork */
	bool over;	     /* it has ended, or its reader has gone; the pump's while that runs */
	struct filter filter;
	pthread_t pump;
	char buffer[READ_SIZE];
};

struct supervisor {
	struct stream streams[STREAMS];
	int count;   /* of streams */
	int pumping; /* streams whose pump has not ended */
	int signals; /* signalfd */
	int ended;   /* eventfd: the program has */
	int done;    /* eventfd: pumps that have */
	sigset_t caught, original_mask;
	struct sigaction original_chld;
	pid_t program; /* NONE when it has ended */
	int status;    /* of wait(2), then */
};

/* The stream's end, for its reader too. */
static void end_stream(struct stream *stream)
{
	filter_end(&stream->filter);
	close(stream->in);
	close(stream->out);
	if (stream->second_out != NONE)
		close(stream->second_out);
	stream->over = true;
}

/* One read's worth, at most n bytes: how many, or 0 at the end of the stream or if its reader has
 * gone. Waits where there is nothing. */
static size_t pass_on(struct stream *stream, size_t n)
{
	ssize_t length = read(stream->in, stream->buffer, n < READ_SIZE ? n : READ_SIZE);

	if (length > 0 && !filter_pass(&stream->filter, stream->buffer, (size_t)length))
		return (size_t)length;
	end_stream(stream);
	return 0;
}

/* The program has ended: what it wrote is what is in the pipe now. */
static void drain(struct stream *stream)
{
	int left = 0;

	ioctl(stream->in, FIONREAD, &left);
	while (left > 0) {
		size_t n = pass_on(stream, (size_t)left);

		if (!n)
			return;
		left -= (int)n;
	}
	struct pollfd in = {.fd = stream->in, .events = POLLIN};

	if (getpid() == 1 || (poll(&in, 1, 0) > 0 && in.revents == POLLHUP))
		end_stream(stream);
}

/* Until the stream's end, its reader's, or the program's. */
static void *pump(void *argument)
{
	struct stream *stream = argument;
	struct supervisor *supervisor = stream->supervisor;

	while (!stream->over) {
		struct pollfd fds[] = {
			{.fd = stream->in, .events = POLLIN},
			{.fd = stream->out},
			{.fd = supervisor->ended, .events = POLLIN},
		};

		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[1].revents) {
			end_stream(stream);
		} else if (fds[2].revents) {
			drain(stream);
			break;
		} else if (fds[0].revents) {
			pass_on(stream, READ_SIZE);
		}
	}
	eventfd_write(supervisor->done, 1);
	return NULL;
}

static int start_pumps(struct supervisor *supervisor)
{
	for (int i = 0; i < supervisor->count; i++) {
		struct stream *stream = &supervisor->streams[i];

		if (stream->over)
			continue;
		errno = pthread_create(&stream->pump, NULL, pump, stream);
		if (errno)
			return -1;
		supervisor->pumping++;
	}
	return 0;
}

/* A pipe that may be opened anew (/dev/stdout) by whom the original may. */
static int open_stream(struct stream *stream, const struct stat *original)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	stream->in = ends[0];
	stream->to = ends[1];
	if (!fchown(stream->to, original->st_uid, original->st_gid))
		fchmod(stream->to, original->st_mode & ALLPERMS);
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Then the program may as well find out by itself. */
static bool reader_gone(int fd)
{
	struct pollfd out = {.fd = fd};

	return poll(&out, 1, 0) > 0;
}

/* A stream for each of fd 1 and 2 that is in the target; one for both if they are the same pipe. */
static int open_streams(struct supervisor *supervisor, const struct limits *limits,
			const struct target *target)
{
	struct stat sts[STREAMS];

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		struct stream *stream = &supervisor->streams[supervisor->count];
		struct stat *st = &sts[supervisor->count];

		if (fstat(fd, st) || !target_holds(target, st) || reader_gone(fd))
			continue;
		if (supervisor->count && same_file(st, &sts[0])) {
			supervisor->streams[0].second_out = fd;
			continue;
		}
		stream->supervisor = supervisor;
		stream->out = fd;
		stream->second_out = NONE;
		filter_init(&stream->filter, limits, fd);
		filter_join_ledger(&stream->filter, &(struct pipe_id){st->st_dev, st->st_ino});
		if (open_stream(stream, st))
			return -1;
		supervisor->count++;
	}
	return 0;
}

/* All that may be caught: not what the CPU sends for a fault of our own. */
static void catch_signals(struct supervisor *supervisor)
{
	static const int own[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};
	const struct sigaction wait_for_children = {.sa_handler = SIG_DFL};

	sigfillset(&supervisor->caught);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		sigdelset(&supervisor->caught, own[i]);
	sigprocmask(SIG_SETMASK, &supervisor->caught, &supervisor->original_mask);
	sigaction(SIGCHLD, &wait_for_children, &supervisor->original_chld);
}

static void restore_signals(const struct supervisor *supervisor)
{
	sigaction(SIGCHLD, &supervisor->original_chld, NULL);
	sigprocmask(SIG_SETMASK, &supervisor->original_mask, NULL);
}

/* In the process that becomes the program. */
static void take_streams(const struct supervisor *supervisor, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		raise(SIGKILL);
	for (int i = 0; i < supervisor->count; i++) {
		const struct stream *stream = &supervisor->streams[i];

		dup2(stream->to, stream->out);
		if (stream->second_out != NONE)
			dup2(stream->to, stream->second_out);
	}
	restore_signals(supervisor);
}

static bool is_ours(const struct supervisor *supervisor, int fd)
{
	for (int i = 0; i < supervisor->count; i++)
		if (fd == supervisor->streams[i].in)
			return true;
	return fd == supervisor->signals || fd == supervisor->ended || fd == supervisor->done;
}

/* The program's other fds are its own: held here, an end-of-file or a lock would wait for us.
 * stdout and stderr stay, since others may look for them in /proc/1/fd. */
static void let_go_of_fds(const struct supervisor *supervisor)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);

		if (*end || (fd >= STDOUT_FILENO && fd <= STDERR_FILENO) ||
		    fd == dirfd(directory) || is_ours(supervisor, (int)fd))
			continue;
		close((int)fd);
	}
	if (directory)
		closedir(directory);
}

/* Reaps whoever has ended, and sees what has become of the program. */
static void reap(struct supervisor *supervisor)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != supervisor->program)
			continue;
		if (!WIFSTOPPED(status)) {
			supervisor->program = NONE;
			supervisor->status = status;
			eventfd_write(supervisor->ended, 1);
		} else if (WSTOPSIG(status) != SIGSTOP) {
			/* SIGSTOP is no matter of job control: who sends it to the program alone
			 * will send SIGCONT to it alone. */
			kill(getpid(), SIGSTOP);
		}
	}
}

/* Did the terminal send it to the whole process group? A hangup it sends to the session's leader
 * only. */
static bool program_has_it(const struct signalfd_siginfo *signal)
{
	return signal->ssi_code == SI_KERNEL &&
	       (signal->ssi_signo != SIGHUP || getsid(0) != getpid());
}

static void forward(const struct supervisor *supervisor, const struct signalfd_siginfo *signal)
{
	int number = (int)signal->ssi_signo;
	union sigval value = {.sival_ptr = (void *)(uintptr_t)signal->ssi_ptr};

	if (signal->ssi_code == SI_QUEUE)
		sigqueue(supervisor->program, number, value);
	else if (!program_has_it(signal))
		kill(supervisor->program, number);
}

static bool ends_programs(int number)
{
	return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT;
}

/* False: there is nobody left to take it, and it asks us to end. */
static bool take_signal(struct supervisor *supervisor)
{
	struct signalfd_siginfo signal;

	if (read(supervisor->signals, &signal, sizeof signal) != sizeof signal)
		return true;
	if (signal.ssi_signo == SIGCHLD)
		reap(supervisor);
	else if (supervisor->program >= 0)
		forward(supervisor, &signal);
	else
		return !ends_programs((int)signal.ssi_signo);
	return true;
}

/* Until one has ended, at least. */
static void await_pumps(struct supervisor *supervisor)
{
	eventfd_t ended;

	if (!eventfd_read(supervisor->done, &ended))
		supervisor->pumping -= (int)ended;
}

/* Until the program has ended and what it wrote is out. */
static void attend(struct supervisor *supervisor)
{
	while (supervisor->program >= 0 || supervisor->pumping) {
		struct pollfd fds[] = {
			{.fd = supervisor->signals, .events = POLLIN},
			{.fd = supervisor->done, .events = POLLIN},
		};

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			await_pumps(supervisor);
		if (fds[0].revents && !take_signal(supervisor))
			return;
	}
	for (int i = 0; i < supervisor->count; i++)
		pthread_join(supervisor->streams[i].pump, NULL);
}

/* Whoever else holds a stream goes on writing to it. */
static void stay_behind(struct supervisor *supervisor)
{
	bool held = false;

	for (int i = 0; !supervisor->pumping && i < supervisor->count; i++)
		held = held || !supervisor->streams[i].over;
	if (!held || fork() != 0)
		return;
	close(supervisor->ended);
	supervisor->ended = NONE;
	if (chdir("/") || start_pumps(supervisor))
		_exit(EX_OSERR);
	while (supervisor->pumping)
		await_pumps(supervisor);
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
	supervisor->ended = eventfd(0, EFD_CLOEXEC);
	supervisor->done = eventfd(0, EFD_CLOEXEC);
	if (supervisor->signals < 0 || supervisor->ended < 0 || supervisor->done < 0 ||
	    start_pumps(supervisor))
		return -1;
	return fork();
}

int supervise(const struct limits *limits, const struct target *target)
{
	static struct supervisor supervisor;
	pid_t self = getpid();

	if (open_streams(&supervisor, limits, target))
		return -1;
	if (!supervisor.count)
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
		take_streams(&supervisor, self);
		return 0;
	}
	for (int i = 0; i < supervisor.count; i++)
		close(supervisor.streams[i].to);
	let_go_of_fds(&supervisor);
	attend(&supervisor);
	stay_behind(&supervisor);
	end_as(supervisor.status);
}
