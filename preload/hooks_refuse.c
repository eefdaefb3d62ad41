/* The hooks of the calls whose bytes never come by here: they go from one fd to another inside the
 * kernel, or are written later by a thread of libc's. On a guarded pipe they fail with the errno
 * on which their callers fall back to read and write:
 *
 *   sendfile   EINVAL  sendfile(2): "may wish to fall back … EINVAL or ENOSYS"; busybox, Java's
 *                      transferTo, Rust's io::copy and Python's shutil do
 *   splice     EINVAL  splice(2): a file system that doesn't support splicing
 *   tee        EINVAL  tee(2): an fd that is no pipe
 *   aio_write, lio_listio  ENOSYS  aio_write(3): not supported here
 *
 * copy_file_range(2), pwrite(2) and pwritev(2) need no hook: on a pipe the kernel itself answers
 * EINVAL and ESPIPE. */
#include <aio.h>
#include <errno.h>

#include "hooks.h"

static int refuse(int error)
{
	errno = error;
	return -1;
}

EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t n)
{
	if (fdmap_guarded(out))
		return refuse(EINVAL);
	return next.sendfile(out, in, offset, n);
}

EXPORT ssize_t sendfile64(int out, int in, off_t *offset, size_t n)
	__attribute__((alias("sendfile")));

EXPORT ssize_t splice(int in, off_t *in_offset, int out, off_t *out_offset, size_t n,
		      unsigned flags)
{
	if (fdmap_guarded(out))
		return refuse(EINVAL);
	return next.splice(in, in_offset, out, out_offset, n, flags);
}

EXPORT ssize_t tee(int in, int out, size_t n, unsigned flags)
{
	if (fdmap_guarded(out))
		return refuse(EINVAL);
	return next.tee(in, out, n, flags);
}

EXPORT int aio_write(struct aiocb *block)
{
	if (fdmap_guarded(block->aio_fildes))
		return refuse(ENOSYS);
	return next_library(aio_write)(block);
}

/* glibc's names where offsets have 64 bits: on x86-64 and aarch64, the same functions. */
EXPORT int linecap_aio_write64(struct aiocb *block) __asm__("aio_write64");

int linecap_aio_write64(struct aiocb *block)
{
	return aio_write(block);
}

EXPORT int lio_listio(int mode, struct aiocb *const *list, int count, struct sigevent *event)
{
	for (int i = 0; i < count; i++)
		if (list[i] && list[i]->aio_lio_opcode == LIO_WRITE &&
		    fdmap_guarded(list[i]->aio_fildes))
			return refuse(ENOSYS);
	return next_library(lio_listio)(mode, list, count, event);
}

EXPORT int linecap_lio_listio64(int mode, struct aiocb *const *list, int count,
				struct sigevent *event) __asm__("lio_listio64");

int linecap_lio_listio64(int mode, struct aiocb *const *list, int count, struct sigevent *event)
{
	return lio_listio(mode, list, count, event);
}
