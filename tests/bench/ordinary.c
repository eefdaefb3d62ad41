/* ordinary COUNT: what a program does that prints lines and none too long, COUNT times over: by
 * write, writev, syscall and stdio, with files and fds that come and go in between. For counting
 * the system calls and heap allocations of a round. (dprintf isn't here: glibc's own allocates, and
 * what linecap saves there would hide what it adds elsewhere.) */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wchar.h>

static char line[] = "an ordinary line of an ordinary program\n";

static void must(int holds, const char *what)
{
	if (!holds)
		err(1, "%s", what);
}

static void print(long round)
{
	struct iovec halves[] = {{line, 10}, {line + 10, sizeof line - 11}};
	ssize_t n = sizeof line - 1;

	must(write(STDOUT_FILENO, line, (size_t)n) == n, "write");
	must(writev(STDOUT_FILENO, halves, 2) == n, "writev");
	must(syscall(SYS_write, STDOUT_FILENO, line, n) == n, "syscall");
	must(printf("round %ld\n", round) > 0 && !fflush(stdout), "printf");
	must(fprintf(stderr, "round %ld\n", round) > 0, "fprintf");
}

static void look_elsewhere(void)
{
	char byte;
	int fd = open("/dev/zero", O_RDONLY), copy = dup(fd);

	must(fd >= 0 && copy >= 0 && dup2(fd, copy) == copy, "open and dup");
	must(read(fd, &byte, 1) == 1, "read");
	must(!close(copy) && !close(fd), "close");
	FILE *stream = fopen("/dev/zero", "r");

	must(stream && fgetc(stream) == 0 && !fclose(stream), "fopen");
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(64, "usage: ordinary COUNT");
	long count = atol(argv[1]);
	FILE *file = fopen("/dev/null", "w");

	must(file != NULL, "fopen");
	for (long round = 0; round < count; round++) {
		print(round);
		must(fputws(L"wide\n", file) >= 0 && !fflush(file), "fputws");
		look_elsewhere();
	}
	return fclose(file) ? 1 : 0;
}
