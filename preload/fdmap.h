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
};

extern _Atomic unsigned char fdmap[FDMAP_FDS] __attribute__((visibility("hidden")));

/* What fd is taken to be: an index into process.pipes. */
static inline unsigned fdmap_entry(int fd)
{
	if (__builtin_expect((unsigned)fd >= FDMAP_FDS, 0))
		return FD_UNKNOWN;
	return atomic_load_explicit(&fdmap[fd], memory_order_relaxed);
}

/* The same, where FD_UNKNOWN has been settled by asking the kernel: the guarded pipe, or NULL. */
struct guarded *fdmap_guarded(int fd);

/* Asks the kernel whether fd is that pipe. If not, the entry is forgotten. */
bool fdmap_verify(int fd, const struct guarded *pipe);

/* The process is about to call prctl(2) with this option, or seccomp(2) (PR_SET_SECCOMP). Behind a
 * filter even fstat may be deadly: fds 1 and 2 are asked for now, and nothing ever after. What a
 * filter lets through isn't known, so no break is put in any more: it could not be verified. */
void fdmap_expect_filter(int option);

/* The fds first…last may be something else now. */
void fdmap_forget(int fd);
void fdmap_forget_range(unsigned first, unsigned last);

#endif
