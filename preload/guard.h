/* The guard: what happens to a write to a guarded pipe, or to an fd of which it isn't known yet
 * whether it is one.
 *
 * Async-signal-safe (contract 5): no heap, no lock, at most 2 KiB of stack with its callers; errno
 * is as the last system call of a failure left it, and untouched by a success. */
#ifndef LINECAP_GUARD_H
#define LINECAP_GUARD_H

#include <sys/socket.h>

#include "fdmap.h"
#include "sink.h"

/* What comes through syscall(2) is no cancellation point, libc's function of that name may be. */
enum call_way { CALL_BY_NAME, CALL_BY_NUMBER };

/* A call of the program's that writes, and how the same kind of call is made with other iovecs. */
struct call {
	struct sink sink; /* first: the emitter's sink is the call. Filled in by the guard */
	ssize_t (*again)(struct call *call, const struct iovec *iov, int count);
	int fd;
	int flags;
	enum call_way way;
	const struct msghdr *message; /* of sendmsg(2): what goes along with the first bytes */
	const struct iovec *own;      /* of vmsplice(2): the program's own iovecs */
	struct guarded *pipe;	      /* that fd is. Filled in by the guard */
	const struct iovec *made;     /* the bytes, as the program gave them. By the guard, too */
	int made_count;
};

/* Makes the call: as it is where fd is no guarded pipe or no break is needed, else through the
 * emitter. Counts what passes: hooks need ask the fd map only to save a step. iov: the caller's
 * bytes. */
ssize_t guard(struct call *call, const struct iovec *iov, int count);

/* A write of length bytes has been made on an fd that is due to be asked again, and answered so. If
 * a line ended in it, nobody need be asked: lines never cost a system call. Only now may the bytes
 * be looked at, since the kernel has its own answer to a bad buffer; and where it may not have
 * looked, on a device, the fd is asked. If that is a guarded pipe, it is where they went. */
void guard_ask(int fd, const struct iovec *iov, size_t length, ssize_t written);

/* The same for n bytes that nobody has seen, and that nobody has counted before. */
void guard_unseen(int fd, ssize_t n);

/* Of process.pipes[entry]. */
static inline struct account *guard_account(unsigned entry)
{
	return atomic_load_explicit(&process.accounts[entry], memory_order_relaxed);
}

/* Notes what became of a blind write by one who entered alone: see line.h. */
ssize_t guard_note(struct account *account, const void *buf, size_t n, ssize_t written);

static inline ssize_t guard_leave(struct account *account, const void *buf, size_t n,
				  ssize_t written)
{
	if (__builtin_expect((size_t)written != n, 0) ||
	    __builtin_expect(((const char *)buf)[n - 1] != '\n', 0))
		return guard_note(account, buf, n, written);
	line_leave_alone(account, n);
	return (ssize_t)n;
}

#endif
