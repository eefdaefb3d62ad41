/* The passage: what happens to a write whose fd fdmap doesn't know to be no guarded pipe.
 *
 * Async-signal-safe (contract 5): no heap, no lock, about 2 KiB of stack, 1 KiB of it iovecs; errno
 * is as the last system call of a failure left it, and untouched by a success. */
#ifndef LINECAP_PASSAGE_H
#define LINECAP_PASSAGE_H

#include <sys/socket.h>

#include "fdmap.h"

/* A call of the program's that writes, and how the same kind of call is made with other iovecs. */
struct call {
	struct sink sink; /* first: the emitter's sink is the call. Filled in by the passage */
	ssize_t (*again)(struct call *call, const struct iovec *iov, int count);
	int fd;
	int flags;
	const struct msghdr *message; /* of sendmsg(2): what goes along with the first bytes */
	struct guarded *pipe;	      /* that fd is. Filled in by the passage */
};

/* Makes the call: as it is where fd is no guarded pipe or no break is needed, else through the
 * emitter. iov: the caller's bytes. */
ssize_t passage(struct call *call, const struct iovec *iov, int count);

static inline struct account *passage_account(const struct guarded *pipe)
{
	return atomic_load_explicit(&pipe->account, memory_order_relaxed);
}

/* May n bytes pass whatever they hold? Never so for FD_UNKNOWN. */
static inline bool passage_fits(const struct account *account, size_t n)
{
	uint64_t word = atomic_load_explicit(&account->word, memory_order_relaxed);

	return __builtin_expect(emitter_fits(&process.limits, word, n), 1);
}

ssize_t passage_note_open(struct account *account, const void *buf, ssize_t written);

/* Notes the written bytes, if any, of a call that was made as it was; returns written. The line
 * can't have been broken before: then passage_fits had said no. */
static inline ssize_t passage_note(struct account *account, const void *buf, ssize_t written)
{
	if (__builtin_expect(written <= 0, 0))
		return written;
	if (__builtin_expect(((const char *)buf)[written - 1] != '\n', 0))
		return passage_note_open(account, buf, written);
	atomic_store_explicit(&account->word, 0, memory_order_relaxed);
	emitter_count(&account->bytes, (uint64_t)written);
	emitter_count(&account->lines, 1);
	return written;
}

#endif
