/* LINECAP_STATS: one line when the process has done, where lines of its were broken.
 *
 * That is at its exit; where the line is for stderr, it may be a little earlier: coreutils'
 * programs and others close stderr in a handler of atexit(3), which runs before the end of any
 * library. */
#ifndef LINECAP_STATS_H
#define LINECAP_STATS_H

#include "process.h"

/* The process is about to close stderr. */
void stats_lose_stderr(void);

/* The fds first…last are about to be closed. */
static inline void stats_before_close(unsigned first, unsigned last)
{
	if (__builtin_expect(first <= 2 && last >= 2, 0))
		stats_lose_stderr();
}

#endif
