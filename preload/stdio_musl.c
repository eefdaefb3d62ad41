/* musl's stdio: each FILE keeps a pointer to its write function, which makes the system call
 * itself.
 *
 * Facts: musl 1.2.5 src/internal/stdio_impl.h (the layout, the same since 1.1.0 in what is used
 * here), src/stdio/__stdio_write.c, __stdout_write.c. The layout is checked before it is believed:
 * the fd fields of stdout and stderr hold 1 and 2, and the pointers lie in libc's code. */
#include <stddef.h>
#include <stdio.h>

#include "hooks.h"
#include "segment.h"
#include "sys.h"

struct musl_file {
	unsigned flags;
	unsigned char *rpos, *rend;
	int (*close)(struct musl_file *stream);
	unsigned char *wend, *wpos;
	unsigned char *unused;
	unsigned char *wbase;
	size_t (*read)(struct musl_file *stream, unsigned char *bytes, size_t n);
	musl_write *write;
	off_t (*seek)(struct musl_file *stream, off_t offset, int whence);
	unsigned char *buf;
	size_t buf_size;
	struct musl_file *prev, *next;
	int fd;
	int pipe_pid;
	long lockcount;
	int mode;
	int lock;
	int lbf;
};

enum { F_ERR = 32, F_SVB = 64 };

static musl_write hooked_write;

/* stdout's first write: libc's own looks for a terminal, and puts stdio_write in its place. */
static size_t first_write(struct musl_file *stream, const unsigned char *bytes, size_t n)
{
	musl_write *first = process.musl_stdout_write;

	process.musl_stdout_write = NULL;
	size_t done = first(stream, bytes, n);

	stream->write = hooked_write;
	return done;
}

/* All of them, through the hooked system call (musl's own is no cancellation point either). Answers
 * how many were left over by an error. */
static size_t write_both(int fd, struct iovec iov[2])
{
	size_t left = iov[0].iov_len + iov[1].iov_len;

	while (left) {
		bool both = iov[0].iov_len;
		ssize_t n = hook_syscall(SYS_writev, fd, (long)(both ? iov : iov + 1), both ? 2 : 1,
					 0, 0, 0);

		if (n < 0)
			break;
		left -= (size_t)n;
		for (int i = 0; i < 2; i++) {
			size_t k = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;

			iov[i].iov_base = (char *)iov[i].iov_base + k;
			iov[i].iov_len -= k;
			n -= (ssize_t)k;
		}
	}
	return left;
}

/* What is still in the buffer goes ahead of the n bytes; answers how many of those are done. */
static size_t hooked_write(struct musl_file *stream, const unsigned char *bytes, size_t n)
{
	bool is_first = process.musl_stdout_write && stream == process.musl_stdout;
	size_t buffered = (size_t)(stream->wpos - stream->wbase);

	if (is_first ? !fdmap_guarded(stream->fd, buffered + n)
		     : fdmap_passes(stream->fd, buffered + n))
		return is_first ? first_write(stream, bytes, n)
				: process.musl_write(stream, bytes, n);
	if (is_first) {
		process.musl_stdout_write = NULL;
		if (!(stream->flags & F_SVB))
			stream->lbf = -1; /* a guarded pipe is no terminal */
	}
	struct iovec iov[2] = {{stream->wbase, buffered}, {(void *)bytes, n}};
	size_t left = write_both(stream->fd, iov);

	if (left) {
		stream->wpos = stream->wbase = stream->wend = NULL;
		stream->flags |= F_ERR;
		return left < n ? n - left : 0;
	}
	stream->wend = stream->buf + stream->buf_size;
	stream->wpos = stream->wbase = stream->buf;
	return n;
}

void stdio_musl_opened(FILE *stream)
{
	struct musl_file *file = (struct musl_file *)stream;

	if (process.musl_write && file->write == process.musl_write)
		file->write = hooked_write;
}

static bool is_code(uintptr_t object, uintptr_t function)
{
	struct segment segment = segment_of(function);

	return segment.object == object && segment.executable;
}

bool stdio_musl_hook(void)
{
	if (next.gnu_get_libc_version || !next.__overflow || !next.stdout || !next.stderr)
		return false;
	struct musl_file *out = *(struct musl_file **)next.stdout;
	struct musl_file *err = *(struct musl_file **)next.stderr;
	uintptr_t libc = segment_of((uintptr_t)next.__overflow).object; /* behind putc(3) */

	if (out->fd != 1 || err->fd != 2)
		return false;
	if (!is_code(libc, (uintptr_t)out->write) || !is_code(libc, (uintptr_t)err->write) ||
	    !is_code(libc, (uintptr_t)err->close) || !is_code(libc, (uintptr_t)err->seek))
		return false;
	process.musl_write = err->write;
	process.musl_stdout_write = out->write == err->write ? NULL : out->write;
	process.musl_stdout = out;
	out->write = err->write = hooked_write;
	return true;
}
