/* The hooks of the calls that send: a guarded stream socket (LINECAP_TARGET=stdio) is a pipe by
 * another name. */
#include <limits.h>

#include "calls.h"
#include "hooks.h"
#include "readable.h"
#include "sys.h"

ssize_t hook_send(int fd, const void *buf, size_t n, int flags)
{
	struct call call = {.again = again_send, .fd = fd, .flags = flags};

	if (fdmap_passes(fd, n))
		return next.send(fd, buf, n, flags);
	return guard(&call, &(struct iovec){(void *)buf, n}, 1);
}

ssize_t sendto_in(enum call_way way, int fd, const void *buf, size_t n, int flags,
		  const struct sockaddr *to, socklen_t length)
{
	const struct msghdr message = {.msg_name = (void *)to, .msg_namelen = length};
	struct call call = {
		.again = again_sendmsg,
		.fd = fd,
		.flags = flags,
		.way = way,
		.message = &message,
	};

	if (fdmap_guarded(fd, n))
		return guard(&call, &(struct iovec){(void *)buf, n}, 1);
	if (way == CALL_BY_NAME)
		return next.sendto(fd, buf, n, flags, to, length);
	return next.syscall(SYS_sendto, fd, (long)buf, (long)n, flags, (long)to, length);
}

ssize_t hook_sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to,
		    socklen_t length)
{
	return sendto_in(CALL_BY_NAME, fd, buf, n, flags, to, length);
}

/* How long a message is can't be seen before without reading what may be a bad pointer, on sockets
 * that are none of ours: so it is counted afterwards. */
static ssize_t send_uncounted(enum call_way way, int fd, const struct msghdr *message, int flags)
{
	if (way == CALL_BY_NAME)
		return next.sendmsg(fd, message, flags);
	return next.syscall(SYS_sendmsg, fd, (long)message, flags, 0, 0, 0);
}

ssize_t sendmsg_in(enum call_way way, int fd, const struct msghdr *message, int flags)
{
	struct call call = {
		.again = again_sendmsg,
		.fd = fd,
		.flags = flags,
		.way = way,
		.message = message,
	};

	if (fdmap_guarded(fd, 0) && readable(message, sizeof *message) &&
	    message->msg_iovlen <= IOV_MAX)
		return guard(&call, message->msg_iov, (int)message->msg_iovlen);
	ssize_t sent = send_uncounted(way, fd, message, flags);

	guard_unseen(fd, sent);
	return sent;
}

ssize_t hook_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return sendmsg_in(CALL_BY_NAME, fd, message, flags);
}

static int send_all_uncounted(enum call_way way, int fd, struct mmsghdr *messages, unsigned count,
			      int flags)
{
	if (way == CALL_BY_NAME)
		return next.sendmmsg(fd, messages, count, flags);
	return (int)next.syscall(SYS_sendmmsg, fd, (long)messages, count, flags, 0, 0);
}

/* As sendmmsg(2): how many messages were sent, the last perhaps in part; an error counts only if
 * none was. */
int sendmmsg_in(enum call_way way, int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	unsigned sent = 0;

	if (!count || !fdmap_guarded(fd, 0)) {
		int all = send_all_uncounted(way, fd, messages, count, flags);

		for (int i = 0; i < all; i++)
			guard_unseen(fd, messages[i].msg_len);
		return all;
	}
	for (; sent < count && sent < IOV_MAX; sent++) {
		if (!readable(&messages[sent], sizeof *messages))
			return sent ? (int)sent : send_all_uncounted(way, fd, messages, 1, flags);
		ssize_t n = sendmsg_in(way, fd, &messages[sent].msg_hdr, flags);

		if (n < 0)
			return sent ? (int)sent : -1;
		messages[sent].msg_len = (unsigned)n;
	}
	return (int)sent;
}

int hook_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	return sendmmsg_in(CALL_BY_NAME, fd, messages, count, flags);
}
