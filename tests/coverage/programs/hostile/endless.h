/* What each hostile program prints: 100,000 bytes without a newline, told apart by their place. */
#ifndef ENDLESS_H
#define ENDLESS_H

#include <stddef.h>
#include <unistd.h>

enum { LENGTH = 100000 };

static char endless[LENGTH + 2]; /* with its newline and its NUL; empty before fill() */

/* Each 8 bytes tell their own offset. No libc: some programs have none, or a broken one. */
static inline void fill(void)
{
	for (int at = 0; at < LENGTH; at++) {
		int rest = at - at % 8;

		for (int place = at % 8; place < 6; place++)
			rest /= 10;
		endless[at] = (char)(at % 8 == 7 ? ' ' : '0' + rest % 10);
	}
	endless[LENGTH] = '\n';
}

/* Ends the program with status 1 if the line can't be written. */
static inline void say(int fd)
{
	if (!endless[0])
		fill();
	for (size_t done = 0; done < LENGTH + 1;) {
		ssize_t n = write(fd, endless + done, LENGTH + 1 - done);
		if (n <= 0)
			_exit(1);
		done += (size_t)n;
	}
}

#endif
