/* The process's one state: everything that linecap keeps in a program that it was loaded into.
 * Written by the constructor; then by fdmap, and `broken` by the passage. */
#ifndef LINECAP_PROCESS_H
#define LINECAP_PROCESS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "ledger.h"
#include "settings.h"

/* A pipe that linecap guards. */
struct guarded {
	struct pipe_id id;
	struct account own;		 /* where no ledger can be had */
	_Atomic(struct ledger *) ledger; /* NULL: none yet, or none to be had */
};

/* What fdmap says of an fd: an index into process.pipes. The first two are no pipes, but stand
 * there so that the path of a write has one look-up and one comparison for all. */
enum {
	FD_UNKNOWN, /* its word is so large that nothing ever fits: the slow path asks */
	FD_OTHER,   /* not a guarded pipe; takes the bytes that must not count */
	FD_GUARDED, /* the first of the target's pipes */
};

struct process {
	struct limits limits;
	/* False until the constructor is done, and for good where nothing is guarded. */
	_Atomic bool active;
	/* The process whose fds the fd map is about. A vfork(2) child shares the map but not
	 * the fds. */
	_Atomic pid_t pid;
	_Atomic uint64_t broken;	     /* lines of this process's that were broken */
	char stats[SETTINGS_STATS_MOST + 1]; /* LINECAP_STATS, or "" */
	unsigned pipes_end;		     /* behind the last guarded pipe */
	struct guarded pipes[FD_GUARDED + TARGET_PIPES];
	/* Theirs, never NULL: the ledger's once the pipe was written to, or its own. */
	_Atomic(struct account *) accounts[FD_GUARDED + TARGET_PIPES];
};

extern struct process process __attribute__((visibility("hidden")));

/* Points libc's stdio at the hooked write: see stdio_glibc.c, stdio_musl.c. False: this is another
 * libc, or nothing could be done. */
bool stdio_glibc_hook(void);
bool stdio_musl_hook(void);

/* A stream that has just been opened (musl keeps a write pointer in each). */
void stdio_musl_opened(FILE *stream);

#endif
