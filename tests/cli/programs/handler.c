/* handler RUNS: a signal handler writes an endless line of 'h', 700 bytes at a time, while the
 * program is in printf and malloc. Ends when the handler has run so often. How many bytes of each
 * were written goes to fd 4: "H P". */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { BURST = 700, LINE = 80, REPORT = 4 };

static char burst[BURST];
static volatile sig_atomic_t runs, errno_lost;

static void handler(int number)
{
	int error = errno;

	(void)number;
	for (size_t done = 0; done < BURST;) {
		errno = 4711;
		ssize_t n = write(1, burst + done, BURST - done);

		if (n < 0)
			_exit(2);
		if (errno != 4711)
			errno_lost = 1;
		done += (size_t)n;
	}
	runs = runs + 1;
	errno = error;
}

int main(int argc, char **argv)
{
	static const struct itimerval often = {{0, 300}, {0, 300}}, never;
	static void *blocks[64];
	int enough = argc == 2 ? atoi(argv[1]) : 0;
	char line[LINE + 1];
	size_t printed = 0;

	memset(burst, 'h', BURST);
	memset(line, 'p', LINE);
	line[LINE] = '\0';
	if (sigaction(SIGALRM, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_RESTART},
		      NULL) ||
	    setitimer(ITIMER_REAL, &often, NULL))
		return 2;
	for (size_t i = 0; runs < enough; i++) {
		if (printf("%s\n", line) != LINE + 1)
			return 3;
		printed += LINE;
		free(blocks[i % 64]);
		blocks[i % 64] = malloc(1 + i * 7919 % 5000);
	}
	if (setitimer(ITIMER_REAL, &never, NULL) || fflush(stdout))
		return 4;
	dprintf(REPORT, "%ld %zu\n", (long)runs * BURST, printed);
	return errno_lost ? 5 : 0;
}
