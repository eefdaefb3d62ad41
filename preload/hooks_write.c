/* The hooks of the calls that write bytes from the caller's memory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "calls.h"
#include "hooks.h"
#include "sys.h"

/* More functions than one, so that each step saves no more registers than it needs: what the fast
 * path adds is counted in instructions (contract 6). */
#define STEP __attribute__((noinline)) static

STEP ssize_t write_with_care(int fd, const void *buf, size_t n)
{
	return write_in(CALL_BY_NAME, fd, buf, n);
}

/* On an fd that is due to be asked again. */
STEP ssize_t write_unsure(int fd, const void *buf, size_t n)
{
	if (n - 1 >= process.limits.max)
		return write_with_care(fd, buf, n);
	ssize_t written = next.write(fd, buf, n);

	bool unread = fdmap_has(fd, FDMAP_UNREAD);

	if (unread && fdmap_is_still_other(fd))
		return written;
	if (!unread && (size_t)written == n && ((const char *)buf)[n - 1] == '\n')
		fdmap_ended(fd, 0);
	else
		guard_ask(fd, &(struct iovec){(void *)buf, n}, n, written);
	return written;
}

STEP ssize_t write_crowded(int fd, const void *buf, size_t n, struct account *account)
{
	line_back_out(account, n);
	return write_with_care(fd, buf, n);
}

STEP ssize_t write_guarded(int fd, const void *buf, size_t n, struct account *account)
{
	enum line_entry entry = line_enter_alone(account, &process.limits, n);

	if (__builtin_expect(entry == LINE_REFUSED, 0))
		return write_with_care(fd, buf, n);
	if (__builtin_expect(entry == LINE_CROWDED, 0))
		return write_crowded(fd, buf, n, account);
	return guard_leave(account, buf, n, next.write(fd, buf, n));
}

static inline ssize_t write_at(struct fd_place place, int fd, const void *buf, size_t n)
{
	unsigned entry = fdmap_is(place);

	if (entry == FD_OTHER)
		return fdmap_counts(place, n) ? next.write(fd, buf, n) : write_unsure(fd, buf, n);
	return write_guarded(fd, buf, n, guard_account(entry));
}

STEP ssize_t write_far(int fd, const void *buf, size_t n)
{
	return write_at(fdmap_place(fd), fd, buf, n);
}

ssize_t hook_write(int fd, const void *buf, size_t n)
{
	if (!fdmap_is_near(fd))
		return write_far(fd, buf, n);
	return write_at(fdmap_near(fd), fd, buf, n);
}

ssize_t write_in(enum call_way way, int fd, const void *buf, size_t n)
{
	struct call call = {.again = again_write, .fd = fd, .way = way};

	return guard(&call, &(struct iovec){(void *)buf, n}, 1);
}

ssize_t writev_in(enum call_way way, int fd, const struct iovec *iov, int count)
{
	struct call call = {.again = again_writev, .fd = fd, .way = way};

	return guard(&call, iov, count);
}

ssize_t hook_writev(int fd, const struct iovec *iov, int count)
{
	return writev_in(CALL_BY_NAME, fd, iov, count);
}

ssize_t pwritev2_in(enum call_way way, int fd, const struct iovec *iov, int count, int flags)
{
	struct call call = {.again = again_pwritev2, .fd = fd, .flags = flags, .way = way};

	return guard(&call, iov, count);
}

ssize_t hook_pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	if (offset != -1)
		return next.pwritev2(fd, iov, count, offset, flags);
	return pwritev2_in(CALL_BY_NAME, fd, iov, count, flags);
}

/* The flags that vmsplice(2) knows: it refuses any other. */
enum {
	SPLICE_FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT,
};

/* From a read end, vmsplice(2) reads. */
static bool is_read_end(int fd)
{
	if (fdmap_has(fd, FDMAP_WRITE_END))
		return false;
	long flags = sys3(SYS_fcntl, fd, F_GETFL, 0);

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return true;
	fdmap_note_trait(fd, FDMAP_WRITE_END);
	return false;
}

/* To a pipe, it is a writev that may save the kernel a copy. */
ssize_t vmsplice_in(enum call_way way, int fd, const struct iovec *iov, size_t count,
		    unsigned flags)
{
	struct call call = {
		.again = again_vmsplice,
		.fd = fd,
		.flags = (int)flags,
		.way = way,
		.own = iov,
	};

	/* Of another fd, the guard asks when it is time. */
	bool guarded = fdmap_entry(fd) != FD_OTHER && fdmap_guarded(fd, 0);

	if (guarded && flags & ~(unsigned)SPLICE_FLAGS) {
		errno = EINVAL;
		return -1;
	}
	if (count > IOV_MAX || (guarded && is_read_end(fd)))
		return way == CALL_BY_NAME ? next.vmsplice(fd, iov, count, flags)
					   : next.syscall(SYS_vmsplice, fd, (long)iov, (long)count,
							  flags, 0, 0);
	return guard(&call, iov, (int)count);
}

ssize_t hook_vmsplice(int fd, const struct iovec *iov, size_t count, unsigned flags)
{
	/* musl's is no cancellation point (contract 2). */
	enum call_way way = next.gnu_get_libc_version ? CALL_BY_NAME : CALL_BY_NUMBER;

	return vmsplice_in(way, fd, iov, count, flags);
}
