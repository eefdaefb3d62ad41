/* cancel: a thread is cancelled in, before and beside its write. Started by onpipe; one line a case
 * on fd 4. pthreads(7), "Cancellation points". */
#include "pipe.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio_ext.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

enum { LONG = 100000, PAGES = 4 };

static char bytes[LONG];

static ssize_t by_write(size_t n)
{
	return write(PIPE, bytes, n);
}

static ssize_t by_writev(size_t n)
{
	return writev(PIPE, (struct iovec[]){{bytes, n / 2}, {bytes + n / 2, n - n / 2}}, 2);
}

static ssize_t by_stdio(size_t n)
{
	return (ssize_t)fwrite(bytes, 1, n, stdout) - fflush(stdout);
}

static const struct way {
	const char *name;
	ssize_t (*write)(size_t n);
} ways[] = {{"write", by_write}, {"writev", by_writev}, {"stdio", by_stdio}};

static const struct way *way;
static size_t length;
static ssize_t written;
static atomic_int tid, cleaned_up, done;
static atomic_bool requested;

static void clean_up(void *unused)
{
	(void)unused;
	cleaned_up++;
}

static void *write_it(void *unused)
{
	pthread_cleanup_push(clean_up, NULL);
	tid = (int)syscall(SYS_gettid);
	written = way->write(length);
	done = 1;
	pthread_cleanup_pop(0);
	return unused;
}

static void *write_when_requested(void *unused)
{
	while (!requested)
		;
	return write_it(unused);
}

static void *write_anyway(void *unused)
{
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	return write_it(unused);
}

static pthread_t start(void *(*body)(void *))
{
	pthread_t thread;

	tid = cleaned_up = done = 0;
	requested = false;
	if (pthread_create(&thread, NULL, body, NULL))
		fail("pthread_create");
	return thread;
}

static void wait_until_blocked(void)
{
	char path[64];

	while (!tid)
		;
	snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
	wait_for_write(path);
}

static void finish(pthread_t thread, const char *what)
{
	void *result;

	if (pthread_join(thread, &result))
		fail("pthread_join");
	dprintf(REPORT, "%s, %zu bytes, %s: %s, cleaned up %d\n", way->name, length, what,
		result == PTHREAD_CANCELED ? "cancelled" : "not cancelled", cleaned_up);
}

/* Whatever was cancelled: the pipe takes a line, and it arrives whole. */
static void pipe_works(void)
{
	static const char line[] = "\nas ever\n";
	char last[64];

	drain_all();
	set_blocking(PIPE, true);
	if (write(PIPE, line, sizeof line - 1) != sizeof line - 1)
		fail("write");
	size_t n = drain(last, sizeof last);

	dprintf(REPORT, "%s\n", n >= 9 && !memcmp(last + n - 9, line, 9) ? "goes on" : "is broken");
}

static void blocked(int full_pages, const char *what)
{
	pthread_t thread;

	fill_pages(full_pages);
	thread = start(write_it);
	wait_until_blocked();
	pthread_cancel(thread);
	finish(thread, what);
	__fpurge(stdout);
	pipe_works();
}

static void cancelled_before(void)
{
	pthread_t thread = start(write_when_requested);
	int waiting;

	pthread_cancel(thread);
	requested = true;
	finish(thread, "cancelled before");
	if (ioctl(READER, FIONREAD, &waiting))
		fail("FIONREAD");
	dprintf(REPORT, "%d bytes written\n", waiting);
	__fpurge(stdout);
	pipe_works();
}

static void not_to_be_cancelled(void)
{
	pthread_t thread;

	fill_pages(PAGES);
	thread = start(write_anyway);
	wait_until_blocked();
	pthread_cancel(thread);
	while (!done)
		drain_all();
	finish(thread, "cancellation disabled");
	dprintf(REPORT, "%zd bytes written\n", written);
	pipe_works();
}

int main(void)
{
	fill(bytes, LONG, true);
	set_pages(PAGES);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		way = &ways[i];
		for (length = 50; length <= LONG; length = length == 50 ? LONG : LONG + 1) {
			blocked(PAGES, "blocked");
			if (length == LONG)
				blocked(PAGES - 2, "blocked on the way");
			cancelled_before();
			not_to_be_cancelled();
		}
	}
	return 0;
}
