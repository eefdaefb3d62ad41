/* The guard. It calls fdmap, the emitter and what the call itself is made with. */
#include "guard.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>

#include "bytes.h"
#include "emitter.h"
#include "next.h"
#include "readable.h"
#include "sys.h"
#include "whole.h"

static ssize_t call_again(const struct sink *sink, const struct iovec *iov, int count)
{
	struct call *call = (struct call *)sink;

	return call->again(call, iov, count);
}

/* The kernel has its own way of dealing with bytes that can't be read, and so with those before
 * them. */
static ssize_t call_as_made(const struct sink *sink, const struct iovec *iov, int count)
{
	struct call *call = (struct call *)sink;

	(void)iov;
	(void)count;
	return call->again(call, call->made, call->made_count);
}

static int call_stalled(const struct sink *sink)
{
	long flags = sys3(SYS_fcntl, ((const struct call *)sink)->fd, F_GETFL, 0);

	return flags >= 0 && flags & O_NONBLOCK ? EAGAIN : EINTR;
}

static bool call_gone(const struct sink *sink)
{
	struct pollfd look = {.fd = ((const struct call *)sink)->fd};
	struct timespec now = {0};

	return sys_call(SYS_ppoll, (long)&look, 1, (long)&now, 0, 0, 0) == 1 &&
	       look.revents & POLLERR;
}

/* A child that nobody has told of its fork asks once. */
static pid_t own_pid(void)
{
	pid_t pid = atomic_load_explicit(&process_own.own.pid, memory_order_relaxed);

	if (!pid) {
		pid = sys_getpid();
		atomic_store_explicit(&process_own.own.pid, pid, memory_order_relaxed);
	}
	return pid;
}

/* errno matters to nobody here: the guard puts it back. */
static void call_broke(const struct sink *sink, const char *bytes, size_t n)
{
	const struct call *call = (const struct call *)sink;
	struct ledger *ledger = atomic_load_explicit(&call->pipe->ledger, memory_order_relaxed);
	pid_t pid = sys_getpid();

	own_pid(); /* the figure's */
	atomic_fetch_add_explicit(&process_own.own.broken, 1, memory_order_relaxed);
	if (ledger)
		ledger_blame(ledger, pid, process.program, bytes,
			     n < process.sample ? n : process.sample); /* contract 8 */
}

static uint64_t writer_of(pid_t pid)
{
	return (uint64_t)sys_thread() ^ (uint64_t)pid << 48;
}

/* Tells threads of all processes apart, but for a child that shares our memory: what it writes may
 * be taken for its parent's, and stand behind it on its line. In the mode split nobody asks. */
static uint64_t writer(void)
{
	return process.limits.mode == LIMITER_SPLIT ? 0 : writer_of(own_pid());
}

/* Where bytes may be dropped, such a child is told apart, too: it may have been vforked. */
static uint64_t call_writer(const struct sink *sink)
{
	(void)sink;
	return writer_of(sys_getpid());
}

/* Where not, the kernel has its own answer, and neither array nor bytes can be looked at. */
static bool has_array(const struct iovec *iov, int count)
{
	return iov && count > 0 && count <= IOV_MAX;
}

static bool is_sound(const struct iovec *iov, int count)
{
	size_t length = 0;

	for (int i = 0; i < count; i++)
		if (__builtin_add_overflow(length, iov[i].iov_len, &length) || length > SSIZE_MAX)
			return false;
	return true;
}

/* How are bytes asked about that are about to be looked at? */
enum asking { ASK_NOT, ASK_ONCE /* a page */, ASK_EACH /* time */ };

/* Where bytes are about to be looked at that would fit on a line of their own, the kernel is asked
 * before: what it says of a bad buffer is the program's to hear (contract 2). That is a system call
 * for a write that ends its line all the same, once in max bytes at most, and for one whose bytes
 * are dropped. For a line that stays within max, but near to it, what the kernel has seen of the
 * page once is enough (contract 6). */
static enum asking asking_of(size_t length, uint64_t word)
{
	uint64_t max = process.limits.max;
	struct line line = line_of(word);

	if (length > LIMITER_QUICK_MOST || length > max)
		return ASK_NOT;
	if (line.column + length <= max && !line.dropping && !line.torn)
		return ASK_ONCE;
	return ASK_EACH;
}

static size_t readable_of(const struct iovec *buffer, enum asking asking)
{
	const void *bytes = buffer->iov_base;
	size_t n = buffer->iov_len;

	if (!n || asking == ASK_NOT || (asking == ASK_ONCE && readable(bytes, n)))
		return n;
	return readable_bytes(bytes, n);
}

/* How many of the buffers can be read, up to the first that can't. beginning: what can be read of
 * that one. */
static int count_readable(const struct iovec *iov, int count, uint64_t word,
			  struct iovec *beginning)
{
	int end = 0;
	size_t length = 0;

	*beginning = (struct iovec){0};
	for (; end < count && (iov[end].iov_base || !iov[end].iov_len); end++)
		length += iov[end].iov_len;
	enum asking asking = asking_of(length, word);

	for (int i = 0; i < end; i++) {
		size_t can = readable_of(&iov[i], asking);

		if (can == iov[i].iov_len)
			continue;
		*beginning = (struct iovec){iov[i].iov_base, can};
		return i;
	}
	return end;
}

/* How many of the n bytes stand behind the last newline; SIZE_MAX where there is none. */
static size_t tail_of(const struct iovec *iov, size_t n)
{
	size_t tail = 0;
	bool newline = false;

	for (; n; iov++) {
		size_t k = iov->iov_len < n ? iov->iov_len : n;
		const char *last = limiter_last_newline(iov->iov_base, k);

		newline = newline || last;
		tail = last ? (size_t)((const char *)iov->iov_base + k - last - 1) : tail + k;
		n -= k;
	}
	return newline ? tail : SIZE_MAX;
}

void guard_ask(int fd, const struct iovec *iov, size_t length, ssize_t written)
{
	if (written <= 0 || !length)
		return;
	size_t tail = fdmap_has(fd, FDMAP_UNREAD) ? SIZE_MAX : tail_of(iov, (size_t)written);

	if (tail != SIZE_MAX) {
		fdmap_ended(fd, tail);
		return;
	}
	struct guarded *pipe = fdmap_ask(fd);

	if (!pipe)
		return;
	struct account *account = guard_account((unsigned)(pipe - process.pipes));

	whole_note(&process.limits, account, line_begin(account, length), iov, length, written,
		   writer());
}

void guard_unseen(int fd, ssize_t n)
{
	if (n <= 0 || fdmap_passes(fd, (size_t)n))
		return;
	struct guarded *pipe = fdmap_ask(fd);

	if (!pipe)
		return;
	struct account *account = guard_account((unsigned)(pipe - process.pipes));
	struct turn turn = line_begin(account, (size_t)n);

	line_extend(account, &turn, (uint64_t)n);
}

/* The kernel's answer to what can't be looked at before. What it took all the same, up to a bad
 * buffer, is on the line. */
static ssize_t call_and_count(struct call *call, struct account *account, const struct iovec *iov,
			      int count)
{
	ssize_t written = call->again(call, iov, count);

	if (written > 0)
		whole_note(&process.limits, account, line_begin(account, (size_t)written), iov,
			   (size_t)written, written, writer());
	return written;
}

/* On an fd that is no guarded pipe the kernel is the first that sees the array; what it has written
 * is counted then. */
static ssize_t call_first(struct call *call, const struct iovec *iov, int count)
{
	ssize_t written = call->again(call, iov, count);

	if (written <= 0)
		return written;
	readable_note(iov, (size_t)count * sizeof *iov);
	if (!fdmap_passes(call->fd, (size_t)written))
		guard_ask(call->fd, iov, bytes_in(iov, count), written);
	return written;
}

/* Is the array there, and may it be looked at? */
static bool can_see(const struct call *call, const struct iovec *iov, int count)
{
	if (!has_array(iov, count))
		return false;
	return readable_as_known(iov, (size_t)count * sizeof *iov) ||
	       (fdmap_ask(call->fd) && readable(iov, (size_t)count * sizeof *iov));
}

/* Where bytes are dropped no call is made, which may have been a cancellation point (contract 2):
 * of no bytes it changes nothing. Not inline: its caller stands above the deepest of the stack. */
__attribute__((noinline)) static void pass_by_cancellation(struct call *call, uint64_t word)
{
	const struct iovec nothing = {0};

	if (!line_of(word).dropping || call->way != CALL_BY_NAME)
		return;
	if (call->own)
		next.write(call->fd, NULL, 0); /* vmsplice's: it would change its flags */
	else
		call->again(call, &nothing, 1);
}

/* The line may have no room for these bytes. Those that can be read are looked at, and pass as the
 * program's own call, or with breaks. */
static ssize_t look_and_write(struct call *call, struct account *account, const struct iovec *iov,
			      int count, uint64_t word)
{
	const struct limits *limits = &process.limits;
	struct iovec beginning;

	call->made = iov;
	call->made_count = count;
	count = count_readable(iov, count, word, &beginning);
	bool is_all = !beginning.iov_len; /* that can be read */

	if (!bytes_in(iov, count)) {
		if (is_all)
			return call_and_count(call, account, call->made, call->made_count);
		iov = &beginning;
		count = 1;
		is_all = true;
	}
	call->sink = (struct sink){
		.writev = is_all ? call_as_made : call_again,
		.stalled = call_stalled,
		.gone = call_gone,
		.broken = call_broke,
		.writer = call_writer,
	};
	ssize_t written = whole_pass(limits, account, &call->sink, iov, count, writer());

	if (written != WHOLE_NEVER)
		return written;
	/* The map may be stale, and bytes are about to change (contract 2). */
	if (!fdmap_verify(call->fd, call->pipe))
		return call_as_made(&call->sink, iov, count);
	int error = errno;

	pass_by_cancellation(call, word);
	call->sink.writev = call_again;
	written = emitter_writev(limits, account, &call->sink, iov, count, EMITTER_FIRST_WHOLE);
	if (written >= 0)
		errno = error;
	return written;
}

ssize_t guard(struct call *call, const struct iovec *iov, int count)
{
	unsigned entry = fdmap_entry(call->fd);

	if (entry == FD_OTHER && has_array(iov, count) &&
	    !readable_as_known(iov, (size_t)count * sizeof *iov))
		return call_first(call, iov, count);
	bool sound = can_see(call, iov, count) && is_sound(iov, count);
	size_t length = sound ? bytes_in(iov, count) : 0;

	if (fdmap_passes(call->fd, length))
		return call->again(call, iov, count);
	ssize_t written;

	if (entry == FD_OTHER && length <= process.limits.max) {
		written = call->again(call, iov, count);
		guard_ask(call->fd, iov, length, written);
		return written;
	}
	struct guarded *pipe = fdmap_ask(call->fd);

	if (!pipe)
		fdmap_passes(call->fd, length); /* counts them */
	if (!pipe)
		return call->again(call, iov, count);
	const struct limits *limits = &process.limits;
	struct account *account = guard_account((unsigned)(pipe - process.pipes));

	call->pipe = pipe;
	if (!sound)
		return call_and_count(call, account, iov, count);
	uint64_t word = line_word(account);
	struct turn turn;

	if (line_fits(limits, word, length) && line_enter(account, limits, length, &turn)) {
		written = call->again(call, iov, count);
		whole_note(limits, account, turn, iov, length, written, writer());
		return written;
	}
	return look_and_write(call, account, iov, count, word);
}

ssize_t guard_note(struct account *account, const void *buf, size_t n, ssize_t written)
{
	const struct iovec iov = {(void *)buf, n};

	whole_note(&process.limits, account, line_turn_alone(account, n), &iov, n, written,
		   writer());
	return written;
}
