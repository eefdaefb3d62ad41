/* A vfork child, which runs on its parent's stack and memory, writes half of a line; the parent
 * ends it. */
#include "endless.h"

#include <stdio.h>
#include <sys/wait.h>

static void write_half(void)
{
	for (size_t done = 0; done < LENGTH / 2;) {
		ssize_t n = write(1, endless + done, LENGTH / 2 - done);
		if (n <= 0)
			_exit(1);
		done += (size_t)n;
	}
}

int main(void)
{
	int status;

	fill();
	pid_t child = vfork();
	if (child == 0) {
		write_half();
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		return 1;
	fputs(endless + LENGTH / 2, stdout);
	return 0;
}
