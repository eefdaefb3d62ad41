/* The hooks of the calls that write bytes from the caller's memory. __write is glibc's old second
 * name of write, pwritev64v2 its name where offsets have 64 bits. */
#include <fcntl.h>

#include "calls.h"
#include "hooks.h"

/* Three functions, so that each step saves no more registers than it needs: what the fast path
 * adds is counted in instructions (contract 6). */
#define STEP __attribute__((noinline)) static

STEP ssize_t write_with_care(int fd, const void *buf, size_t n)
{
	struct call call = {.again = again_write, .fd = fd};

	return passage(&call, &(struct iovec){(void *)buf, n}, 1);
}

STEP ssize_t write_guarded(int fd, const void *buf, size_t n, struct account *account)
{
	uint64_t word = passage_word(account);

	if (__builtin_expect(!emitter_fits(&process.limits, word, n), 0))
		return write_with_care(fd, buf, n);
	return passage_note(account, word, buf, next.write(fd, buf, n));
}

EXPORT ssize_t write(int fd, const void *buf, size_t n)
{
	unsigned entry = fdmap_entry(fd);

	if (entry == FD_OTHER)
		return next.write(fd, buf, n);
	return write_guarded(fd, buf, n, passage_account(entry));
}

EXPORT ssize_t __write(int fd, const void *buf, size_t n) __attribute__((alias("write")));

EXPORT ssize_t writev(int fd, const struct iovec *iov, int count)
{
	struct call call = {.again = again_writev, .fd = fd};

	if (fdmap_entry(fd) == FD_OTHER)
		return next.writev(fd, iov, count);
	return passage(&call, iov, count);
}

EXPORT ssize_t pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	struct call call = {.again = again_pwritev2, .fd = fd, .flags = flags};

	if (offset != -1 || fdmap_entry(fd) == FD_OTHER)
		return next.pwritev2(fd, iov, count, offset, flags);
	return passage(&call, iov, count);
}

EXPORT ssize_t pwritev64v2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
	__attribute__((alias("pwritev2")));

/* To a pipe, vmsplice(2) is a writev that may save the kernel a copy. */
EXPORT ssize_t vmsplice(int fd, const struct iovec *iov, size_t count, unsigned flags)
{
	struct call call = {.again = again_writev, .fd = fd};

	if (fdmap_entry(fd) == FD_OTHER || !fdmap_guarded(fd))
		return next.vmsplice(fd, iov, count, flags);
	return passage(&call, iov, (int)count);
}
