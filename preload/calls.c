/* The kinds of call that write. Each calls the next definition and nothing else. */
#include "calls.h"

#include "next.h"
#include "raw.h"

ssize_t again_write(struct call *call, const struct iovec *iov, int count)
{
	if (count == 1)
		return next.write(call->fd, iov->iov_base, iov->iov_len);
	return next.writev(call->fd, iov, count);
}

ssize_t again_writev(struct call *call, const struct iovec *iov, int count)
{
	return next.writev(call->fd, iov, count);
}

ssize_t again_pwritev2(struct call *call, const struct iovec *iov, int count)
{
	return next.pwritev2(call->fd, iov, count, -1, call->flags);
}

ssize_t again_syscall_write(struct call *call, const struct iovec *iov, int count)
{
	if (count == 1)
		return next.syscall(SYS_write, call->fd, (long)iov->iov_base, (long)iov->iov_len, 0,
				    0, 0);
	return again_syscall_writev(call, iov, count);
}

ssize_t again_syscall_writev(struct call *call, const struct iovec *iov, int count)
{
	return next.syscall(SYS_writev, call->fd, (long)iov, count, 0, 0, 0);
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
	ssize_t sent = next.sendmsg(call->fd, &message, call->flags);

	if (sent > 0)
		call->message = NULL;
	return sent;
}
