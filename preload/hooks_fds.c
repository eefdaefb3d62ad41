/* The hooks of what closes an fd or puts another file in its place: the fd map forgets the fd. It
 * does so after the fact, for until then the entry is true. */
#include <linux/close_range.h>

#include "hooks.h"
#include "stats.h"

int hook_close(int fd)
{
	stats_before_close((unsigned)fd, (unsigned)fd);
	int result = next.close(fd);

	fdmap_forget(fd);
	return result;
}

int hook_dup(int from)
{
	int to = next.dup(from);

	fdmap_forget(to);
	return to;
}

int hook_dup2(int from, int to)
{
	int result = next.dup2(from, to);

	fdmap_forget(to);
	return result;
}

int hook_dup3(int from, int to, int flags)
{
	int result = next.dup3(from, to, flags);

	fdmap_forget(to);
	return result;
}

int hook_close_range(unsigned first, unsigned last, int flags)
{
	if (!((unsigned)flags & CLOSE_RANGE_CLOEXEC))
		stats_before_close(first, last);
	int result = next.close_range(first, last, flags);

	fdmap_forget_range(first, last);
	return result;
}

void hook_closefrom(int first)
{
	unsigned from = first < 0 ? 0 : (unsigned)first;

	stats_before_close(from, ~0U);
	next.closefrom(first);
	fdmap_forget_range(from, ~0U);
}
