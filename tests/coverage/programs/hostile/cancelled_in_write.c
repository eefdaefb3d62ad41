/*
 * A thread is cancelled while its write blocks. The pipe is the program's own stdout, so that it is
 * guarded and can be full: the program starts itself anew on it, with its read end as the argument.
 */
#include "endless.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

static atomic_int writer; /* its thread id, from right before it writes */

static void *write_all(void *unused)
{
	writer = (int)syscall(SYS_gettid);
	say(1);
	return unused;
}

static void set_blocking(int fd, int blocking)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static void fill_the_pipe(void)
{
	set_blocking(1, 0);
	while (write(1, "\n", 1) == 1)
		;
	set_blocking(1, 1);
}

/* Waits until the thread sleeps, which it does nowhere but in its write. */
static int is_blocked(void)
{
	for (int tries = 0; tries < 30000; tries++) {
		char path[64], state = 0;

		snprintf(path, sizeof path, "/proc/self/task/%d/stat", writer);
		FILE *stat = writer ? fopen(path, "r") : NULL;
		if (stat) {
			if (fscanf(stat, "%*d %*s %c", &state) != 1)
				state = 0;
			fclose(stat);
		}
		if (state == 'S')
			return 1;
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	}
	return 0;
}

/* What is in the pipe: its last bytes, and how many there were. */
static size_t drain(int fd, char *last, size_t size)
{
	size_t total = 0;
	ssize_t n;

	set_blocking(fd, 0);
	while ((n = read(fd, last, size)) > 0)
		total += (size_t)n;
	return total;
}

static int run(int reader)
{
	static char last[65536];
	pthread_t thread;
	void *result;

	fill();
	fill_the_pipe();
	if (pthread_create(&thread, NULL, write_all, NULL))
		return 3;
	if (!is_blocked())
		return 4;
	if (pthread_cancel(thread) || pthread_join(thread, &result) || result != PTHREAD_CANCELED)
		return 5;
	/* The write that was cancelled took nothing, and left nothing locked behind. */
	drain(reader, last, sizeof last);
	if (memchr(last, '0', sizeof last))
		return 6;
	/* What was cancelled has been counted all the same, so a break may stand before this line.
	 */
	if (write(1, "after\n", 6) != 6)
		return 7;
	size_t length = drain(reader, last, sizeof last);

	if (length != 6 && (length != 7 || *last != '\n'))
		return 7;
	if (memcmp(last + length - 6, "after\n", 6))
		return 8;
	say(2);
	return 0;
}

int main(int argc, char **argv)
{
	int ends[2];
	char number[16];

	if (argc == 2)
		return run(atoi(argv[1]));
	if (pipe(ends) || dup2(ends[1], 1) != 1)
		return 2;
	/* What this process has taken for its pipes is in the environment by now. */
	if (setenv("LINECAP_TARGET", "stdio", 1))
		return 2;
	snprintf(number, sizeof number, "%d", ends[0]);
	execv(argv[0], (char *[]){argv[0], number, NULL});
	return 2;
}
