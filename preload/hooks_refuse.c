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
#include <fcntl.h>

#include "hooks.h"
#include "readable.h"
#include "sys.h"

static int refuse(int error)
{
	errno = error;
	return -1;
}

static bool is_open(int fd, int for_the_other_only)
{
	long flags = sys3(SYS_fcntl, fd, F_GETFL, 0);

	return flags >= 0 && !(flags & O_PATH) && (flags & O_ACCMODE) != for_the_other_only;
}

/* The kernel's to refuse: a pipe has no offsets. */
static bool may_start_at(int in, const void *offset)
{
	return !offset ||
	       (sys3(SYS_fcntl, in, F_GETPIPE_SZ, 0) < 0 && readable(offset, sizeof(off_t)));
}

bool moves_into_guarded(int in, const void *offset, int out, size_t n)
{
	return n && fdmap_guarded(out, 0) && is_open(in, O_WRONLY) && is_open(out, O_RDONLY) &&
	       may_start_at(in, offset);
}

/* What is asked for may be far more, each time. */
long note_moved(int out, long moved)
{
	if (fdmap_entry(out) == FD_OTHER)
		guard_unseen(out, moved);
	return moved;
}

ssize_t hook_sendfile(int out, int in, off_t *offset, size_t n)
{
	if (moves_into_guarded(in, offset, out, n))
		return refuse(EINVAL);
	return note_moved(out, next.sendfile(out, in, offset, n));
}

ssize_t hook_splice(int in, off_t *in_offset, int out, off_t *out_offset, size_t n, unsigned flags)
{
	if (!out_offset && moves_into_guarded(in, in_offset, out, n))
		return refuse(EINVAL);
	return note_moved(out, next.splice(in, in_offset, out, out_offset, n, flags));
}

ssize_t hook_tee(int in, int out, size_t n, unsigned flags)
{
	if (moves_into_guarded(in, NULL, out, n))
		return refuse(EINVAL);
	return note_moved(out, next.tee(in, out, n, flags));
}

int hook_aio_write(struct aiocb *block)
{
	if (fdmap_guarded(block->aio_fildes, block->aio_nbytes))
		return refuse(ENOSYS);
	return next_library(aio_write) ? next.aio_write(block) : refuse(ENOSYS);
}

int hook_lio_listio(int mode, struct aiocb *const *list, int count, struct sigevent *event)
{
	for (int i = 0; i < count; i++)
		if (list[i] && list[i]->aio_lio_opcode == LIO_WRITE &&
		    fdmap_guarded(list[i]->aio_fildes, list[i]->aio_nbytes))
			return refuse(ENOSYS);
	return next_library(lio_listio) ? next.lio_listio(mode, list, count, event)
					: refuse(ENOSYS);
}
