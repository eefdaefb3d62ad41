/* The kinds of call that write, each as the passage wants it (struct call's `again`): made with
 * other iovecs than the program's, or with just those. */
#ifndef LINECAP_CALLS_H
#define LINECAP_CALLS_H

#include "passage.h"

/* One buffer goes out by write, more by writev: cancellation points both. */
ssize_t again_write(struct call *call, const struct iovec *iov, int count);
ssize_t again_writev(struct call *call, const struct iovec *iov, int count);
/* At the current position, with flags. */
ssize_t again_pwritev2(struct call *call, const struct iovec *iov, int count);
/* The same through syscall(2): no cancellation points. */
ssize_t again_syscall_write(struct call *call, const struct iovec *iov, int count);
ssize_t again_syscall_writev(struct call *call, const struct iovec *iov, int count);
/* One buffer goes out by send, more by sendmsg, with flags. */
ssize_t again_send(struct call *call, const struct iovec *iov, int count);
/* With flags; address and control data go along with the first bytes only. */
ssize_t again_sendmsg(struct call *call, const struct iovec *iov, int count);

#endif
