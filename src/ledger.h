/* The ledger: one shared page for each guarded pipe and uid, so that all processes that write to
 * the pipe count on one column and one set of figures (DESIGN §3, "Across processes").
 *
 * The page is a System V shared memory segment of mode 0600. It needs no lock, no file system and
 * no environment variable: its key is made from the pipe and the uid, and whoever writes to the
 * pipe first makes it. What it holds is distrusted: the worst that it can do is to misplace a
 * break. Nobody can truncate it under those who have it attached.
 *
 * A key can be in use already: by another pipe's page, or by somebody who is in the way on purpose.
 * So owner, maker, mode, size and the page's own word of whose it is are checked, and there is a
 * second key. Where both are taken, there is no ledger. Two things can make the processes of a uid
 * count apart: a foreign segment that goes in the very moment in which two of them look for a page,
 * and whoever has the uid's rights removing the page while it is in use (ipcrm(1)).
 *
 * Nothing here but ledger_sweep and ledger_look makes more than a handful of system calls, and all
 * of it makes them without libc: no heap, no cancellation point, errno is left alone. */
#ifndef LINECAP_LEDGER_H
#define LINECAP_LEDGER_H

#include "line.h"
#include "target.h"

enum {
	LEDGER_CULPRITS = 4, /* so many writers can race without mixing their entries */
	LEDGER_HOLES = 8,
	LEDGER_PROGRAM = 32, /* bytes of a program's name, NUL included */
	LEDGER_START = 80,   /* bytes of a broken line that can be kept */
};

#define LEDGER_UNKNOWN ((uid_t)-1) /* no uid's number: chown(2) */

/* Whose line was broken. */
struct culprit {
	int64_t time; /* seconds since the Epoch */
	int64_t pid;
	char program[LEDGER_PROGRAM];
	uint32_t length; /* of start */
	char start[LEDGER_START];
};

/* Why a program is out of the library's reach. */
enum hole_reason { HOLE_STATIC, HOLE_GO, HOLE_PRIVILEGED, HOLE_FOREIGN, HOLE_REASONS };

/* A program that writes past the library. */
struct hole {
	_Atomic uint64_t count; /* how often it was started; 0: the entry is free */
	int64_t time;		/* of the last one, in seconds since the Epoch */
	uint32_t reason;
	char program[LEDGER_PROGRAM];
};

struct ledger {
	_Atomic uint64_t identity; /* made from layout, pipe and uid; 0: nobody's yet */
	struct pipe_id pipe;
	/* When it was in use, in seconds since the Epoch: see note_look. */
	_Atomic int64_t joined, looked, left;
	struct account account;
	_Atomic uint64_t blamed; /* culprits so far; the last is culprits[(blamed - 1) % …] */
	struct culprit culprits[LEDGER_CULPRITS];
	struct hole holes[LEDGER_HOLES];
};

/* The page of that pipe for the effective uid, made if there is none; NULL: it can't be had. It
 * stays attached. `likely` is what the effective uid was when somebody last asked, or
 * LEDGER_UNKNOWN: where that still holds, to join costs three system calls and to make a page four.
 * Async-signal-safe. */
struct ledger *ledger_open(const struct pipe_id *id, uid_t likely);

void ledger_leave(const struct ledger *ledger);

/* Notes whose line was broken: async-signal-safe. start: as many of the line's first bytes as may
 * be kept (contract 8). */
void ledger_blame(struct ledger *ledger, pid_t pid, const char *program, const char *start,
		  size_t length);

/* Notes that a program out of reach was started with the pipe as its output; `now` in seconds since
 * the Epoch. Those of one name and reason are counted together; where there is no room, the one
 * that was longest ago gives way. Async-signal-safe. A program that has two guarded pipes belongs
 * in the ledger of one of them. */
void ledger_unreached(struct ledger *ledger, const char *program, enum hole_reason reason,
		      int64_t now);

/* "static" and so on; of any number, as it may come from a page. */
const char *hole_reason_word(uint32_t reason);

/* The highest index that ledger_look need be asked for; or -errno, where this kernel has no shared
 * memory segments or doesn't let us at them. */
int ledger_last(void);

enum look {
	LOOK_NOTHING, /* no page there */
	LOOK_HIDDEN,  /* what may be a page of another uid's, which can't be read */
	LOOK_PAGE,
};

/* The page at that index of the kernel's table, as it is now, and whose it is. */
enum look ledger_look(int index, uid_t *owner, struct ledger *copy);

/* Removes the pages of the effective uid that are left over: nobody has them attached, and
 * - no process holds the pipe; or,
 * - where that can't be told, as of a page that was made in another PID namespace, or where there
 *   are processes that can't be looked into, ten minutes have gone by; or there are sixteen such
 *   pages that were left later.
 * The pages of `living` stay. Walks /proc if there is anything to remove: for the start of a
 * process tree. */
void ledger_sweep(const struct target *living);

#endif
