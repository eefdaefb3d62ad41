/* The ways that bytes can take out of a process: `linecap doctor` has each of them taken, and so do
 * the tests on other systems.
 *
 * These files are built twice. libways.so, the probe, is preloaded together with liblinecap.so into
 * any dynamic program; its constructor takes the way that the environment names, and the program
 * itself never runs. For the tests they are a program of their own.
 *
 * A way prints one endless line (and a short one behind it) on fd 1 or 2. It ends the process with
 * WAYS_BROKEN, and one line on stderr that begins with WAYS_SAYS, if a call failed that must not;
 * and with WAYS_ABSENT (nothing printed) where libc, the kernel or the file system has no such way.
 */
#ifndef LINECAP_WAYS_H
#define LINECAP_WAYS_H

#include <stdbool.h>
#include <sys/types.h>

/* What the constructor reads. Without WAYS_WAY the library does nothing. */
#define WAYS_WAY     "LIBWAYS_WAY"     /* a way's name, or WAYS_FACTS */
#define WAYS_FD	     "LIBWAYS_FD"      /* 1 or 2 */
#define WAYS_PROGRAM "LIBWAYS_PROGRAM" /* the path of the program that it is loaded into */

/* Instead of a way: prints a line for each fact on fd 1, words apart by one space:
 *	libc glibc 2.36 | libc musl | libc unknown
 *	charge none | charge taken	is a linecap at work in the process?
 *	copy VERSION PATH		of each liblinecap.so in the process
 *	way STREAMS OUTPUT NAME		STREAMS 1, 2 or 12; OUTPUT pipe or socket */
#define WAYS_FACTS "?"

/* The same as the way "write", in a program that a way has started. */
#define WAYS_AGAIN "again"

#define WAYS_SAYS "ways: "

enum {
	WAYS_BROKEN = 1,
	WAYS_ABSENT = 77,
	/* liblinecap.so is there, but its constructor hasn't run: in LD_PRELOAD the two stand in
	 * the order that this loader doesn't start them in. */
	WAYS_EARLY = 78,
};

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

/* How this program can be started again to take a way. */
struct ways_program {
	const char *path;
	bool loaded; /* as libways.so, by the environment; or `PATH WAY FD` */
};

/* Returns the exit status: 2, where there is no such way or fd. */
int ways_take(struct ways_program program, const char *name, int fd);

/* The streams as text: "1", "2" or "12"; and "pipe" or "socket". */
const char *ways_streams(const struct way *way);
const char *ways_output(const struct way *way);

#endif
