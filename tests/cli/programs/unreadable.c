/* unreadable: what each call that takes an array of buffers answers where the array, or what it
 * names, can't be read, on fds of each kind; and what write(2) answers there for a buffer that
 * nobody looks at. Often enough that what linecap counts comes round. Started by onpipe; one line a
 * case on fd 4. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "raw.h"

enum { PIPE = 1, READER = 3, REPORT = 4, PAGE = 65536, PIECE = 3000, ROUNDS = 20 };

static char bytes[PIECE];
static char *edge; /* from here on nothing can be read */

/* Through a pointer, so that the compiler can't object to what it is given. */
static ssize_t (*volatile a_write)(int, const void *, size_t) = write;

static ssize_t by_writev(int fd, const struct iovec *iov)
{
	return writev(fd, iov, 2);
}

static ssize_t by_pwritev2(int fd, const struct iovec *iov)
{
	return pwritev2(fd, iov, 2, -1, 0);
}

static ssize_t by_number(int fd, const struct iovec *iov)
{
	return syscall(SYS_writev, fd, iov, 2L);
}

static ssize_t by_vmsplice(int fd, const struct iovec *iov)
{
	return vmsplice(fd, iov, 2, 0);
}

static ssize_t by_sendmsg(int fd, const struct iovec *iov)
{
	const struct msghdr message = {.msg_iov = (struct iovec *)iov, .msg_iovlen = 2};

	return sendmsg(fd, &message, 0);
}

static ssize_t by_bad_message(int fd, const struct iovec *iov)
{
	return sendmsg(fd, (const struct msghdr *)iov, 0);
}

static ssize_t by_bad_messages(int fd, const struct iovec *iov)
{
	return sendmmsg(fd, (struct mmsghdr *)iov, 1, 0);
}

struct way {
	const char *name;
	ssize_t (*call)(int fd, const struct iovec *iov);
};

static const struct way ways[] = {
	{"writev", by_writev},
	{"pwritev2", by_pwritev2},
	{"syscall", by_number},
	{"vmsplice", by_vmsplice},
	{"sendmsg", by_sendmsg},
#ifdef __GLIBC__ /* musl looks at a message itself */
	{"sendmsg of a bad message", by_bad_message},
	{"sendmmsg of bad messages", by_bad_messages},
#endif
};

static void say(const char *on, const char *what, const char *of, ssize_t answer)
{
	dprintf(REPORT, "%s, %s, %s: %zd %s\n", on, what, of, answer,
		answer < 0 ? strerror(errno) : "");
}

static void drain(void)
{
	static char drained[PAGE];

	while (read(READER, drained, sizeof drained) > 0)
		;
}

/* The second buffer is the one in question. */
static struct iovec *good_array(struct iovec array[2], void *second)
{
	array[0] = (struct iovec){bytes, PIECE};
	array[1] = (struct iovec){second, PIECE};
	return array;
}

static void try_all(const char *on, int fd)
{
	struct iovec *half = (struct iovec *)edge - 1, on_stack[2];

	*half = (struct iovec){bytes, PIECE};
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		for (int round = 0; round < 2; round++) {
			const struct way *way = &ways[i];

			say(on, way->name, "an array at 8", way->call(fd, (struct iovec *)8));
			say(on, way->name, "an array at -1",
			    way->call(fd, (struct iovec *)(UINTPTR_MAX & -16)));
			say(on, way->name, "an array that is protected",
			    way->call(fd, (struct iovec *)edge));
			if (i < 5) {
				say(on, way->name, "half an array", way->call(fd, half));
				say(on, way->name, "a good array",
				    way->call(fd, good_array(on_stack, bytes)));
			}
			drain();
		}
}

/* Each on an empty pipe, where the kernel's answer doesn't depend on what is in it; till what is
 * counted is due. */
static void try_buffers(const char *on, int fd)
{
	struct iovec array[2];

	for (int round = 0; round < ROUNDS; round++) {
		say(on, "write", "a buffer that is protected", a_write(fd, edge, PIECE));
		say(on, "writev", "a buffer that is protected",
		    writev(fd, good_array(array, edge) + 1, 1));
		drain();
		say(on, "write", "a buffer whose end is protected",
		    a_write(fd, edge - PIPE_BUF, 2 * (size_t)PIPE_BUF));
		drain();
	}
}

int main(void)
{
	char *both = mmap(NULL, 2 * (size_t)PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int null = open("/dev/null", O_WRONLY), zero = open("/dev/zero", O_WRONLY);
	int file = open("file", O_RDWR | O_CREAT, 0600), sockets[2], other[2];

	if (both == MAP_FAILED || mprotect(both + PAGE, PAGE, PROT_NONE) || pipe(other) ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets))
		return 2;
	edge = both + PAGE;
	memset(bytes, 'u', PIECE);
	fcntl(READER, F_SETFL, O_NONBLOCK);
	try_buffers("null", null);
	try_buffers("zero", zero);
	try_buffers("file", file);
	try_buffers("pipe", PIPE);
	try_all("null", null);
	try_all("file", file);
	try_all("socket", sockets[0]);
	try_all("closed", 99);
	try_all("pipe", PIPE);
	return 0;
}
