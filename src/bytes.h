/* The bytes of one write, as writev(2) has them: how many there are, where the first line ends, and
 * a place in them that moves on. Nothing here changes a byte. Async-signal-safe. */
#ifndef LINECAP_BYTES_H
#define LINECAP_BYTES_H

#include <string.h>
#include <sys/uio.h>

#include "limiter.h"

/* From here on. */
struct rest {
	const struct iovec *iov;
	int count;
	size_t offset; /* into the first of them */
};

static inline void rest_skip_empty(struct rest *rest)
{
	while (rest->count && rest->offset == rest->iov->iov_len) {
		rest->iov++;
		rest->count--;
		rest->offset = 0;
	}
}

static inline const char *rest_bytes(const struct rest *rest)
{
	return (const char *)rest->iov->iov_base + rest->offset;
}

static inline size_t rest_length(const struct rest *rest)
{
	return rest->iov->iov_len - rest->offset;
}

static inline void rest_advance(struct rest *rest, size_t n)
{
	rest_skip_empty(rest);
	rest->offset += n;
}

static inline size_t bytes_in(const struct iovec *iov, int count)
{
	size_t length = 0;

	while (count--)
		length += iov++->iov_len;
	return length;
}

/* How many bytes of iov come before the first newline; LIMITER_OPEN if there is none, or if it is
 * more than `most` bytes away. */
static inline uint64_t bytes_to_newline(const struct iovec *iov, int count, uint64_t most)
{
	uint64_t passed = 0;

	for (int i = 0; i < count && passed <= most; i++) {
		const char *bytes = iov[i].iov_base;
		size_t n = iov[i].iov_len;

		if (!n)
			continue;
		if (n > most - passed + 1)
			n = (size_t)(most - passed + 1);
		const char *newline = memchr(bytes, '\n', n);

		if (newline)
			return passed + (uint64_t)(newline - bytes);
		passed += n;
	}
	return LIMITER_OPEN;
}

/* The same from the rest's place on. */
static inline uint64_t rest_to_newline(const struct rest *rest, uint64_t most)
{
	const struct iovec first = {(char *)rest->iov->iov_base + rest->offset, rest_length(rest)};
	uint64_t length = bytes_to_newline(&first, 1, most);

	if (length != LIMITER_OPEN || first.iov_len > most)
		return length;
	length = bytes_to_newline(rest->iov + 1, rest->count - 1, most - first.iov_len);
	return length == LIMITER_OPEN ? length : first.iov_len + length;
}

/* How much of the rest's first iovec may pass at this column. */
static inline struct limiter_run rest_run(const struct limits *limits, uint64_t column,
					  const struct rest *rest)
{
	size_t n = rest_length(rest);
	uint64_t ahead = LIMITER_OPEN;

	if (rest->count > 1 && column + n > limits->easy)
		ahead = bytes_to_newline(rest->iov + 1, rest->count - 1, limits->max);
	return limiter_run(limits, column, rest_bytes(rest), n, ahead);
}

#endif
