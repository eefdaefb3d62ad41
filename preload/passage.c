/* The passage. It calls fdmap, the emitter and what the call itself is made with. */
#include "passage.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>

#include "raw.h"

static ssize_t call_again(const struct sink *sink, const struct iovec *iov, int count)
{
	struct call *call = (struct call *)sink;

	return call->again(call, iov, count);
}

static int call_stalled(const struct sink *sink)
{
	long flags = raw3(SYS_fcntl, ((const struct call *)sink)->fd, F_GETFL, 0);

	return flags >= 0 && flags & O_NONBLOCK ? EAGAIN : EINTR;
}

static bool call_gone(const struct sink *sink)
{
	struct pollfd look = {.fd = ((const struct call *)sink)->fd};
	struct timespec now = {0};

	return raw_syscall(SYS_ppoll, (long)&look, 1, (long)&now, 0, 0, 0) == 1 &&
	       look.revents & POLLERR;
}

/* errno matters to nobody here: the passage puts it back. */
static void call_broke(const struct sink *sink, const char *bytes, size_t n)
{
	const struct call *call = (const struct call *)sink;
	struct ledger *ledger = atomic_load_explicit(&call->pipe->ledger, memory_order_relaxed);
	pid_t pid = (pid_t)raw3(SYS_getpid, 0, 0, 0);

	atomic_fetch_add_explicit(&process.broken, 1, memory_order_relaxed);
	if (ledger)
		ledger_blame(ledger, pid, program_invocation_short_name, bytes, n);
}

/* Where not, the kernel has its own answer, and the bytes can't be looked at. */
static bool is_readable(const struct iovec *iov, int count)
{
	if (!iov || count <= 0 || count > IOV_MAX)
		return false;
	for (int i = 0; i < count; i++)
		if ((!iov[i].iov_base && iov[i].iov_len) || iov[i].iov_len > SSIZE_MAX)
			return false;
	return true;
}

ssize_t passage(struct call *call, const struct iovec *iov, int count)
{
	struct guarded *pipe = fdmap_guarded(call->fd);

	if (!pipe || !is_readable(iov, count))
		return call->again(call, iov, count);
	struct account *account = passage_account((unsigned)(pipe - process.pipes));
	uint64_t word = passage_word(account);

	if (emitter_passes(&process.limits, word, iov, count)) {
		ssize_t written = call->again(call, iov, count);

		if (written > 0)
			emitter_passed(account, word, iov, (size_t)written);
		return written;
	}
	/* The map may be stale, and bytes are about to change (contract 2). */
	if (!fdmap_verify(call->fd, pipe))
		return call->again(call, iov, count);
	call->sink = (struct sink){call_again, call_stalled, call_gone, call_broke};
	call->pipe = pipe;
	int error = errno;
	ssize_t done = emitter_writev(&process.limits, account, &call->sink, iov, count,
				      EMITTER_FIRST_WHOLE);

	if (done >= 0)
		errno = error;
	return done;
}

ssize_t passage_note_with_care(struct account *account, uint64_t seen, const void *buf,
			       ssize_t written)
{
	const struct iovec iov = {(void *)buf, (size_t)written};

	emitter_passed(account, seen, &iov, (size_t)written);
	return written;
}
