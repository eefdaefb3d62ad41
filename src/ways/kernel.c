/*
 * The ways in which the kernel moves the bytes. A call that answers EINVAL or ENOSYS is followed by
 * write(), as programs do that use these calls.
 */
#include "text.h"

#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if __has_include(<linux/io_uring.h>)
#include <linux/io_uring.h>
#endif

/* Until glibc 2.34 these were in librt.so.1, … */
#pragma weak aio_write
#pragma weak aio_error
#pragma weak aio_suspend
#pragma weak aio_return
#pragma weak aio_write64
#pragma weak aio_error64
#pragma weak aio_suspend64
#pragma weak aio_return64
#pragma weak lio_listio
/* … and this came with 2.27. */
#pragma weak copy_file_range
/* From 1.2.4 on musl's list of symbols lacks it. */
#pragma weak sendfile64

static ssize_t or_write(ssize_t moved, int fd, const void *bytes, size_t n)
{
	return moved < 0 && (errno == EINVAL || errno == ENOSYS) ? write(fd, bytes, n) : moved;
}

static int file_of(const void *bytes, size_t n)
{
	int file = (int)syscall(SYS_memfd_create, "line", MFD_CLOEXEC);

	if (file < 0 && (errno == ENOSYS || errno == EPERM))
		absent();
	if (file < 0 || write(file, bytes, n) != (ssize_t)n || lseek(file, 0, SEEK_SET))
		broken("memfd_create");
	return file;
}

/* The read end of a pipe that holds the bytes, and no more of them than it takes at once. */
static int pipe_of(const void *bytes, size_t *n)
{
	int ends[2];

	if (*n > 65536)
		*n = 65536;
	if (pipe2(ends, O_CLOEXEC) || write(ends[1], bytes, *n) != (ssize_t)*n)
		broken("pipe2");
	close(ends[1]);
	return ends[0];
}

static ssize_t by_sendfile(int fd, const void *bytes, size_t n)
{
	int file = file_of(bytes, n);
	ssize_t moved = or_write(sendfile(fd, file, NULL, n), fd, bytes, n);

	close(file);
	return moved;
}

static ssize_t by_sendfile64(int fd, const void *bytes, size_t n)
{
	int file = file_of(bytes, n);
	ssize_t moved = or_write(sendfile64(fd, file, &(off64_t){0}, n), fd, bytes, n);

	close(file);
	return moved;
}

static ssize_t by_syscall_sendfile(int fd, const void *bytes, size_t n)
{
	int file = file_of(bytes, n);
	ssize_t moved = or_write(syscall(SYS_sendfile, fd, file, NULL, n), fd, bytes, n);

	close(file);
	return moved;
}

static ssize_t by_copy_file_range(int fd, const void *bytes, size_t n)
{
	need(copy_file_range);
	int file = file_of(bytes, n);
	ssize_t moved = or_write(copy_file_range(file, NULL, fd, NULL, n, 0), fd, bytes, n);

	close(file);
	return moved;
}

static ssize_t by_splice_from_a_file(int fd, const void *bytes, size_t n)
{
	int file = file_of(bytes, n);
	ssize_t moved = or_write(splice(file, NULL, fd, NULL, n, 0), fd, bytes, n);

	close(file);
	return moved;
}

static ssize_t by_splice_from_a_pipe(int fd, const void *bytes, size_t n)
{
	int source = pipe_of(bytes, &n);
	ssize_t moved = or_write(splice(source, NULL, fd, NULL, n, 0), fd, bytes, n);

	close(source);
	return moved;
}

static ssize_t by_tee(int fd, const void *bytes, size_t n)
{
	int source = pipe_of(bytes, &n);
	ssize_t moved = or_write(tee(source, fd, n, 0), fd, bytes, n);

	close(source);
	return moved;
}

static ssize_t by_vmsplice(int fd, const void *bytes, size_t n)
{
	struct iovec piece = {(void *)bytes, n};

	return or_write(vmsplice(fd, &piece, 1, 0), fd, bytes, n);
}

static ssize_t by_aio_write(int fd, const void *bytes, size_t n)
{
	struct aiocb request = {.aio_fildes = fd, .aio_buf = (void *)bytes, .aio_nbytes = n};

	need(aio_write);
	if (aio_write(&request))
		return or_write(-1, fd, bytes, n);
	while (aio_error(&request) == EINPROGRESS)
		aio_suspend((const struct aiocb *const[]){&request}, 1, NULL);
	return aio_return(&request);
}

static ssize_t by_aio_write64(int fd, const void *bytes, size_t n)
{
	struct aiocb64 request = {.aio_fildes = fd, .aio_buf = (void *)bytes, .aio_nbytes = n};

	need(aio_write64);
	if (aio_write64(&request))
		return or_write(-1, fd, bytes, n);
	while (aio_error64(&request) == EINPROGRESS)
		aio_suspend64((const struct aiocb64 *const[]){&request}, 1, NULL);
	return aio_return64(&request);
}

static ssize_t by_lio_listio(int fd, const void *bytes, size_t n)
{
	struct aiocb request = {
		.aio_fildes = fd,
		.aio_buf = (void *)bytes,
		.aio_nbytes = n,
		.aio_lio_opcode = LIO_WRITE,
	};

	need(lio_listio);
	if (lio_listio(LIO_WAIT, &(struct aiocb *){&request}, 1, NULL))
		return or_write(-1, fd, bytes, n);
	return aio_return(&request);
}

#if defined SYS_io_uring_setup && defined IORING_OFF_SQ_RING
static char *ring_part(int ring, size_t size, off_t part)
{
	void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, part);

	if (mapped == MAP_FAILED)
		broken("map the ring");
	return mapped;
}

static void by_io_uring(int fd)
{
	struct io_uring_params p;
	memset(&p, 0, sizeof p);
	int ring = (int)syscall(SYS_io_uring_setup, 1, &p);
	if (ring < 0)
		absent();

	char *sq = ring_part(ring, p.sq_off.array + p.sq_entries * sizeof(unsigned),
			     IORING_OFF_SQ_RING);
	char *cq = ring_part(ring, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
			     IORING_OFF_CQ_RING);
	char *sqes = ring_part(ring, p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);

	for (size_t done = 0; done < line_length;) {
		struct iovec piece = {line + done, line_length - done};
		struct io_uring_sqe request = {
			.opcode = IORING_OP_WRITEV,
			.fd = fd,
			.addr = (unsigned long)&piece,
			.len = 1,
		};
		struct io_uring_cqe answer;

		memcpy(sqes, &request, sizeof request);
		__atomic_fetch_add((unsigned *)(void *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
		if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
			broken("io_uring_enter");
		unsigned head = __atomic_fetch_add((unsigned *)(void *)(cq + p.cq_off.head), 1,
						   __ATOMIC_ACQ_REL);
		memcpy(&answer, cq + p.cq_off.cqes + (head % p.cq_entries) * sizeof answer,
		       sizeof answer);
		if (answer.res <= 0)
			broken("a write in the ring");
		done += (size_t)answer.res;
	}
}
#else
static void by_io_uring(int fd)
{
	(void)fd;
	absent();
}
#endif

const struct way kernel_ways[] = {
	{"sendfile", EITHER, PIPE, by_sendfile, NULL},
	{"sendfile64", EITHER, PIPE, by_sendfile64, NULL},
	{"syscall(SYS_sendfile)", EITHER, PIPE, by_syscall_sendfile, NULL},
	{"sendfile to a socket", EITHER, SOCKET, by_sendfile, NULL},
	{"copy_file_range", EITHER, PIPE, by_copy_file_range, NULL},
	{"splice from a file", EITHER, PIPE, by_splice_from_a_file, NULL},
	{"splice from a pipe", EITHER, PIPE, by_splice_from_a_pipe, NULL},
	{"splice to a socket", EITHER, SOCKET, by_splice_from_a_pipe, NULL},
	{"tee", EITHER, PIPE, by_tee, NULL},
	{"vmsplice", EITHER, PIPE, by_vmsplice, NULL},
	{"aio_write", EITHER, PIPE, by_aio_write, NULL},
	{"aio_write64", EITHER, PIPE, by_aio_write64, NULL},
	{"lio_listio", EITHER, PIPE, by_lio_listio, NULL},
	{"io_uring", EITHER, PIPE, NULL, by_io_uring},
	{0},
};
