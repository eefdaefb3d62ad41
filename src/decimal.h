/* Decimal numbers without stdio, strtoull or a locale: the .so has no use for any of them.
 * Async-signal-safe. */
#ifndef LINECAP_DECIMAL_H
#define LINECAP_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DECIMAL_MOST = 20 }; /* digits of UINT64_MAX */

/* Writes the digits, without a NUL; returns where they end. */
static inline char *decimal_put(char *text, uint64_t number)
{
	char digits[DECIMAL_MOST];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while (number /= 10);
	while (n)
		*text++ = digits[--n];
	return text;
}

/* Reads digits and moves *text behind them; false: there are none, or too many. */
static inline bool decimal_parse(const char **text, uint64_t *number)
{
	const char *at = *text;

	*number = 0;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*number, UINT64_C(10), number) ||
		    __builtin_add_overflow(*number, (uint64_t)(*at - '0'), number))
			return false;
	bool any = at != *text;

	*text = at;
	return any;
}

/* The same for a size in bytes, with k (or K), M or G behind it for powers of 1024. */
static inline bool decimal_parse_size(const char **text, uint64_t *size)
{
	int shift = 0;

	if (!decimal_parse(text, size))
		return false;
	switch (**text) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'M':
		shift = 20;
		break;
	case 'G':
		shift = 30;
		break;
	}
	if (shift)
		++*text;
	return !__builtin_mul_overflow(*size, UINT64_C(1) << shift, size);
}

#endif
