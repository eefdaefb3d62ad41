/* The fd map. It may call nothing but the raw system call. */
#include "fdmap.h"

#include "raw.h"
#include <sys/stat.h>

struct process process;
_Atomic unsigned char fdmap[FDMAP_FDS];

/* The index of the guarded pipe that st is, or -1. */
static int index_of(const struct stat *st)
{
	for (unsigned i = 0; i < process.target.count; i++)
		if (process.pipes[i].id.ino == st->st_ino && process.pipes[i].id.dev == st->st_dev)
			return (int)i;
	return -1;
}

static bool ask(int fd, struct stat *st)
{
	return !raw3(SYS_fstat, fd, st, 0);
}

/* The highest fd that was ever noted: closefrom(3) needn't touch the pages beyond. */
static _Atomic unsigned highest;

static void note(int fd, unsigned char entry)
{
	if ((unsigned)fd >= FDMAP_FDS)
		return;
	if ((unsigned)fd > atomic_load_explicit(&highest, memory_order_relaxed))
		atomic_store_explicit(&highest, (unsigned)fd, memory_order_relaxed);
	atomic_store_explicit(&fdmap[fd], entry, memory_order_relaxed);
}

struct guarded *fdmap_classify(int fd)
{
	struct stat st;

	if (!atomic_load_explicit(&process.active, memory_order_acquire) || !ask(fd, &st))
		return NULL;
	int index = index_of(&st);

	/* In a vfork(2) child the map is the parent's, the fds are not. */
	if (raw3(SYS_getpid, 0, 0, 0) == atomic_load_explicit(&process.pid, memory_order_relaxed))
		note(fd, (unsigned char)(index < 0 ? FD_OTHER : FD_GUARDED + index));
	return index < 0 ? NULL : &process.pipes[index];
}

struct guarded *fdmap_verify(int fd, struct guarded *pipe)
{
	struct stat st;

	if (ask(fd, &st) && st.st_ino == pipe->id.ino && st.st_dev == pipe->id.dev)
		return pipe;
	fdmap_forget(fd);
	return &process.nobody;
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
