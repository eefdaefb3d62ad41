/* throughput lines|endless|bare BYTES WRITES ROUNDS: how fast a pipe takes writes through linecap,
 * as against libc's own write. bare: a writev of libc's own with the breaks of an endless line
 * stands for linecap, which is the least that anybody pays for them. To be run with
 * LD_PRELOAD=liblinecap.so, a guarded pipe as fd 1 and `drain` behind it; the figures go to stderr
 * (see medians.h).
 *
 * The sides take turns in one process, on one pipe, with the same buffer: in each round WRITES
 * calls of the write that the program is linked to, and WRITES of the one that libc defines. The
 * last figure is how many bytes each side has sent, so that whoever counts what came out can tell
 * that one side was limited and the other wasn't. */
#include <dlfcn.h>
#include <err.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cpu.h"
#include "medians.h"

enum { LINE = 100, ROUNDS_LEAST = 9, BYTES_MOST = 1 << 20 };

typedef ssize_t write_function(int fd, const void *buf, size_t n);

static ssize_t (*writev_of_libc)(int fd, const struct iovec *iov, int count);

static write_function *write_of_libc(void)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	write_function *function = NULL;

	if (libc) {
		*(void **)&function = dlsym(libc, "write");
		*(void **)&writev_of_libc = dlsym(libc, "writev");
	}
	if (!function || function == write || !writev_of_libc)
		errx(1, "linecap isn't loaded: there is only one write");
	return function;
}

/* One writev(2) with a newline behind each 16384 bytes, past linecap. */
static ssize_t write_with_breaks(int fd, const void *buf, size_t n)
{
	enum { MAX = 16384, IOVECS = 2 * BYTES_MOST / MAX };
	static char newline[] = "\n";
	struct iovec iov[IOVECS];
	int count = 0;

	for (size_t done = 0; done < n; done += MAX) {
		size_t run = n - done < MAX ? n - done : MAX;

		iov[count++] = (struct iovec){(char *)(uintptr_t)buf + done, run};
		iov[count++] = (struct iovec){newline, 1};
	}
	return writev_of_libc(fd, iov, count) == (ssize_t)n + count / 2 ? (ssize_t)n : -1;
}

static void await_empty_pipe(void)
{
	int left;

	while (!ioctl(STDOUT_FILENO, FIONREAD, &left) && left)
		sched_yield();
}

static double time_of(write_function *function, const char *buffer, size_t bytes, int writes)
{
	await_empty_pipe();
	double start = now();

	for (int i = 0; i < writes; i++)
		if (function(STDOUT_FILENO, buffer, bytes) != (ssize_t)bytes)
			err(1, "write");
	return now() - start;
}

int main(int argc, char **argv)
{
	if (argc != 5 || !strchr("leb", *argv[1]))
		errx(64, "usage: throughput lines|endless|bare BYTES WRITES ROUNDS");
	size_t bytes = strtoul(argv[2], NULL, 10);
	int writes = atoi(argv[3]), rounds = atoi(argv[4]);

	if (!bytes || bytes > BYTES_MOST || writes < 1 || rounds < ROUNDS_LEAST)
		errx(64, "BYTES is 1 to %d, WRITES at least 1, ROUNDS at least %d", BYTES_MOST,
		     ROUNDS_LEAST);
	char *buffer = malloc(bytes);

	if (!buffer)
		err(1, "%zu bytes", bytes);
	write_function *sides[SIDES] = {[WITHOUT] = write_of_libc(), [WITH] = write};

	if (*argv[1] == 'b')
		sides[WITH] = write_with_breaks;
	struct times times = times_of(rounds);

	memset(buffer, 'x', bytes);
	for (size_t end = LINE; *argv[1] == 'l' && end <= bytes; end += LINE)
		buffer[end - 1] = '\n';
	stay_on_cpu(0);
	for (int round = 0; round < rounds; round++)
		for (int turn = 0; turn < SIDES; turn++) {
			enum side side = side_of(round, turn);

			times.seconds[side][round] = time_of(sides[side], buffer, bytes, writes);
		}
	print_medians(stderr, times, writes);
	fprintf(stderr, " %.0f\n", (double)bytes * writes * rounds);
	return 0;
}
