/* calls ROUNDS [dprintf|FD]: writes that need no break, in several ways, on stdout and on a copy of
 * it (FD). What belongs to the start is done before the call of access(2) that strace can see. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 0;
	int copy = argc > 2 ? atoi(argv[2]) : 0;
	bool dprintf_too = argc > 2 && !copy;
	struct rlimit many = {(rlim_t)copy + 1, (rlim_t)copy + 1};
	char line[101];
	char *volatile block = malloc(100000); /* the heap is there */

	memset(line, '-', 99);
	strcpy(line + 99, "\n");
	free(block);
	access("/the start is over", F_OK);
	if (copy ? setrlimit(RLIMIT_NOFILE, &many) || dup2(1, copy) != copy : (copy = dup(1)) < 0)
		return 4;

	for (long i = 0; i < rounds; i++) {
		struct iovec two[] = {{line, 99}, {"\n", 1}};

		if (write(1, line, 100) != 100 || write(copy, line, 50) != 50 ||
		    write(copy, "\n", 1) != 1 || writev(1, two, 2) != 100 ||
		    syscall(SYS_write, 1, line, 100L) != 100 || pwritev2(1, two, 2, -1, 0) != 100 ||
		    (dprintf_too && dprintf(1, "%s", line) != 100) ||
		    printf("%s%s", line, line) != 200 || fflush(stdout))
			return 3;
	}
	return close(copy);
}
