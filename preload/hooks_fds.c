/* The hooks of what closes an fd or puts another file in its place: the fd map forgets the fd. It
 * does so after the fact, for until then the entry is true. */
#include "hooks.h"

EXPORT int close(int fd)
{
	int result = next.close(fd);

	fdmap_forget(fd);
	return result;
}

EXPORT int __close(int fd) __attribute__((alias("close")));

EXPORT int dup(int from)
{
	int to = next.dup(from);

	fdmap_forget(to);
	return to;
}

EXPORT int dup2(int from, int to)
{
	int result = next.dup2(from, to);

	fdmap_forget(to);
	return result;
}

EXPORT int __dup2(int from, int to) __attribute__((alias("dup2")));

EXPORT int dup3(int from, int to, int flags)
{
	int result = next.dup3(from, to, flags);

	fdmap_forget(to);
	return result;
}

EXPORT int close_range(unsigned first, unsigned last, int flags)
{
	int result = next.close_range(first, last, flags);

	fdmap_forget_range(first, last);
	return result;
}

EXPORT void closefrom(int first)
{
	next.closefrom(first);
	fdmap_forget_range(first < 0 ? 0 : (unsigned)first, ~0U);
}
