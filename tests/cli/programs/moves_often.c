/* moves_often WAY PIECE ROUNDS: moves PIECE bytes without a newline, ROUNDS times, by a call that
 * asks for a megabyte: from a file to another (sendfile), from a file into a pipe (splice), from
 * one pipe into another (tee), or from memory into a pipe (vmsplice). `lines`: by vmsplice onto
 * stdout, a pipe whose read end is fd 3, with a newline at the end. What belongs to the start is
 * done before the call of access(2) that strace can see. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECE_MOST = 65536, MEGABYTE = 1 << 20 };

static char bytes[PIECE_MOST], drained[PIECE_MOST];
static size_t piece;
static int file, copy, from[2], to[2];

static ssize_t by_sendfile(void)
{
	off_t start = 0;

	return sendfile(copy, file, &start, MEGABYTE);
}

static ssize_t drain(int fd, ssize_t moved)
{
	return read(fd, drained, sizeof drained) == moved ? moved : -1;
}

static ssize_t by_splice(void)
{
	off_t start = 0;

	return drain(to[0], splice(file, &start, to[1], NULL, MEGABYTE, 0));
}

static ssize_t by_tee(void)
{
	return drain(to[0], tee(from[0], to[1], MEGABYTE, 0));
}

static ssize_t by_vmsplice(void)
{
	struct iovec all = {bytes, piece};

	return drain(to[0], vmsplice(to[1], &all, 1, 0));
}

static ssize_t lines(void)
{
	struct iovec all = {bytes, piece};

	return drain(3, vmsplice(1, &all, 1, 0));
}

static const struct way {
	const char *name;
	ssize_t (*move)(void);
} ways[] = {
	{"sendfile", by_sendfile}, {"splice", by_splice}, {"tee", by_tee},
	{"vmsplice", by_vmsplice}, {"lines", lines},
};

/* Of a first call fdmap asks what its fd is. */
static int start(const char *way)
{
	memset(bytes, 'm', sizeof bytes);
	file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	copy = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (file < 0 || copy < 0 || pipe(from) || pipe(to))
		return 0;
	if (!strcmp(way, "lines")) {
		bytes[piece - 1] = '\n';
		return write(1, "\n", 1) == 1 && drain(3, 1) == 1;
	}
	return write(file, bytes, piece) == (ssize_t)piece &&
	       write(from[1], bytes, piece) == (ssize_t)piece && write(to[1], "\n", 1) == 1 &&
	       drain(to[0], 1) == 1 && write(copy, "\n", 1) == 1;
}

int main(int argc, char **argv)
{
	const struct way *way = ways;

	if (argc != 4)
		return 2;
	while (strcmp(way->name, argv[1]))
		if (++way == ways + sizeof ways / sizeof *ways)
			return 2;
	piece = (size_t)atol(argv[2]);
	if (!piece || piece > PIECE_MOST || !start(argv[1]))
		return 2;
	access("/the start is over", F_OK);
	for (long i = atol(argv[3]); i; i--)
		if (way->move() != (ssize_t)piece)
			return 1;
	access("/the end begins", F_OK);
	return 0;
}
