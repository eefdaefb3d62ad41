/* cancelled_ahead: is a call a cancellation point? In the midst of a line of 1000 bytes a thread
 * that is to be cancelled makes it; a line for each way on stderr. pthreads(7), "Cancellation
 * points". */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BEFORE = 1000, SHORT = 100, LONG = 2000 };

static char bytes[LONG + 1];

static void by_write(void)
{
	if (write(1, bytes, SHORT) < 0)
		perror("write");
}

static void by_writev(void)
{
	if (writev(1, (struct iovec[]){{bytes, SHORT}, {bytes, SHORT}}, 2) < 0)
		perror("writev");
}

static void by_vmsplice(void)
{
	vmsplice(1, &(struct iovec){bytes, SHORT}, 1, 0);
}

static void by_dprintf(void)
{
	dprintf(1, "%.*s", SHORT, bytes);
}

static void by_long_dprintf(void)
{
	dprintf(1, "%s", bytes);
}

static void by_number(void)
{
	syscall(SYS_write, 1, bytes, SHORT);
}

static const struct way {
	const char *name;
	void (*call)(void);
} ways[] = {
	{"write", by_write},
	{"writev", by_writev},
	{"vmsplice", by_vmsplice},
	{"dprintf", by_dprintf},
	{"a long dprintf", by_long_dprintf},
	{"its number", by_number},
};

static void *in_thread(void *argument)
{
	const struct way *way = argument;
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	if (write(1, bytes, BEFORE) != BEFORE)
		perror("write");
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
	pthread_cancel(pthread_self());
	way->call();
	return NULL;
}

int main(void)
{
	memset(bytes, 'c', LONG);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		pthread_t thread;
		void *result;

		if (write(1, "\n", 1) != 1 ||
		    pthread_create(&thread, NULL, in_thread, (void *)&ways[i]) ||
		    pthread_join(thread, &result))
			return 1;
		fprintf(stderr, "%s: %s\n", ways[i].name,
			result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
	}
	_exit(0); /* a dprintf that was cancelled leaves glibc's list of streams broken */
}
