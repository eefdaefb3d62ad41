/* The hooks of the calls that send: a guarded stream socket (LINECAP_TARGET=stdio) is a pipe by
 * another name. __send is glibc's old second name of send. */
#include <limits.h>

#include "calls.h"
#include "hooks.h"

EXPORT ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	struct call call = {.again = again_send, .fd = fd, .flags = flags};

	if (fdmap_entry(fd) == FD_OTHER)
		return next.send(fd, buf, n, flags);
	return passage(&call, &(struct iovec){(void *)buf, n}, 1);
}

EXPORT ssize_t __send(int fd, const void *buf, size_t n, int flags) __attribute__((alias("send")));

/* Under its own name the address would be glibc's union of all kinds of address. */
EXPORT ssize_t linecap_sendto(int fd, const void *buf, size_t n, int flags,
			      const struct sockaddr *to, socklen_t length) __asm__("sendto");

ssize_t linecap_sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to,
		       socklen_t length)
{
	const struct msghdr message = {.msg_name = (void *)to, .msg_namelen = length};
	struct call call = {.again = again_sendmsg, .fd = fd, .flags = flags, .message = &message};

	if (fdmap_entry(fd) == FD_OTHER || !fdmap_guarded(fd))
		return next.sendto(fd, buf, n, flags, to, length);
	return passage(&call, &(struct iovec){(void *)buf, n}, 1);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct call call = {.again = again_sendmsg, .fd = fd, .flags = flags, .message = message};

	if (fdmap_entry(fd) == FD_OTHER || !fdmap_guarded(fd) || !message ||
	    message->msg_iovlen > IOV_MAX)
		return next.sendmsg(fd, message, flags);
	return passage(&call, message->msg_iov, (int)message->msg_iovlen);
}

/* As sendmmsg(2): how many messages were sent, the last perhaps in part; an error counts only if
 * none was. */
EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	unsigned sent = 0;

	if (fdmap_entry(fd) == FD_OTHER || !fdmap_guarded(fd))
		return next.sendmmsg(fd, messages, count, flags);
	for (; sent < count && sent < IOV_MAX; sent++) {
		ssize_t n = sendmsg(fd, &messages[sent].msg_hdr, flags);

		if (n < 0)
			return sent ? (int)sent : -1;
		messages[sent].msg_len = (unsigned)n;
	}
	return (int)sent;
}
