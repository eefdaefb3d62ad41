/* The passage: what happens to a write once fdmap says that its fd is a guarded pipe.
 *
 * A hook asks passage_look whether the bytes may pass as they are. If so, it calls the next
 * definition itself, as the program had asked, and notes what went out; else it leaves the write to
 * passage_emit. Async-signal-safe (contract 5): no heap, no lock, about 2 KiB of stack. */
#ifndef LINECAP_PASSAGE_H
#define LINECAP_PASSAGE_H

#include "fdmap.h"

enum { PASSAGE_MOST = 0x7ffff000 }; /* bytes that one write(2) moves at most on Linux */

/* How bytes with breaks get out: the caller's own kind of call, as writev(2). */
typedef ssize_t passage_way(int fd, const struct iovec *iov, int count, int flags);

passage_way passage_way_libc;	  /* writev: a cancellation point */
passage_way passage_way_syscall;  /* no cancellation point */
passage_way passage_way_pwritev2; /* with its flags */

/* Where to note bytes that may pass as they are: pipe, or process.pipes[FD_OTHER] if fd isn't that
 * pipe after all. NULL: they need a break, and fd has been verified. */
struct guarded *passage_look(struct guarded *pipe, int fd, const struct iovec *iov, int count);

/* Writes with breaks; returns and sets errno as writev(2). */
ssize_t passage_emit(struct guarded *pipe, passage_way *way, int fd, int flags,
		     const struct iovec *iov, int count);

/* Notes written bytes, if any; returns written. */
ssize_t passage_notev(struct guarded *pipe, const struct iovec *iov, ssize_t written);
ssize_t passage_note_open(struct guarded *pipe, const void *buf, ssize_t written);

/* May n bytes pass whatever they hold? Never so for FD_UNKNOWN. */
static inline bool passage_fits(const struct guarded *pipe, size_t n)
{
	uint64_t word = atomic_load_explicit(pipe->word, memory_order_relaxed);

	return __builtin_expect(emitter_fits(&process.limits, word, n), 1);
}

/* As passage_notev for one buffer, for the path that nearly every write takes. */
static inline ssize_t passage_note(struct guarded *pipe, const void *buf, ssize_t written)
{
	if (__builtin_expect(written <= 0, 0))
		return written;
	if (__builtin_expect(((const char *)buf)[written - 1] != '\n', 0))
		return passage_note_open(pipe, buf, written);
	atomic_store_explicit(pipe->word, 0, memory_order_relaxed);
	return written;
}

#endif
