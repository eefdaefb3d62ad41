/* heap: how often the heap is used by writes that need breaks and by writes that don't: a number on
 * fd 4. The program's own malloc counts. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LONG = 200000, REPORT = 4 };

static size_t uses;

#define ARENA_CALLED() (uses++)
#include "arena.h"

int main(void)
{
	static char bytes[LONG];
	char *volatile copy = strdup("counted"); /* the count can be seen to move */
	size_t before = uses;

	if (!copy || !before)
		return 2;
	memset(bytes, 'b', LONG);
	for (int i = 0; i < 50; i++)
		if (write(1, "a line\n", 7) != 7 || write(1, bytes, LONG) != LONG ||
		    writev(1, &(struct iovec){bytes, LONG}, 1) != LONG ||
		    syscall(SYS_write, 1, bytes, LONG) != LONG)
			return 3;
	size_t by_writes = uses - before;

	dprintf(REPORT, "%zu\n", by_writes);
	return 0;
}
