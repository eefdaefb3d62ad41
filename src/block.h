/* Sixteen bytes at a time, in what every compiler makes of vectors. Pure. */
#ifndef LINECAP_BLOCK_H
#define LINECAP_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef unsigned char block __attribute__((vector_size(16)));

static inline block block_load(const void *at)
{
	block b;

	__builtin_memcpy(&b, at, sizeof b);
	return b;
}

/* All ones where the byte is the wanted one. */
static inline block block_equal(const void *at, unsigned char wanted)
{
	return (block)(block_load(at) == wanted);
}

static inline bool block_any(block b)
{
	typedef uint64_t halves __attribute__((vector_size(16)));
	halves h = (halves)b;

	return (h[0] | h[1]) != 0;
}

/* Is it among the four blocks from here on? */
static inline bool block_four_hold(const void *from, unsigned char wanted)
{
	const char *at = from;

	return block_any((block_equal(at, wanted) | block_equal(at + 16, wanted)) |
			 (block_equal(at + 32, wanted) | block_equal(at + 48, wanted)));
}

#endif
