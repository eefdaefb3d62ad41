/* writes FD BYTES COUNT: that many write(2) calls to the fd, a line of BYTES each and nothing else,
 * for counting what a call takes. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char line[64 * 1024];

int main(int argc, char **argv)
{
	if (argc != 4)
		errx(64, "usage: writes FD BYTES COUNT");
	int fd = atoi(argv[1]);
	size_t bytes = strtoul(argv[2], NULL, 10);
	long count = atol(argv[3]);

	if (!bytes || bytes > sizeof line)
		errx(64, "BYTES is 1 to %zu", sizeof line);
	memset(line, 'x', bytes - 1);
	line[bytes - 1] = '\n';
	for (long i = 0; i < count; i++)
		if (write(fd, line, bytes) != (ssize_t)bytes)
			err(1, "write to fd %d", fd);
	return 0;
}
