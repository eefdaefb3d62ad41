/* answers: what write(2) and writev(2) answer, in each way that they can fail or fall short, for
 * 100-byte lines and for an endless line. Started by onpipe; one line a case on fd 4. */
#include "pipe.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { LONG = 40000, PAGES = 4 };

/* Through pointers, so that the compiler can't object to what they are given. */
static ssize_t (*volatile a_write)(int, const void *, size_t) = write;
static ssize_t (*volatile a_writev)(int, const struct iovec *, int) = writev;

static char bytes[LONG];
static bool endless;

/* Where a long endless line goes out in part, how much of it is the caller's depends on how many
 * breaks were put in: then only "some" is said. */
static void report(const char *name, ssize_t result, size_t n)
{
	const char *error = result < 0 ? strerrorname_np(errno) : "";

	if (endless && result > 0 && (size_t)result < n)
		dprintf(REPORT, "%s: some\n", name);
	else
		dprintf(REPORT, "%s: %zd %s\n", name, result, error);
}

static void write_and_report(const char *name, size_t n)
{
	report(name, write(PIPE, bytes, n), n);
}

static void all_passes(void)
{
	errno = 4711;
	write_and_report("all passes", 10000);
	dprintf(REPORT, "errno is kept: %s\n", errno == 4711 ? "yes" : "no");
}

static void nothing(void)
{
	report("nothing", a_write(PIPE, bytes, 0), 0);
	report("nothing at all", a_write(PIPE, NULL, 0), 0);
	report("no vector", a_writev(PIPE, NULL, 0), 0);
}

static void bad_fd(void)
{
	report("closed fd", a_write(77, bytes, LONG), LONG);
	report("fd -1", a_write(-1, bytes, LONG), LONG);
	report("read end", a_write(READER, bytes, LONG), LONG);
	report("closed fd, vector", a_writev(77, &(struct iovec){bytes, LONG}, 1), LONG);
}

static void bad_address(void)
{
	report("bad address", a_write(PIPE, (void *)8, 10), 10);
	/* Whatever the column is, one of them reaches just to the end of a line of 100 bytes. */
	for (size_t n = 1; n <= 100; n++)
		if (a_write(PIPE, (void *)8, n) != -1 || errno != EFAULT)
			report("a bad address at the end of a line", 0, 0);
	for (int i = 0; i < 3; i++) {
		write_and_report("before a bad address", 60);
		report("address in the first page", a_write(PIPE, (void *)4, 90), 90);
	}
	report("null", a_write(PIPE, NULL, LONG), LONG);
	report("null in a vector", a_writev(PIPE, &(struct iovec){NULL, LONG}, 1), LONG);
	report("null vector", a_writev(PIPE, NULL, 2), LONG);
}

static void bad_count(void)
{
	static struct iovec many[IOV_MAX + 1];

	for (int i = 0; i <= IOV_MAX; i++)
		many[i] = (struct iovec){bytes, 100};
	report("negative count", a_writev(PIPE, many, -1), LONG);
	report("too many", a_writev(PIPE, many, IOV_MAX + 1), LONG);
	many[0].iov_len = SIZE_MAX;
	report("too long", a_writev(PIPE, many, 2), LONG);
}

static void full(void)
{
	fill_pages(PAGES);
	set_blocking(PIPE, false);
	write_and_report("full, 100 bytes", 100);
	write_and_report("full, 5000 bytes", 5000);
	write_and_report("full, all", LONG);
}

static void nearly_full(void)
{
	fill_pages(PAGES - 1);
	set_blocking(PIPE, false);
	write_and_report("nearly full, all", LONG);
	write_and_report("nearly full, again", LONG);
}

static atomic_int *caught; /* shared by all of the processes */

static void count(int number)
{
	(void)number;
	++*caught;
}

static void on_signal(int number, int flags)
{
	if (sigaction(number, &(struct sigaction){.sa_handler = count, .sa_flags = flags}, NULL))
		fail("sigaction");
}

static void interrupted_at_once(void)
{
	fill_pages(PAGES);
	on_signal(SIGUSR1, 0);
	write_and_report("interrupted at once", LONG);
	dprintf(REPORT, "signals: %d\n", *caught);
}

static void interrupted_on_the_way(void)
{
	fill_pages(PAGES - 1);
	on_signal(SIGUSR1, 0);
	write_and_report("interrupted on the way", LONG);
	dprintf(REPORT, "signals: %d\n", *caught);
}

static void restarted(void)
{
	fill_pages(PAGES);
	on_signal(SIGUSR1, SA_RESTART);
	write_and_report("restarted", LONG);
	dprintf(REPORT, "signals: %d\n", *caught);
}

static void nobody_reads(void)
{
	signal(SIGPIPE, SIG_IGN);
	write_and_report("nobody reads, 100 bytes", 100);
	write_and_report("nobody reads, all", LONG);
	on_signal(SIGPIPE, 0);
	write_and_report("nobody reads, handler", LONG);
	dprintf(REPORT, "signals: %d\n", *caught);
}

static void nobody_reads_default(void)
{
	signal(SIGPIPE, SIG_DFL);
	write_and_report("nobody reads, default action", LONG);
}

static void finish(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		fail("waitpid");
	if (WIFSIGNALED(status))
		dprintf(REPORT, "killed by SIG%s\n", sigabbrev_np(WTERMSIG(status)));
	else if (status)
		exit(2);
}

static pid_t start(void (*body)(void))
{
	pid_t child;

	*caught = 0;
	child = fork();
	if (child)
		return child;
	body();
	_exit(0);
}

/* Leaves an empty pipe at the start of a line. */
static void clean_up(void)
{
	drain_all();
	set_blocking(PIPE, true);
	if (write(PIPE, "\n", 1) != 1)
		fail("write");
	drain_all();
}

static void run(void (*body)(void))
{
	finish(start(body));
	clean_up();
}

static bool has_ended(pid_t child)
{
	siginfo_t ended = {0};

	return !waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT) &&
	       ended.si_pid == child;
}

/* The child blocks in its write; then it gets a signal. */
static void run_interrupted(void (*body)(void))
{
	pid_t child = start(body);
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/syscall", (int)child);
	wait_for_write(path);
	kill(child, SIGUSR1);
	while (!*caught && !has_ended(child))
		sched_yield();
	while (!has_ended(child))
		drain_all();
	finish(child);
	clean_up();
}

static void run_all(void)
{
	void (*const plain[])(void) = {nothing, bad_fd, bad_address, bad_count, full, nearly_full};

	dprintf(REPORT, "--- %s\n", endless ? "an endless line" : "lines");
	set_pages(16);
	run(all_passes);
	set_pages(PAGES);
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		run(plain[i]);
	run_interrupted(interrupted_at_once);
	run_interrupted(interrupted_on_the_way);
	run_interrupted(restarted);
}

int main(void)
{
	caught = mmap(NULL, sizeof *caught, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (caught == MAP_FAILED)
		fail("mmap");
	fill(bytes, LONG, false);
	run_all();
	endless = true;
	fill(bytes, LONG, true);
	run_all();
	close(READER);
	finish(start(nobody_reads));
	finish(start(nobody_reads_default));
	endless = false;
	fill(bytes, LONG, false);
	finish(start(nobody_reads));
	finish(start(nobody_reads_default));
	return 0;
}
