/* The kinds of call that write. Each calls the next definition and nothing else, but that vmsplice
 * looks for room. */
#include "calls.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>

#include "next.h"
#include "sys.h"

ssize_t again_write(struct call *call, const struct iovec *iov, int count)
{
	if (count != 1)
		return again_writev(call, iov, count);
	if (call->way == CALL_BY_NUMBER)
		return next.syscall(SYS_write, call->fd, (long)iov->iov_base, (long)iov->iov_len, 0,
				    0, 0);
	return next.write(call->fd, iov->iov_base, iov->iov_len);
}

ssize_t again_writev(struct call *call, const struct iovec *iov, int count)
{
	if (call->way == CALL_BY_NUMBER)
		return next.syscall(SYS_writev, call->fd, (long)iov, count, 0, 0, 0);
	return next.writev(call->fd, iov, count);
}

ssize_t again_pwritev2(struct call *call, const struct iovec *iov, int count)
{
	if (call->way == CALL_BY_NUMBER)
		return next.syscall(SYS_pwritev2, call->fd, (long)iov, count, -1, -1, call->flags);
	return next.pwritev2(call->fd, iov, count, -1, call->flags);
}

static bool is_full(int fd)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	struct timespec now = {0};

	return !sys_call(SYS_ppoll, (long)&room, 1, (long)&now, 0, 0, 0);
}

/* A text of ours is an iovec of its own, and stays whole; it never goes out alone, as a write that
 * moves none of the caller's bytes is no answer. */
static ssize_t write_a_page(struct call *call, const struct iovec *iov, int count)
{
	struct iovec start[2] = {*iov, {0}};
	size_t length = 0;
	int whole = 0;

	while (whole < count && iov[whole].iov_len <= PIPE_BUF - length)
		length += iov[whole++].iov_len;
	if (whole > 1 || whole == count)
		return again_writev(call, iov, whole);
	if (!whole) {
		start[0].iov_len = PIPE_BUF;
		return again_write(call, start, 1);
	}
	start[1] = (struct iovec){iov[1].iov_base, PIPE_BUF - length};
	return again_writev(call, start, 2);
}

ssize_t again_vmsplice(struct call *call, const struct iovec *iov, int count)
{
	if (iov == call->own && call->way == CALL_BY_NUMBER)
		return next.syscall(SYS_vmsplice, call->fd, (long)iov, count, call->flags, 0, 0);
	if (iov == call->own)
		return next.vmsplice(call->fd, iov, (size_t)count, (unsigned)call->flags);
	/* RWF_NOWAIT would know better, but not on a pipe that was ever spliced (EOPNOTSUPP). */
	if (call->flags & SPLICE_F_NONBLOCK && is_full(call->fd)) {
		errno = EAGAIN;
		return -1;
	}
	call->flags |= SPLICE_F_NONBLOCK; /* what fits has been waited for */
	return write_a_page(call, iov, count);
}

ssize_t again_send(struct call *call, const struct iovec *iov, int count)
{
	if (count == 1)
		return next.send(call->fd, iov->iov_base, iov->iov_len, call->flags);
	return again_sendmsg(call, iov, count);
}

ssize_t again_sendmsg(struct call *call, const struct iovec *iov, int count)
{
	struct msghdr message = call->message ? *call->message : (struct msghdr){0};

	message.msg_iov = (struct iovec *)iov;
	message.msg_iovlen = (size_t)count;
	ssize_t sent =
		call->way == CALL_BY_NUMBER
			? next.syscall(SYS_sendmsg, call->fd, (long)&message, call->flags, 0, 0, 0)
			: next.sendmsg(call->fd, &message, call->flags);

	if (sent > 0)
		call->message = NULL;
	return sent;
}
