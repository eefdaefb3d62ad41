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

enum { ARENA = 16 << 20, ALIGNMENT = 16, LONG = 200000, REPORT = 4 };

static _Alignas(ALIGNMENT) char arena[ARENA];
static size_t used, uses;

void *malloc(size_t size)
{
	size_t needed = (size + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

	uses++;
	if (size > ARENA || needed > ARENA - used) {
		errno = ENOMEM;
		return NULL;
	}
	char *block = arena + used + ALIGNMENT;

	memcpy(arena + used, &size, sizeof size);
	used += needed + ALIGNMENT;
	return block;
}

void free(void *block)
{
	(void)block;
	uses++;
}

void *calloc(size_t count, size_t size)
{
	return malloc(count * size); /* the arena is zero, and nothing in it is used twice */
}

void *realloc(void *block, size_t size)
{
	char *bigger = malloc(size);
	size_t old = 0;

	if (block)
		memcpy(&old, (char *)block - ALIGNMENT, sizeof old);
	if (bigger && block)
		memcpy(bigger, block, old < size ? old : size);
	return bigger;
}

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
