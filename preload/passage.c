/* The passage. It calls the emitter, fdmap and next; no libc function of its own. */
#include "passage.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>

#include "next.h"
#include "raw.h"

struct passage_sink {
	struct sink sink;
	passage_way *way;
	int fd, flags;
};

ssize_t passage_way_libc(int fd, const struct iovec *iov, int count, int flags)
{
	(void)flags;
	return next.writev(fd, iov, count);
}

ssize_t passage_way_syscall(int fd, const struct iovec *iov, int count, int flags)
{
	(void)flags;
	return raw_result(raw3(SYS_writev, fd, iov, count));
}

ssize_t passage_way_pwritev2(int fd, const struct iovec *iov, int count, int flags)
{
	return next.pwritev2(fd, iov, count, -1, flags);
}

static const struct passage_sink *passage_of(const struct sink *sink)
{
	return (const struct passage_sink *)sink;
}

static ssize_t sink_writev(const struct sink *sink, const struct iovec *iov, int count)
{
	const struct passage_sink *passage = passage_of(sink);

	return passage->way(passage->fd, iov, count, passage->flags);
}

static int sink_stalled(const struct sink *sink)
{
	long flags = raw3(SYS_fcntl, passage_of(sink)->fd, F_GETFL, 0);

	return flags >= 0 && flags & O_NONBLOCK ? EAGAIN : EINTR;
}

static bool sink_gone(const struct sink *sink)
{
	struct pollfd look = {.fd = passage_of(sink)->fd};
	struct timespec now = {0};

	return raw_syscall(SYS_ppoll, (long)&look, 1, (long)&now, 0, 0, 0) == 1 &&
	       look.revents & POLLERR;
}

/* The kernel has its own answer to these, and the bytes can't be looked at. */
static bool is_readable(const struct iovec *iov, int count)
{
	if (!iov || count <= 0 || count > IOV_MAX)
		return false;
	for (int i = 0; i < count; i++)
		if ((!iov[i].iov_base && iov[i].iov_len) || iov[i].iov_len > SSIZE_MAX)
			return false;
	return true;
}

struct guarded *passage_look(struct guarded *pipe, int fd, const struct iovec *iov, int count)
{
	uint64_t word = atomic_load_explicit(pipe->word, memory_order_relaxed);

	if (!is_readable(iov, count))
		return &process.pipes[FD_OTHER];
	if (emitter_passes(&process.limits, word, iov, count))
		return pipe;
	return fdmap_verify(fd, pipe) ? NULL : &process.pipes[FD_OTHER];
}

ssize_t passage_emit(struct guarded *pipe, passage_way *way, int fd, int flags,
		     const struct iovec *iov, int count)
{
	const struct passage_sink passage = {
		.sink = {sink_writev, sink_stalled, sink_gone},
		.way = way,
		.fd = fd,
		.flags = flags,
	};
	int error = errno;
	ssize_t done = emitter_writev(&process.limits, pipe->word, &passage.sink, iov, count,
				      EMITTER_FIRST_WHOLE);

	if (done >= 0)
		errno = error;
	return done;
}

ssize_t passage_notev(struct guarded *pipe, const struct iovec *iov, ssize_t written)
{
	if (written > 0)
		emitter_passed(pipe->word, iov, (size_t)written);
	return written;
}

ssize_t passage_note_open(struct guarded *pipe, const void *buf, ssize_t written)
{
	return passage_notev(pipe, &(struct iovec){(void *)buf, (size_t)written}, written);
}
