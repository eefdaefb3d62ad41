/* What a steady sink answers: it blocks, and its reader stays. */
#ifndef STEADY_H
#define STEADY_H

#include <errno.h>

#include "sink.h"

static inline int steady_stalled(const struct sink *sink)
{
	(void)sink;
	return EINTR;
}

static inline bool steady_gone(const struct sink *sink)
{
	(void)sink;
	return false;
}

#endif
