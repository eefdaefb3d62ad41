/* The next definitions. Those that are called before they are known are system calls: syscall(2)
 * and the man page of each. */
#include "next.h"

#include <assert.h>
#include <string.h>

#include "process.h"
#include "symbols.h"
#include "sys.h"

/* As many zeros behind the arguments as make them six. */
#define SIX(a, b, c, d, e, f, ...) (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)
#define PADDED(...)		   SIX(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

#define SYSTEM(name, result, parameters, arguments)                                                \
	result raw_##name parameters                                                               \
	{                                                                                          \
		return (result)sys_result(sys_call(SYS_##name, PADDED arguments));                 \
	}
#include "calls.def"

/* The kernel takes the offset as two words, the low one first, and looks at the low one only where
 * a word holds it all. */
ssize_t raw_pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	return sys_result(sys_call(SYS_pwritev2, fd, (long)iov, count, offset, 0, flags));
}

ssize_t raw_send(int fd, const void *buf, size_t n, int flags)
{
	return raw_sendto(fd, buf, n, flags, NULL, 0);
}

long raw_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	return sys_result(sys_call(number, a, b, c, d, e, f));
}

/* aarch64 has no dup2; and dup3(2) refuses equal fds where dup2(2) looks whether the fd is open. */
int raw_dup2(int from, int to)
{
	if (from == to)
		return sys_result(sys3(SYS_fcntl, from, F_GETFD, 0)) < 0 ? -1 : to;
	return raw_dup3(from, to, 0);
}

void raw_closefrom(int first)
{
	sys3(SYS_close_range, first < 0 ? 0 : first, ~0U, 0);
}

static_assert(sizeof next.write == sizeof next.stdout, "a slot holds data, too");

/* In the order of the slots. A name that only libc may answer to begins with LIBCS. */
#define LIBCS "!"
static const char names[] =
#define SYSTEM(name, result, parameters, arguments) #name "\0"
#define BY_HAND(name, result, parameters)	    #name "\0"
#define LIBRARY(name, result, parameters)	    #name "\0"
#define LIBC(name, result, parameters)		    LIBCS #name "\0"
#define LIBC_DATA(name)				    LIBCS #name "\0"
#include "calls.def"
	;

/* Slots are pointers of many types. */
typedef void *slot __attribute__((may_alias));

static void fill(unsigned index, void *found)
{
	if (found)
		__atomic_store_n((slot *)&next + index, found, __ATOMIC_RELAXED);
}

void next_resolve(void)
{
	void *found[NEXT_SLOTS] = {0};

	if (atomic_load_explicit(&process.resolved, memory_order_acquire))
		return;
	symbols_find(names, found, NEXT_SLOTS, NULL);
	for (unsigned i = 0; i < NEXT_SLOTS; i++)
		fill(i, found[i]);
	atomic_store_explicit(&process.resolved, true, memory_order_release);
}

void next_look_again(size_t offset)
{
	unsigned index = (unsigned)(offset / sizeof(slot));
	const char *name = names;
	void *found = NULL;

	next_resolve();
	if (((slot *)&next)[index])
		return;
	for (unsigned i = 0; i < index; i++)
		name += strlen(name) + 1;
	symbols_find(name, &found, 1, next.dl_iterate_phdr);
	fill(index, found);
}
