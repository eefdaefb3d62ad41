/* What all hooks share. A hook is a line of policy: it may ask fdmap what an fd is, hand a write to
 * the guard, and call the next definition, or another hook; nothing else.
 *
 * hook_NAME is what the exported NAME stands for (calls.def). Nothing here is ever called by an
 * exported name: a program may have defined it itself. */
#ifndef LINECAP_HOOKS_H
#define LINECAP_HOOKS_H

#include "guard.h"
#include "next.h"

/* Not hidden but protected: the linker gives an exported name its hook's visibility. A call inside
 * the library is the same. */
#define HOOK(name, result, parameters)                                                             \
	result hook_##name parameters __attribute__((visibility("protected")));
#define SYSTEM(name, result, parameters, arguments) HOOK(name, result, parameters)
#define BY_HAND(name, result, parameters)	    HOOK(name, result, parameters)
#define LIBRARY(name, result, parameters)	    HOOK(name, result, parameters)
#define ENDS_IN_ANOTHER(name, result, parameters)   HOOK(name, result, parameters)
#include "calls.def"
#undef HOOK

/* What hook_syscall has in common with the hooks of the same names. */
ssize_t write_in(enum call_way way, int fd, const void *buf, size_t n);
ssize_t writev_in(enum call_way way, int fd, const struct iovec *iov, int count);
ssize_t pwritev2_in(enum call_way way, int fd, const struct iovec *iov, int count, int flags);
ssize_t vmsplice_in(enum call_way way, int fd, const struct iovec *iov, size_t count,
		    unsigned flags);
ssize_t sendto_in(enum call_way way, int fd, const void *buf, size_t n, int flags,
		  const struct sockaddr *to, socklen_t length);
ssize_t sendmsg_in(enum call_way way, int fd, const struct msghdr *message, int flags);
int sendmmsg_in(enum call_way way, int fd, struct mmsghdr *messages, unsigned count, int flags);

/* Must the call be refused, since it would move bytes into a guarded pipe? Where it would fail or
 * move nothing, the kernel has the answer. */
bool moves_into_guarded(int in, const void *offset, int out, size_t n);

/* So many bytes were moved, or the call failed: counts them where `out` is no guarded pipe. Answers
 * with the same. */
long note_moved(int out, long moved);

#endif
