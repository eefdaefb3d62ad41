/* The sink: where the bytes of a write go, as the one who writes them has it. */
#ifndef LINECAP_SINK_H
#define LINECAP_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { SINK_IOVECS = 16 }; /* of a batch; they lie on the stack (contract 5) */

/* Where the bytes go. Each function is called with the sink itself, so that a user can keep more
 * behind it (first member of a larger struct). */
struct sink {
	/* As writev(2), on the caller's own iovecs, or on at most SINK_IOVECS, none of them empty.
	 */
	ssize_t (*writev)(const struct sink *sink, const struct iovec *iov, int count);
	/* A write came back short and moved none of the caller's bytes: what errno would write(2)
	 * have left? EAGAIN where the sink doesn't block, EINTR where it does. */
	int (*stalled)(const struct sink *sink);
	/* Nobody will ever read from the sink (poll(2): POLLERR). Asked for each 64 KiB dropped. */
	bool (*gone)(const struct sink *sink);
	/* A line has just been broken for the first time; these of its bytes are at hand. May be
	 * NULL. */
	void (*broken)(const struct sink *sink, const char *bytes, size_t n);
	/* Who writes: a thread's id, or whatever tells one writer from another. May be NULL: there
	 * is but one. */
	uint64_t (*writer)(const struct sink *sink);
};

static inline uint64_t sink_writer(const struct sink *sink)
{
	return sink->writer ? sink->writer(sink) : 0;
}

#endif
