/* The probe: what becomes of a library and of bytes in a program of this very system. libways.so
 * (ways/) is preloaded together with liblinecap.so into a program that is found here, so all that
 * is seen is true of that program's libc, whatever this one is linked with. The program itself
 * never runs, unless libways.so can't be loaded; then it is asked for its --version, with nothing
 * on stdin.
 *
 * Nothing here needs /proc, /dev or more than a few descriptors. */
#ifndef LINECAP_PROBE_H
#define LINECAP_PROBE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	PROBE_COPIES = 4,
	PROBE_WAYS = 160,
	PROBE_TEXT = 16384, /* bytes of the facts and of what a loader says */
};

/* The files and the settings that a program is started with. */
struct probe {
	char ways[PATH_MAX];	/* libways.so */
	char program[PATH_MAX]; /* that it is loaded into */
	bool ways_first;	/* in LD_PRELOAD: each libc starts them in its own order */
};

struct probe_copy {
	char version[32], path[PATH_MAX];
};

struct probe_way {
	char name[64];
	bool stdout_too, stderr_too, socket;
};

/* What libways.so tells of a process. */
struct facts {
	bool told;	 /* false: it wasn't loaded, and `why` says what is known */
	char libc[64];	 /* "glibc 2.36", "musl", "unknown" */
	bool in_charge;	 /* a linecap is at work */
	unsigned copies; /* of liblinecap.so in the process; so many of them are in `copy` */
	struct probe_copy copy[PROBE_COPIES];
	unsigned ways;
	struct probe_way way[PROBE_WAYS];
	char why[512];	       /* one line */
	char said[PROBE_TEXT]; /* on stderr, by the loader for one */
};

/* Starts probe->program with LD_PRELOAD=preload (or nothing but libways.so, where that is empty),
 * and the settings that this process has. Finds out which order is right. */
void probe_facts(struct probe *probe, const char *preload, struct facts *facts);

enum verdict {
	CAUGHT,
	NOT_CAUGHT,
	BEYOND, /* no library can see it: says so, and doesn't count */
	ABSENT,
	FAILED,
	UNTRIED,
	VERDICTS
};

struct trial {
	enum verdict verdict;
	const char *why; /* it failed; else NULL */
};

/* Takes the way to fd 1 or 2, a pipe or a socket of its own, with just this library and the default
 * settings. */
struct trial probe_try(const struct probe *probe, const char *library, const struct probe_way *way,
		       int fd);

/* Why a loader doesn't load the library at path into the program, as the end of a sentence about
 * the path; said: what the program's start left on stderr. Allocated, or a constant. */
const char *probe_absence(const char *path, const char *program, const char *said);

#endif
