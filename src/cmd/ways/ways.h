/* The ways that bytes can take out of a process: `linecap doctor` takes each of them, and so do the
 * tests on other systems, where these files are a program of their own.
 *
 * A way prints one endless line (and a short one behind it) on fd 1 or 2. It ends the process with
 * exit status 1 if a call failed that must not, and WAYS_ABSENT (nothing printed) where libc or the
 * kernel has no such way. */
#ifndef LINECAP_WAYS_H
#define LINECAP_WAYS_H

#include <sys/types.h>

#define WAYS_COMMAND "ways" /* the subcommand of linecap(1) that takes one; no help names it */
enum { WAYS_MOST = 128, WAYS_ABSENT = 77 };

enum streams { STDOUT = 1, STDERR = 2, EITHER = 3 };
enum output { PIPE, SOCKET };

/* Either `piece`, called as write() is until the line is out, or `put`, which prints all of it. */
struct way {
	const char *name;
	enum streams streams;
	enum output output;
	ssize_t (*piece)(int fd, const void *bytes, size_t n);
	void (*put)(int fd);
};

/* The way after that one, the first after NULL; NULL behind the last. */
const struct way *ways_next(const struct way *way);

/* The words by which this program can be started again to take a way. */
struct ways_program {
	const char *path;
	const char *subcommand; /* or NULL */
};

/* argv: `WAY FD`, or `--list`, which prints "NAME STREAMS OUTPUT" for each way: STREAMS is 1, 2 or
 * 12, OUTPUT pipe or socket. Returns the exit status. */
int ways_run(struct ways_program program, int argc, char **argv);

#endif
