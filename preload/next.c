/* The next definitions. Facts: dlsym(3), which is in libdl.so.2 before glibc 2.34 and in libc.so.6
 * since. */
#include "next.h"

#include <dlfcn.h>
#include <stdbool.h>

#include "raw.h"

static ssize_t raw_write(int fd, const void *buf, size_t n)
{
	return raw_result(raw3(SYS_write, fd, buf, n));
}

static ssize_t raw_writev(int fd, const struct iovec *iov, int count)
{
	return raw_result(raw3(SYS_writev, fd, iov, count));
}

static ssize_t raw_pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	/* The kernel takes the offset as two words, the low one first, and looks at the low
	 * one only where a word holds it all. */
	return raw_result(raw_syscall(SYS_pwritev2, fd, (long)iov, count, offset, 0, flags));
}

static long raw_syscall_function(long number, long a, long b, long c, long d, long e, long f)
{
	return raw_result(raw_syscall(number, a, b, c, d, e, f));
}

static ssize_t raw_vmsplice(int fd, const struct iovec *iov, size_t count, unsigned flags)
{
	return raw_result(raw_syscall(SYS_vmsplice, fd, (long)iov, (long)count, flags, 0, 0));
}

static ssize_t raw_sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to,
			  socklen_t length)
{
	return raw_result(raw_syscall(SYS_sendto, fd, (long)buf, (long)n, flags, (long)to, length));
}

static ssize_t raw_send(int fd, const void *buf, size_t n, int flags)
{
	return raw_sendto(fd, buf, n, flags, NULL, 0);
}

static ssize_t raw_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return raw_result(raw3(SYS_sendmsg, fd, message, flags));
}

static int raw_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	return (int)raw_result(raw_syscall(SYS_sendmmsg, fd, (long)messages, count, flags, 0, 0));
}

static ssize_t raw_sendfile(int out, int in, off_t *offset, size_t n)
{
	return raw_result(raw_syscall(SYS_sendfile, out, in, (long)offset, (long)n, 0, 0));
}

static ssize_t raw_splice(int in, off_t *in_offset, int out, off_t *out_offset, size_t n,
			  unsigned flags)
{
	return raw_result(raw_syscall(SYS_splice, in, (long)in_offset, out, (long)out_offset,
				      (long)n, flags));
}

static ssize_t raw_tee(int in, int out, size_t n, unsigned flags)
{
	return raw_result(raw_syscall(SYS_tee, in, out, (long)n, flags, 0, 0));
}

static int raw_prctl(int option, long a, long b, long c, long d)
{
	return (int)raw_result(raw_syscall(SYS_prctl, option, a, b, c, d, 0));
}

static int raw_close(int fd)
{
	return (int)raw_result(raw3(SYS_close, fd, 0, 0));
}

static int raw_dup(int fd)
{
	return (int)raw_result(raw3(SYS_dup, fd, 0, 0));
}

static int raw_dup3(int from, int to, int flags)
{
	return (int)raw_result(raw3(SYS_dup3, from, to, flags));
}

static int raw_dup2(int from, int to)
{
	/* dup3(2) refuses equal fds where dup2(2) looks whether the fd is open. */
	if (from == to)
		return raw_result(raw3(SYS_fcntl, from, 1 /* F_GETFD */, 0)) < 0 ? -1 : to;
	return raw_dup3(from, to, 0);
}

static int raw_close_range(unsigned first, unsigned last, int flags)
{
	return (int)raw_result(raw3(SYS_close_range, first, last, flags));
}

static void raw_closefrom(int first)
{
	raw3(SYS_close_range, first < 0 ? 0 : first, ~0U, 0);
}

struct next next = {
	.write = raw_write,
	.writev = raw_writev,
	.pwritev2 = raw_pwritev2,
	.syscall = raw_syscall_function,
	.vmsplice = raw_vmsplice,
	.send = raw_send,
	.sendto = raw_sendto,
	.sendmsg = raw_sendmsg,
	.sendmmsg = raw_sendmmsg,
	.sendfile = raw_sendfile,
	.splice = raw_splice,
	.tee = raw_tee,
	.prctl = raw_prctl,
	.close = raw_close,
	.dup = raw_dup,
	.dup2 = raw_dup2,
	.dup3 = raw_dup3,
	.close_range = raw_close_range,
	.closefrom = raw_closefrom,
};

/* ISO C has no way from a data pointer to a function's; POSIX promises this one (dlsym(3p)). */
static next_function *function_in(void *scope, const char *name)
{
	next_function *function;

	*(void **)&function = dlsym(scope, name);
	return function;
}

void *next_data_anywhere(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

next_function *next_function_anywhere(const char *name)
{
	return function_in(RTLD_DEFAULT, name);
}

void next_resolve(void)
{
	static bool resolved;
	next_function *found;

	if (resolved)
		return;
	resolved = true;
#define X(name, result, parameters)                                                                \
	if ((found = function_in(RTLD_NEXT, #name)))                                               \
		next.name = (result(*) parameters)found;
	NEXT_SYSTEM_CALLS(X)
	NEXT_LIBRARY_CALLS(X)
#undef X
}
