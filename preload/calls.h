/* The kinds of call that write, each as the guard wants it (struct call's `again`): made with
 * other iovecs than the program's, or with just those. They are the cancellation points that
 * libc's are, or none where the call came by number. */
#ifndef LINECAP_CALLS_H
#define LINECAP_CALLS_H

#include "guard.h"

/* One buffer goes out by write, more by writev. */
ssize_t again_write(struct call *call, const struct iovec *iov, int count);
ssize_t again_writev(struct call *call, const struct iovec *iov, int count);
/* At the current position, with flags. */
ssize_t again_pwritev2(struct call *call, const struct iovec *iov, int count);
/* With flags. Breaks, which may lie on the stack, make it a copy, of at most PIPE_BUF bytes: as
 * vmsplice it waits for room where it may, and then takes no more than fits. */
ssize_t again_vmsplice(struct call *call, const struct iovec *iov, int count);
/* One buffer goes out by send, more by sendmsg, with flags. */
ssize_t again_send(struct call *call, const struct iovec *iov, int count);
/* With flags; address and control data go along with the first bytes only. */
ssize_t again_sendmsg(struct call *call, const struct iovec *iov, int count);

#endif
