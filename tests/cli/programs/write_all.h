/* Writes all of it to stdout, as write(2) has it. */
#ifndef WRITE_ALL_H
#define WRITE_ALL_H

#include <unistd.h>

/* 0, or 3 where a write fails. */
static inline int write_all(const char *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t written = write(1, bytes + done, n - done);

		if (written <= 0)
			return 3;
		done += (size_t)written;
	}
	return 0;
}

#endif
