/* A heap of the program's own, for programs that are their libc's malloc: blocks one behind the
 * other in one array that starts as zeros, none used twice. ARENA_CALLED() stands at the start of
 * each call, and is the program's. No header of libc's that declares these may differ. */
#ifndef ARENA_H
#define ARENA_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA = 16 << 20, ARENA_ALIGNMENT = 16 };

static _Alignas(ARENA_ALIGNMENT) char arena[ARENA];
static size_t arena_used;

void *malloc(size_t size)
{
	size_t needed = (size + 2 * ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;

	ARENA_CALLED();
	if (size > ARENA || needed > ARENA - arena_used) {
		errno = ENOMEM;
		return NULL;
	}
	char *block = arena + arena_used + ARENA_ALIGNMENT;

	memcpy(arena + arena_used, &size, sizeof size);
	arena_used += needed + ARENA_ALIGNMENT;
	return block;
}

/* Of a block that isn't of this heap it would read what lies in front of that. */
static size_t arena_size(const char *block)
{
	size_t size;

	if (block < arena + ARENA_ALIGNMENT || block >= arena + ARENA)
		abort();
	memcpy(&size, block - ARENA_ALIGNMENT, sizeof size);
	return size;
}

void free(void *block)
{
	ARENA_CALLED();
	if (block)
		arena_size(block);
}

void *calloc(size_t count, size_t size)
{
	return malloc(count * size);
}

void *realloc(void *old, size_t size)
{
	size_t held = old ? arena_size(old) : 0;
	void *block = malloc(size);

	if (block && old)
		memcpy(block, old, held < size ? held : size);
	return block;
}

#endif
