/* The fd map. It may call nothing but the raw system call. */
#include "fdmap.h"

#include <errno.h>

#include "raw.h"
#include <sys/prctl.h>
#include <sys/stat.h>

struct process process = {
	.pipes = {[FD_UNKNOWN] = {.own = {.word = INT64_MAX}}},
	.accounts = {[FD_UNKNOWN] = &process.pipes[FD_UNKNOWN].own,
		     [FD_OTHER] = &process.pipes[FD_OTHER].own},
};
_Atomic unsigned char fdmap[FDMAP_FDS];

static unsigned entry_of(const struct stat *st)
{
	for (unsigned i = FD_GUARDED; i < process.pipes_end; i++)
		if (process.pipes[i].id.ino == st->st_ino && process.pipes[i].id.dev == st->st_dev)
			return i;
	return FD_OTHER;
}

static _Atomic bool filtered;

static bool ask(int fd, struct stat *st)
{
	return !atomic_load_explicit(&filtered, memory_order_relaxed) &&
	       !raw3(SYS_fstat, fd, st, 0);
}

/* The highest fd that was ever noted: closefrom(3) needn't touch the pages beyond. */
static _Atomic unsigned highest;

static void note(int fd, unsigned entry)
{
	if ((unsigned)fd >= FDMAP_FDS)
		return;
	if ((unsigned)fd > atomic_load_explicit(&highest, memory_order_relaxed))
		atomic_store_explicit(&highest, (unsigned)fd, memory_order_relaxed);
	atomic_store_explicit(&fdmap[fd], (unsigned char)entry, memory_order_relaxed);
}

/* The process has come to write to the pipe: from now on it counts with all others. Two threads
 * that meet here map the page twice, and either is good. */
static void join_ledger(unsigned entry)
{
	struct guarded *pipe = &process.pipes[entry];

	if (atomic_load_explicit(&pipe->ledger, memory_order_relaxed))
		return;
	int error = errno;
	struct ledger *ledger = ledger_open(&pipe->id);

	errno = error;
	if (!ledger)
		return;
	atomic_store_explicit(&pipe->ledger, ledger, memory_order_relaxed);
	atomic_store_explicit(&process.accounts[entry], &ledger->account, memory_order_release);
}

static unsigned classify(int fd)
{
	struct stat st = {0};

	if (!atomic_load_explicit(&process.active, memory_order_acquire) || !ask(fd, &st))
		return FD_OTHER;
	unsigned entry = entry_of(&st);

	if (entry != FD_OTHER)
		join_ledger(entry);
	/* In a vfork(2) child the map is the parent's, the fds are not. */
	if (raw3(SYS_getpid, 0, 0, 0) == atomic_load_explicit(&process.pid, memory_order_relaxed))
		note(fd, entry);
	return entry;
}

struct guarded *fdmap_guarded(int fd)
{
	unsigned entry = fdmap_entry(fd);

	if (entry == FD_UNKNOWN)
		entry = classify(fd);
	return entry == FD_OTHER ? NULL : &process.pipes[entry];
}

bool fdmap_verify(int fd, const struct guarded *pipe)
{
	struct stat st = {0};

	if (ask(fd, &st) && st.st_ino == pipe->id.ino && st.st_dev == pipe->id.dev)
		return true;
	fdmap_forget(fd);
	return false;
}

void fdmap_expect_filter(int option)
{
	if (option != PR_SET_SECCOMP)
		return;
	fdmap_guarded(1);
	fdmap_guarded(2);
	atomic_store_explicit(&filtered, true, memory_order_relaxed);
}

void fdmap_forget(int fd)
{
	if ((unsigned)fd <= atomic_load_explicit(&highest, memory_order_relaxed))
		atomic_store_explicit(&fdmap[fd], FD_UNKNOWN, memory_order_relaxed);
}

void fdmap_forget_range(unsigned first, unsigned last)
{
	unsigned end = atomic_load_explicit(&highest, memory_order_relaxed);

	for (unsigned fd = first; fd <= last && fd <= end; fd++)
		atomic_store_explicit(&fdmap[fd], FD_UNKNOWN, memory_order_relaxed);
}
