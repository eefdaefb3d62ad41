/* The ledger: one small shared page for each guarded pipe and uid, so that all processes that write
 * to the pipe count on one column and one set of figures (DESIGN §3, "Across processes").
 *
 * The page is /dev/shm/linecap.UID.DEV.INO. It needs no lock and no environment variable; whoever
 * writes to a pipe first makes it. Its contents are distrusted: the worst that they can do is to
 * misplace a break.
 *
 * What could go wrong with a file in a folder that all can write, and why it doesn't:
 * - someone else made it: owner, mode 0600, type, size and link count are checked after the open;
 * - a symbolic link: O_NOFOLLOW; a hard link to another file of ours: the link count is 1;
 * - truncated while mapped, a SIGBUS: only the same uid (or root) can open it for writing;
 * - no room left on the file system, a SIGBUS too: its blocks are allocated before it is mapped. */
#ifndef LINECAP_LEDGER_H
#define LINECAP_LEDGER_H

#include "emitter.h"
#include "target.h"

#define LEDGER_FOLDER "/dev/shm"
#define LEDGER_PREFIX "linecap."

enum {
	LEDGER_NAME = 80,    /* bytes of a page's path, its NUL included */
	LEDGER_CULPRITS = 4, /* so many writers can race without mixing their entries */
	LEDGER_PROGRAM = 32, /* bytes of a program's name, NUL included */
	LEDGER_START = 80,   /* bytes of a broken line that are kept */
};

/* Whose line was broken. */
struct culprit {
	int64_t time; /* seconds since the Epoch */
	int64_t pid;
	char program[LEDGER_PROGRAM];
	uint32_t length; /* of start */
	char start[LEDGER_START];
};

struct ledger {
	uint64_t magic;
	uint64_t pid_namespace; /* st_ino of its maker's /proc/self/ns/pid; 0: unknown */
	struct account account;
	_Atomic uint64_t blamed; /* culprits so far; the last is culprits[(blamed - 1) % …] */
	struct culprit culprits[LEDGER_CULPRITS];
};

/* The page of that pipe for the effective uid, made if there is none; NULL: it can't be had. About
 * seven system calls, no heap, no cancellation point: async-signal-safe. Leaves errno as it likes.
 * It stays mapped. */
struct ledger *ledger_open(const struct pipe_id *id);

void ledger_leave(const struct ledger *ledger);

/* A page as it is now: false if path is none, or its owner is not whom its name says. It is read
 * and not mapped: another uid could truncate its page under the reader, a SIGBUS. */
bool ledger_look(const char *path, struct ledger *copy);

/* Notes whose line was broken: async-signal-safe. start: the line's first bytes at hand. */
void ledger_blame(struct ledger *ledger, pid_t pid, const char *program, const char *start,
		  size_t length);

/* The pipe and uid in a page's file name; false: this is no page's name. */
struct ledger_name {
	uid_t uid;
	struct pipe_id id;
};
bool ledger_parse_name(const char *name, struct ledger_name *parsed);

/* Removes the pages of the effective uid that nobody maps and whose pipes are dead: no process
 * holds the pipe; or, where a process can't be looked into or the page was made in another PID
 * namespace, it has not been opened for an hour. Walks /proc if there is any such page but those of
 * `living`: for the start of a process tree.
 * Looks at 64 pages at most, so that a start stays cheap where many can't be told of. */
void ledger_sweep(const struct target *living);

#endif
