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

/* Of process.pipes[entry]. */
static inline struct account *passage_account(unsigned entry)
{
	return atomic_load_explicit(&process.accounts[entry], memory_order_relaxed);
}

static inline uint64_t passage_word(const struct account *account)
{
	return atomic_load_explicit(&account->word, memory_order_relaxed);
}

ssize_t passage_note_with_care(struct account *account, uint64_t seen, const void *buf,
			       ssize_t written);

/* Notes the written bytes, if any, of a call that was made as it was; returns written. seen: the
 * word before it. A whole line on a line that was empty, and still is, leaves nothing to note but
 * the figures. */
static inline ssize_t passage_note(struct account *account, uint64_t seen, const void *buf,
				   ssize_t written)
{
	if (__builtin_expect(written <= 0, 0))
		return written;
	uint64_t word = passage_word(account);

	if (__builtin_expect(((const char *)buf)[written - 1] != '\n', 0) ||
	    __builtin_expect(word != seen || word >= UINT64_C(1) << LINE_COLUMN_SHIFT, 0))
		return passage_note_with_care(account, seen, buf, written);
	atomic_fetch_add_explicit(&account->bytes, (uint64_t)written, memory_order_relaxed);
	atomic_fetch_add_explicit(&account->lines, 1, memory_order_relaxed);
	return written;
}

#endif
