/* The fd map: what each fd is, as far as it has been asked.
 *
 * One byte an fd. An entry can be stale (an fd can be closed or replaced where no hook sees it), so
 * it only says what to look at: before bytes change, fdmap_verify asks the kernel.
 * Async-signal-safe throughout; errno is kept. */
#ifndef LINECAP_FDMAP_H
#define LINECAP_FDMAP_H

#include "process.h"

enum {
	FDMAP_FDS = 1 << 20, /* the kernel's default fs.nr_open; fds beyond are asked each time */
	FD_UNKNOWN = 0,
	FD_OTHER,   /* not a guarded pipe */
	FD_GUARDED, /* this and up: process.pipes[entry - FD_GUARDED] */
};

extern _Atomic unsigned char fdmap[FDMAP_FDS];

struct guarded *fdmap_classify(int fd);

/* The guarded pipe that fd is taken to be, or NULL. */
static inline struct guarded *fdmap_guarded(int fd)
{
	if (__builtin_expect((unsigned)fd >= FDMAP_FDS, 0))
		return fdmap_classify(fd);
	unsigned char entry = atomic_load_explicit(&fdmap[fd], memory_order_relaxed);

	if (entry == FD_OTHER)
		return NULL;
	if (__builtin_expect(entry == FD_UNKNOWN, 0))
		return fdmap_classify(fd);
	return &process.pipes[entry - FD_GUARDED];
}

/* Asks the kernel: pipe if fd is that pipe, else &process.nobody. */
struct guarded *fdmap_verify(int fd, struct guarded *pipe);

/* The fds first…last may be something else now. */
void fdmap_forget(int fd);
void fdmap_forget_range(unsigned first, unsigned last);

#endif
