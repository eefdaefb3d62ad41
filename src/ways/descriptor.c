/* The ways that take a file descriptor and bytes. Weak names: see text.h. */
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Until glibc 2.34 these were in libpthread.so.0. */
#pragma weak pthread_create
#pragma weak pthread_join

/* glibc's other names for the same calls; musl has none of them. */
extern ssize_t __write(int, const void *, size_t) __attribute__((weak));
extern ssize_t __send(int, const void *, size_t, int) __attribute__((weak));
extern ssize_t pwritev2(int, const struct iovec *, int, off_t, int) __attribute__((weak));
extern ssize_t pwritev64v2(int, const struct iovec *, int, off_t, int) __attribute__((weak));
extern int __dprintf_chk(int, int, const char *, ...) __attribute__((weak));
extern int __vdprintf_chk(int, int, const char *, va_list) __attribute__((weak));

static ssize_t alias_write(int fd, const void *bytes, size_t n)
{
	need(__write);
	return __write(fd, bytes, n);
}

/* Seven bytes a call: no single call carries a line that is too long. */
static ssize_t write_sevens(int fd, const void *bytes, size_t n)
{
	return write(fd, bytes, n < 7 ? n : 7);
}

static ssize_t write_nonblocking(int fd, const void *bytes, size_t n)
{
	ssize_t wrote;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	while ((wrote = write(fd, bytes, n)) < 0 && errno == EAGAIN)
		poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
	return wrote;
}

static ssize_t vector(int fd, const void *bytes, size_t n)
{
	return writev(fd, &(struct iovec){(void *)bytes, n}, 1);
}

/* As many small pieces as one call takes. */
static ssize_t vector_of_many(int fd, const void *bytes, size_t n)
{
	enum { PIECES = 1024, PIECE = 13 };
	struct iovec pieces[PIECES];
	int count = 0;

	for (size_t at = 0; at < n && count < PIECES; at += PIECE)
		pieces[count++] =
			(struct iovec){(char *)bytes + at, n - at < PIECE ? n - at : PIECE};
	return writev(fd, pieces, count);
}

static ssize_t vector_at_no_offset(int fd, const void *bytes, size_t n)
{
	need(pwritev2);
	return pwritev2(fd, &(struct iovec){(void *)bytes, n}, 1, -1, 0);
}

static ssize_t vector_at_no_offset_64(int fd, const void *bytes, size_t n)
{
	need(pwritev64v2);
	return pwritev64v2(fd, &(struct iovec){(void *)bytes, n}, 1, -1, 0);
}

static ssize_t syscall_write(int fd, const void *bytes, size_t n)
{
	return syscall(SYS_write, fd, bytes, n);
}

static ssize_t syscall_writev(int fd, const void *bytes, size_t n)
{
	return syscall(SYS_writev, fd, &(struct iovec){(void *)bytes, n}, 1);
}

static ssize_t syscall_pwritev2(int fd, const void *bytes, size_t n)
{
	struct iovec piece = {(void *)bytes, n};
	long written = syscall(SYS_pwritev2, fd, &piece, 1, -1L, -1L, 0);

	if (written < 0 && errno == ENOSYS)
		absent();
	return written;
}

static ssize_t raw_instruction(int fd, const void *bytes, size_t n)
{
#if defined __x86_64__
	ssize_t result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SYS_write), "D"(fd), "S"(bytes), "d"(n)
			 : "rcx", "r11", "memory");
	return result;
#elif defined __aarch64__
	register long x8 __asm__("x8") = SYS_write;
	register long x0 __asm__("x0") = fd;
	register const void *x1 __asm__("x1") = bytes;
	register size_t x2 __asm__("x2") = n;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
#else
	(void)fd, (void)bytes, (void)n;
	absent();
#endif
}

static void formatted(int fd)
{
	if (dprintf(fd, "%s", line) != (int)line_length)
		broken("dprintf");
}

__attribute__((format(printf, 2, 3))) static int by_list(int fd, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	int n = vdprintf(fd, format, list);
	va_end(list);
	return n;
}

static void formatted_list(int fd)
{
	if (by_list(fd, "%s", line) != (int)line_length)
		broken("vdprintf");
}

static void formatted_checked(int fd)
{
	need(__dprintf_chk);
	if (__dprintf_chk(fd, 1, "%s", line) != (int)line_length)
		broken("__dprintf_chk");
}

__attribute__((format(printf, 2, 3))) static int by_checked_list(int fd, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	int n = __vdprintf_chk(fd, 1, format, list);
	va_end(list);
	return n;
}

static void formatted_checked_list(int fd)
{
	need(__vdprintf_chk);
	if (by_checked_list(fd, "%s", line) != (int)line_length)
		broken("__vdprintf_chk");
}

static void to_a_copy(int fd)
{
	push(dup(fd), write);
}

/* Where a limit keeps the program from such a descriptor, there is no such way. */
static void allow_descriptor(rlim_t fd)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		broken("getrlimit");
	if (files.rlim_max <= fd)
		absent();
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files))
		broken("setrlimit");
}

static void to_a_copy_by_fcntl(int fd)
{
	allow_descriptor(100);
	push(fcntl(fd, F_DUPFD_CLOEXEC, 100), write);
}

static void to_a_high_copy(int fd)
{
	allow_descriptor(3000);
	push(dup2(fd, 3000), write);
}

static void to_the_pipe_opened_again(int fd)
{
	push(open(path_of(fd), O_WRONLY | O_CLOEXEC), write);
}

/* A descriptor that comes out of recvmsg: no dup, no open. */
static void to_a_copy_by_message(int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {
			     .cmsg_len = CMSG_LEN(sizeof(int)),
			     .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS,
		     }};
	struct iovec byte = {(char[]){0}, 1};
	struct msghdr message = {
		.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control,
	};
	int ends[2], copy;

	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || sendmsg(ends[0], &message, 0) != 1 ||
	    recvmsg(ends[1], &message, 0) != 1)
		broken("pass a descriptor");
	memcpy(&copy, CMSG_DATA(&control.header), sizeof copy);
	push(copy, write);
}

static void *thread(void *fd)
{
	push(*(int *)fd, write);
	return NULL;
}

static void in_a_thread(int fd)
{
	pthread_t id;

	need(pthread_create);
	if (pthread_create(&id, NULL, thread, &fd) || pthread_join(id, NULL))
		broken("pthread_create");
}

static int signalled_fd;

static void on_signal(int number)
{
	(void)number;
	push(signalled_fd, write);
}

static void in_a_signal_handler(int fd)
{
	signalled_fd = fd;
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL);
	raise(SIGUSR1);
}

static ssize_t sent(int fd, const void *bytes, size_t n)
{
	return send(fd, bytes, n, MSG_NOSIGNAL);
}

static ssize_t alias_sent(int fd, const void *bytes, size_t n)
{
	need(__send);
	return __send(fd, bytes, n, MSG_NOSIGNAL);
}

static ssize_t sent_to(int fd, const void *bytes, size_t n)
{
	return sendto(fd, bytes, n, 0, NULL, 0);
}

static ssize_t sent_message(int fd, const void *bytes, size_t n)
{
	struct iovec piece = {(void *)bytes, n};

	return sendmsg(fd, &(struct msghdr){.msg_iov = &piece, .msg_iovlen = 1}, 0);
}

/* Two messages a call: the sum of what was taken is answered, as push() wants it. */
static ssize_t sent_messages(int fd, const void *bytes, size_t n)
{
	struct iovec halves[] = {{(void *)bytes, n / 2}, {(char *)bytes + n / 2, n - n / 2}};
	struct mmsghdr messages[] = {
		{.msg_hdr = {.msg_iov = &halves[0], .msg_iovlen = 1}},
		{.msg_hdr = {.msg_iov = &halves[1], .msg_iovlen = 1}},
	};
	int count = sendmmsg(fd, messages, 2, 0);

	if (count < 1)
		return -1;
	if (messages[0].msg_len < halves[0].iov_len)
		return messages[0].msg_len;
	return (ssize_t)messages[0].msg_len + (count == 2 ? (ssize_t)messages[1].msg_len : 0);
}

const struct way descriptor_ways[] = {
	{"write", EITHER, PIPE, write, NULL},
	{"write, 7 bytes a call", EITHER, PIPE, write_sevens, NULL},
	{"write, non-blocking", EITHER, PIPE, write_nonblocking, NULL},
	{"write to a dup", EITHER, PIPE, NULL, to_a_copy},
	{"write to a dup by fcntl", EITHER, PIPE, NULL, to_a_copy_by_fcntl},
	{"write to a dup at fd 3000", EITHER, PIPE, NULL, to_a_high_copy},
	{"write to a dup by recvmsg", EITHER, PIPE, NULL, to_a_copy_by_message},
	{"write to /proc/self/fd/N", EITHER, PIPE, NULL, to_the_pipe_opened_again},
	{"write in a thread", EITHER, PIPE, NULL, in_a_thread},
	{"write in a signal handler", EITHER, PIPE, NULL, in_a_signal_handler},
	{"__write", EITHER, PIPE, alias_write, NULL},
	{"writev", EITHER, PIPE, vector, NULL},
	{"writev of 1024 pieces", EITHER, PIPE, vector_of_many, NULL},
	{"pwritev2 at -1", EITHER, PIPE, vector_at_no_offset, NULL},
	{"pwritev64v2 at -1", EITHER, PIPE, vector_at_no_offset_64, NULL},
	{"syscall(SYS_write)", EITHER, PIPE, syscall_write, NULL},
	{"syscall(SYS_writev)", EITHER, PIPE, syscall_writev, NULL},
	{"syscall(SYS_pwritev2)", EITHER, PIPE, syscall_pwritev2, NULL},
	{"raw system call", EITHER, PIPE, raw_instruction, NULL},
	{"dprintf", EITHER, PIPE, NULL, formatted},
	{"vdprintf", EITHER, PIPE, NULL, formatted_list},
	{"__dprintf_chk", EITHER, PIPE, NULL, formatted_checked},
	{"__vdprintf_chk", EITHER, PIPE, NULL, formatted_checked_list},
	{"write to a socket", EITHER, SOCKET, write, NULL},
	{"writev to a socket", EITHER, SOCKET, vector, NULL},
	{"send", EITHER, SOCKET, sent, NULL},
	{"__send", EITHER, SOCKET, alias_sent, NULL},
	{"sendto", EITHER, SOCKET, sent_to, NULL},
	{"sendmsg", EITHER, SOCKET, sent_message, NULL},
	{"sendmmsg", EITHER, SOCKET, sent_messages, NULL},
	{0},
};
