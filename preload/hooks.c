/* The hooks: every name that liblinecap.so exports, a line of policy each.
 *
 * A hook may ask fdmap what an fd is, hand a write to the passage, and call the next definition;
 * nothing else. Names and parameters are those of the man pages; the _chk forms are glibc's
 * (debug/vdprintf_chk.c), __write is its old second name of write. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "next.h"
#include "passage.h"
#include "raw.h"

#define EXPORT __attribute__((visibility("default")))

/* --- bytes ------------------------------------------------------------------------------------ */

/* In three functions, so that each step saves no more registers than it needs: what the fast path
 * adds is counted in instructions (contract 6). */
#define STEP __attribute__((noinline)) static

STEP ssize_t write_with_care(int fd, const void *buf, size_t n)
{
	const struct iovec iov = {(void *)buf, n};
	struct guarded *pipe = fdmap_guarded(fd);
	struct guarded *clear = pipe ? passage_look(pipe, fd, &iov, 1) : &process.pipes[FD_OTHER];

	if (clear)
		return passage_note(clear, buf, next.write(fd, buf, n));
	return passage_emit(pipe, passage_way_libc, fd, 0, &iov, 1);
}

STEP ssize_t write_guarded(int fd, const void *buf, size_t n, struct guarded *pipe)
{
	if (!passage_fits(pipe, n))
		return write_with_care(fd, buf, n);
	return passage_note(pipe, buf, next.write(fd, buf, n));
}

EXPORT ssize_t write(int fd, const void *buf, size_t n)
{
	unsigned entry = fdmap_entry(fd);

	if (entry == FD_OTHER)
		return next.write(fd, buf, n);
	return write_guarded(fd, buf, n, &process.pipes[entry]);
}

EXPORT ssize_t __write(int fd, const void *buf, size_t n) __attribute__((alias("write")));

EXPORT ssize_t writev(int fd, const struct iovec *iov, int count)
{
	struct guarded *pipe = fdmap_guarded(fd);

	if (!pipe)
		return next.writev(fd, iov, count);
	struct guarded *clear = passage_look(pipe, fd, iov, count);

	if (clear)
		return passage_notev(clear, iov, next.writev(fd, iov, count));
	return passage_emit(pipe, passage_way_libc, fd, 0, iov, count);
}

EXPORT ssize_t pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	struct guarded *pipe = offset == -1 ? fdmap_guarded(fd) : NULL;

	if (!pipe)
		return next.pwritev2(fd, iov, count, offset, flags);
	struct guarded *clear = passage_look(pipe, fd, iov, count);

	if (clear)
		return passage_notev(clear, iov, next.pwritev2(fd, iov, count, offset, flags));
	return passage_emit(pipe, passage_way_pwritev2, fd, flags, iov, count);
}

EXPORT ssize_t pwritev64v2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
	__attribute__((alias("pwritev2")));

static long syscall_write(int fd, const void *buf, size_t n)
{
	const struct iovec iov = {(void *)buf, n};
	struct guarded *pipe = fdmap_guarded(fd);
	struct guarded *clear = pipe ? passage_look(pipe, fd, &iov, 1) : &process.pipes[FD_OTHER];

	if (clear)
		return passage_note(clear, buf,
				    next.syscall(SYS_write, fd, (long)buf, (long)n, 0, 0, 0));
	return passage_emit(pipe, passage_way_syscall, fd, 0, &iov, 1);
}

static long syscall_writev(int fd, const struct iovec *iov, int count)
{
	struct guarded *pipe = fdmap_guarded(fd);
	struct guarded *clear =
		pipe ? passage_look(pipe, fd, iov, count) : &process.pipes[FD_OTHER];

	if (clear)
		return passage_notev(clear, iov,
				     next.syscall(SYS_writev, fd, (long)iov, count, 0, 0, 0));
	return passage_emit(pipe, passage_way_syscall, fd, 0, iov, count);
}

/* Not variadic, as the one in unistd.h: on x86-64 and aarch64 the registers are the same, and a
 * call of the next definition can be a jump, which leaves no frame of ours under a clone(2). */
EXPORT long linecap_syscall(long number, long a, long b, long c, long d, long e,
			    long f) __asm__("syscall");

long linecap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	switch (number) {
	case SYS_write:
		return syscall_write((int)a, (const void *)b, (size_t)c);
	case SYS_writev:
		return syscall_writev((int)a, (const struct iovec *)b, (int)c);
	case SYS_close:
		fdmap_forget((int)a);
		break;
#ifdef SYS_dup2
	case SYS_dup2:
#endif
	case SYS_dup3:
		fdmap_forget((int)b);
		break;
	case SYS_close_range:
		fdmap_forget_range((unsigned)a, (unsigned)b);
		break;
	default:
		break;
	}
	return next.syscall(number, a, b, c, d, e, f);
}

/* --- formats ---------------------------------------------------------------------------------- */

static int write_all(int fd, const char *text, int length)
{
	for (int done = 0; done < length;) {
		ssize_t n = write(fd, text + done, (size_t)(length - done));

		if (n < 0)
			return -1;
		done += (int)n;
	}
	return length;
}

typedef int format_function(char *text, size_t size, int flag, const char *format, va_list ap);

static int format_plain(char *text, size_t size, int flag, const char *format, va_list ap)
{
	(void)flag;
	return vsnprintf(text, size, format, ap);
}

static int format_checked(char *text, size_t size, int flag, const char *format, va_list ap)
{
	return next.__vsnprintf_chk(text, size, flag, size, format, ap);
}

/* libc's dprintf writes past the exported write, so libc only formats here. -1: it could not (a
 * bad format, no memory), as its own dprintf would have answered. */
static int print(int fd, format_function *to_text, int flag, const char *format, va_list ap)
{
	char fixed[512], *longer = NULL;
	int error = errno; /* for %m */
	va_list again;

	va_copy(again, ap);
	int length = to_text(fixed, sizeof fixed, flag, format, again);

	va_end(again);
	if (length < 0)
		return -1;
	if ((size_t)length >= sizeof fixed) {
		longer = malloc((size_t)length + 1);
		if (!longer)
			return -1;
		errno = error;
		to_text(longer, (size_t)length + 1, flag, format, ap);
	}
	errno = error;
	int printed = write_all(fd, longer ? longer : fixed, length);

	free(longer);
	return printed;
}

EXPORT int vdprintf(int fd, const char *format, va_list ap)
{
	if (fdmap_guarded(fd))
		return print(fd, format_plain, 0, format, ap);
	return next_library(vdprintf)(fd, format, ap);
}

EXPORT int __vdprintf_chk(int fd, int flag, const char *format, va_list ap)
{
	if (!fdmap_guarded(fd) && next_library(__vdprintf_chk))
		return next.__vdprintf_chk(fd, flag, format, ap);
	return print(fd, next_library(__vsnprintf_chk) ? format_checked : format_plain, flag,
		     format, ap);
}

EXPORT int dprintf(int fd, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int printed = vdprintf(fd, format, ap);

	va_end(ap);
	return printed;
}

EXPORT int __dprintf_chk(int fd, int flag, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int printed = __vdprintf_chk(fd, flag, format, ap);

	va_end(ap);
	return printed;
}

/* --- fds: what an fd was may no longer be true -------------------------------------------------
 */

EXPORT int close(int fd)
{
	int result = next.close(fd);

	fdmap_forget(fd);
	return result;
}

EXPORT int __close(int fd) __attribute__((alias("close")));

EXPORT int dup(int from)
{
	int to = next.dup(from);

	fdmap_forget(to);
	return to;
}

EXPORT int dup2(int from, int to)
{
	int result = next.dup2(from, to);

	fdmap_forget(to);
	return result;
}

EXPORT int __dup2(int from, int to) __attribute__((alias("dup2")));

EXPORT int dup3(int from, int to, int flags)
{
	int result = next.dup3(from, to, flags);

	fdmap_forget(to);
	return result;
}

EXPORT int close_range(unsigned first, unsigned last, int flags)
{
	int result = next.close_range(first, last, flags);

	fdmap_forget_range(first, last);
	return result;
}

EXPORT void closefrom(int first)
{
	next.closefrom(first);
	fdmap_forget_range(first < 0 ? 0 : (unsigned)first, ~0U);
}

/* --- streams ---------------------------------------------------------------------------------- */

/* fileno(3), for streams that may have no fd. */
static int fd_of(FILE *stream)
{
	int error = errno, fd = fileno(stream);

	errno = error;
	return fd;
}

EXPORT int fclose(FILE *stream)
{
	int fd = fd_of(stream);
	int result = next_library(fclose)(stream);

	fdmap_forget(fd);
	return result;
}

EXPORT int pclose(FILE *stream)
{
	int fd = fd_of(stream);
	int result = next_library(pclose)(stream);

	fdmap_forget(fd);
	return result;
}

static FILE *opened(FILE *stream)
{
	if (stream)
		stdio_musl_opened(stream);
	return stream;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
	return opened(next_library(fopen)(path, mode));
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
	next_resolve();
	return opened((next.fopen64 ? next.fopen64 : next.fopen)(path, mode));
}

EXPORT FILE *fdopen(int fd, const char *mode)
{
	return opened(next_library(fdopen)(fd, mode));
}

static FILE *reopened(FILE *stream, int old)
{
	fdmap_forget(old);
	if (stream)
		fdmap_forget(fd_of(stream));
	return opened(stream);
}

EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream)
{
	int old = fd_of(stream);

	return reopened(next_library(freopen)(path, mode, stream), old);
}

EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
	int old = fd_of(stream);

	next_resolve();
	return reopened((next.freopen64 ? next.freopen64 : next.freopen)(path, mode, stream), old);
}
