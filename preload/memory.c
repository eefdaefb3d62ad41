/* libc's functions of memory, for the library alone: a program may have its own, which may write
 * (contract 7). The compiler calls them, too. Facts: string(3). Built so that none of them is made
 * a call of itself. */
#include <stdint.h>
#include <string.h>

#include "block.h"

static void store(void *at, block b)
{
	__builtin_memcpy(at, &b, sizeof b);
}

/* A loop over single bytes that stays one. */
#define STEP(at) __asm__("" : "+r"(at))

/* From the first byte on: right where they overlap, too, if `to` comes first. */
static void copy_up(unsigned char *out, const unsigned char *in, size_t n)
{
	for (; n >= sizeof(block); n -= sizeof(block)) {
		store(out, block_load(in));
		out += sizeof(block);
		in += sizeof(block);
	}
	for (; n; n--) {
		*out++ = *in++;
		STEP(out);
	}
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	copy_up(to, from, n);
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	unsigned char *out = to;
	const unsigned char *in = from;

	if ((uintptr_t)to - (uintptr_t)from >= n)
		copy_up(to, from, n);
	else
		for (; n; n--) {
			out[n - 1] = in[n - 1];
			STEP(out);
		}
	return to;
}

void *memset(void *to, int c, size_t n)
{
	unsigned char *out = to;
	const block all = (block){0} + (unsigned char)c;

	for (; n >= sizeof(block); n -= sizeof(block)) {
		store(out, all);
		out += sizeof(block);
		STEP(out);
	}
	for (; n; n--) {
		*out++ = (unsigned char)c;
		STEP(out);
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *left = a, *right = b;

	for (; n && *left == *right; n--)
		left++, right++;
	return n ? *left - *right : 0;
}

enum { BLOCKS = 4 * sizeof(block) };

/* Lines are looked for by this one: four blocks at a time. What stands behind the byte that is
 * wanted may not be there at all (memchr(3)), so nothing is read beyond its page: the blocks are
 * where they never reach into the next one. */
void *memchr(const void *from, int c, size_t n)
{
	const unsigned char *at = from;
	const unsigned char wanted = (unsigned char)c;

	for (; n && (uintptr_t)at % BLOCKS; n--, at++)
		if (*at == wanted)
			return (void *)(uintptr_t)at;
	for (; n >= BLOCKS && !block_four_hold(at, wanted); n -= BLOCKS)
		at += BLOCKS;
	for (; n; n--, at++)
		if (*at == wanted)
			return (void *)(uintptr_t)at;
	return NULL;
}
