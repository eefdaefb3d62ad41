/* The guarded pipe from inside: onpipe put its write end on fd 1, its read end on fd 3, and what
 * was stdout on fd 4. */
#ifndef PIPE_H
#define PIPE_H

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { PIPE = 1, READER = 3, REPORT = 4 };

static inline void fail(const char *what)
{
	perror(what);
	exit(2);
}

static inline void set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	if (fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) < 0)
		fail("fcntl");
}

/* What is in the pipe, up to size bytes. */
static inline size_t drain(char *bytes, size_t size)
{
	size_t total = 0;
	ssize_t n;

	set_blocking(READER, false);
	while (total < size && (n = read(READER, bytes + total, size - total)) > 0)
		total += (size_t)n;
	return total;
}

static inline void drain_all(void)
{
	char bytes[4096];

	while (drain(bytes, sizeof bytes))
		;
}

/* The pipe holds this many pages, all of them full of newlines. */
static inline void fill_pages(int pages)
{
	static char newlines[16 * 4096];
	size_t size = (size_t)pages * 4096;

	memset(newlines, '\n', sizeof newlines);
	if (write(PIPE, newlines, size) != (ssize_t)size)
		fail("fill_pages");
}

static inline void set_pages(int pages)
{
	drain_all();
	if (fcntl(PIPE, F_SETPIPE_SZ, pages * 4096) != pages * 4096)
		fail("F_SETPIPE_SZ");
}

/* Waits until that thread is blocked in write(2) or writev(2). path: its /proc/…/syscall. */
static inline void wait_for_write(const char *path)
{
	for (int tries = 0; tries < 30000; tries++) {
		FILE *file = fopen(path, "r");
		int number;

		if (file && fscanf(file, "%d", &number) == 1 &&
		    (number == SYS_write || number == SYS_writev)) {
			fclose(file);
			return;
		}
		if (file)
			fclose(file);
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	}
	fprintf(stderr, "%s: never came to write\n", path);
	exit(2);
}

/* Bytes to write: 100-byte lines, or no newline at all. */
static inline void fill(char *bytes, size_t n, bool endless)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = !endless && i % 100 == 99 ? '\n' : (char)('a' + i % 23);
}

#endif
