/* unseen WAY: an fd that linecap knows to be a file becomes the pipe on stdout where no hook sees
 * it, and gets an endless line of 600,000 bytes. WAY: where libc closes an fd of its own (perror,
 * mntent), or how the bytes are written once the fd was replaced. The file is called `file`. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "raw.h"

enum { BYTES = 600000, NUMBER = 9 };

static char bytes[BYTES + 1];

static void need(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "unseen: %s\n", what);
		_exit(2);
	}
}

static int open_file(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);

	need(fd >= 0, "file");
	return fd;
}

/* With stdout's pipe on it, which was a file. */
static int replaced(void)
{
	need(raw_dup2(open_file(), NUMBER) == NUMBER, "dup2");
	need(write(NUMBER, "x", 1) == 1, "write");
	need(raw_dup2(1, NUMBER) == NUMBER, "dup2");
	return NUMBER;
}

static int stdout_again(int number)
{
	int fd = open("/dev/stdout", O_WRONLY);

	need(fd == number, "the number isn't the same");
	return fd;
}

static int by_perror(void)
{
	int number = dup(1);

	close(number);
	errno = 0;
	perror("x"); /* glibc: through a copy of stderr, which it closes itself */
	return stdout_again(number);
}

static int by_mntent(void)
{
	struct mntent entry = {"a", "b", "c", "d", 0, 0};
	FILE *table = setmntent("table", "w+");
	int number = fileno(table);

	need(!addmntent(table, &entry) && !fflush(table), "addmntent");
	endmntent(table);
	return stdout_again(number);
}

static ssize_t write_pieces(int fd, size_t size)
{
	for (size_t done = 0; done < BYTES; done += size)
		if (write(fd, bytes + done, size) != (ssize_t)size)
			return -1;
	return BYTES;
}

/* Nobody knows how long one is before it is out. */
static ssize_t print_pieces(int fd)
{
	enum { SIZE = 1000 };

	for (size_t done = 0; done < BYTES; done += SIZE)
		if (dprintf(fd, "%.*s", SIZE, bytes + done) != SIZE)
			return -1;
	return BYTES;
}

/* Far more is asked for each time. Once that is refused, it is written. */
static ssize_t move_pieces(int fd, const char *way)
{
	enum { SIZE = 1000 };
	int from = open("pieces", O_RDWR | O_CREAT | O_TRUNC, 0600);
	size_t done = 0;
	ssize_t moved;

	need(from >= 0 && write(from, bytes, SIZE) == SIZE, "pieces");
	do {
		off_t start = 0;

		moved = strcmp(way, "splice") ? sendfile(fd, from, &start, BYTES)
					      : splice(from, &start, fd, NULL, BYTES, 0);
		done += moved > 0 ? (size_t)moved : 0;
	} while (moved > 0 && done < BYTES);
	need(moved < 0 && errno == EINVAL, "it isn't refused");
	return write(fd, bytes, BYTES - done) == (ssize_t)(BYTES - done) ? BYTES : -1;
}

static ssize_t write_in(const char *way, int fd)
{
	struct iovec two[] = {{bytes, BYTES / 2}, {bytes + BYTES / 2, BYTES / 2}};

	if (!strcmp(way, "tiny"))
		return write_pieces(fd, 10);
	if (!strcmp(way, "small"))
		return write_pieces(fd, 10000);
	if (!strcmp(way, "writev"))
		return writev(fd, two, 2);
	if (!strcmp(way, "pwritev2"))
		return pwritev2(fd, two, 2, -1, 0);
	if (!strcmp(way, "syscall"))
		return syscall(SYS_write, fd, bytes, (long)BYTES);
	if (!strcmp(way, "splice") || !strcmp(way, "sendfile"))
		return move_pieces(fd, way);
	if (!strcmp(way, "dprintf"))
		return print_pieces(fd);
	if (!strcmp(way, "send"))
		return send(fd, bytes, BYTES, 0);
	if (!strcmp(way, "sendto"))
		return sendto(fd, bytes, BYTES, 0, NULL, 0);
	return write(fd, bytes, BYTES);
}

static ssize_t fwrite_all(FILE *stream, size_t size)
{
	for (size_t done = 0; done < BYTES; done += size)
		if (fwrite(bytes + done, 1, size, stream) != size)
			return -1;
	return fflush(stream) ? -1 : BYTES;
}

int main(int argc, char **argv)
{
	const char *way = argc == 2 ? argv[1] : "";

	memset(bytes, 's', BYTES);
	if (!strcmp(way, "perror"))
		return write(by_perror(), bytes, BYTES) != BYTES;
	if (!strcmp(way, "mntent"))
		return write(by_mntent(), bytes, BYTES) != BYTES;
	if (!strcmp(way, "stdio") || !strcmp(way, "stdio-small")) {
		FILE *stream = fdopen(dup2(open_file(), NUMBER), "w");

		need(stream && fputs("x", stream) >= 0 && !fflush(stream), "fputs");
		need(raw_dup2(1, NUMBER) == NUMBER, "dup2");
		return fwrite_all(stream, strcmp(way, "stdio") ? 1000 : BYTES) != BYTES;
	}
	return write_in(way, replaced()) != BYTES;
}
