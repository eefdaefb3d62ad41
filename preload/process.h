/* The process's one state: everything that linecap keeps in a program that it was loaded into. All
 * of it is defined in process.c: this struct, the fd map (fdmap.h) and the next definitions
 * (next.h). Written by the constructor; afterwards by those that are named here, and `broken` by
 * the guard. */
#ifndef LINECAP_PROCESS_H
#define LINECAP_PROCESS_H

#include <limits.h>
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

/* What fdmap says of an fd: an index into process.pipes. The first three are no pipes, but stand
 * there so that the path of a write has one look-up and one comparison for all. */
enum {
	FD_UNKNOWN, /* its word is so large that nothing ever fits: the slow path asks */
	FD_OTHER,   /* not a guarded pipe; the same word, for when it must be asked again */
	FD_ASKING,  /* unknown: somebody is about to note what it is */
	FD_GUARDED, /* the first of the target's pipes */
};

/* How `linecap run --via pipe` is called with this process's settings. */
struct launcher {
	char path[PATH_MAX]; /* "": there is none beside the library */
	char options[SETTINGS][SETTINGS_ENTRY];
};

struct fdmap;
struct musl_file;
typedef ssize_t glibc_write(FILE *stream, const void *data, ssize_t n);
typedef size_t musl_write(struct musl_file *stream, const unsigned char *bytes, size_t n);

/* What a child with a memory of its own has not from its parent: see own_page in start.c. */
struct own {
	_Atomic pid_t pid;	 /* whose fds the fd map is about; 0: nobody has asked yet */
	_Atomic uint64_t broken; /* lines of this process's that were broken */
};

enum { PROCESS_SEEN = 16, PROCESS_FAR = 64 };

/* No kernel's pages are larger. */
#ifdef __x86_64__
enum { PROCESS_PAGE = 4096 };
#else
enum { PROCESS_PAGE = 65536 };
#endif

union own_page {
	struct own own;
	unsigned char page[PROCESS_PAGE];
};

struct process {
	struct limits limits;
	/* False until the constructor is done, and for good where nothing is guarded. */
	_Atomic bool active;
	bool wiped; /* the kernel wipes `own` in a forked child */
	/* next.c: the next definitions are known. */
	_Atomic bool resolved;
	/* fdmap.c: whether there is a seccomp(2) filter, behind which nothing may be asked; and the
	 * highest fd that was ever noted (closefrom(3) needn't touch the pages beyond). */
	_Atomic bool filtered;
	_Atomic unsigned highest;
	char stats[SETTINGS_STATS_MOST + 1]; /* LINECAP_STATS, or "" */
	unsigned sample;		     /* LINECAP_SAMPLE */
	char program[LEDGER_PROGRAM];	     /* its name at the start: titles hold arguments */
	uid_t uid;			     /* the effective one at the start: most likely still */
	unsigned pipes_end;		     /* behind the last guarded pipe */
	struct guarded pipes[FD_GUARDED + TARGET_PIPES];
	/* Theirs, never NULL: the ledger's once the pipe was written to, or its own. */
	_Atomic(struct account *) accounts[FD_GUARDED + TARGET_PIPES];
	/* readable.c: pages that the kernel has read from. */
	_Atomic uintptr_t seen[PROCESS_SEEN];
	/* fdmap.c: the map's further parts, once there are any. */
	_Atomic(struct fdmap *) far[PROCESS_FAR];
	/* exec.c: LINECAP_EXEC. */
	enum exec_policy exec;
	/* stdio_glibc.c: its own function, and whether a FILE has _total_written. */
	glibc_write *glibc_write;
	bool glibc_counts_total;
	/* stdio_musl.c: that of every stream but … */
	musl_write *musl_write;
	/* … stdout until its first write; then NULL. */
	musl_write *musl_stdout_write;
	struct musl_file *musl_stdout;
};

extern struct process process __attribute__((visibility("hidden")));
/* Where LINECAP_EXEC is pipe, what by. */
extern struct launcher launcher __attribute__((visibility("hidden")));
extern union own_page process_own __attribute__((visibility("hidden")));

/* Points libc's stdio at the hooked write: see stdio_glibc.c, stdio_musl.c. False: this is another
 * libc, or nothing could be done. */
bool stdio_glibc_hook(void);
bool stdio_musl_hook(void);

/* A stream that has just been opened (musl keeps a write pointer in each). */
void stdio_musl_opened(FILE *stream);

#endif
