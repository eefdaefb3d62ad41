/* What may be looked at. It may call nothing but the raw system call. */
#include "readable.h"

#include "process.h"
#include "sys.h"

/* Of a page, and never 0. */
static uintptr_t page_of(uintptr_t at)
{
	return at / READABLE_PAGE + 1;
}

static _Atomic uintptr_t *place_of(uintptr_t page)
{
	return &process.seen[page % PROCESS_SEEN];
}

/* The caller's locals. A stack has no end within a page above the frame of a function that was
 * called from another. */
__attribute__((noinline)) static bool is_above_frame(uintptr_t at, uintptr_t end)
{
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

	return at >= frame && end - frame <= READABLE_PAGE;
}

bool readable_as_known(const void *start, size_t n)
{
	uintptr_t at = (uintptr_t)start, end = at + n;

	if (end < at)
		return false;
	if (is_above_frame(at, end))
		return true;
	for (uintptr_t page = page_of(at); page <= page_of(end - 1); page++)
		if (atomic_load_explicit(place_of(page), memory_order_relaxed) != page)
			return false;
	return true;
}

void readable_note(const void *start, size_t n)
{
	uintptr_t at = (uintptr_t)start;

	for (uintptr_t page = page_of(at); page <= page_of(at + n - 1); page++)
		atomic_store_explicit(place_of(page), page, memory_order_relaxed);
}

/* rt_sigprocmask(2) looks at its set before it finds that there is no such `how`. Everybody may
 * make the call. A set at 0 is none to it. */
size_t readable_bytes(const void *start, size_t n)
{
	enum { SET = 8, NO_SUCH_HOW = -1 };
	uintptr_t first = (uintptr_t)start, at = first & -(uintptr_t)SET, end = first + n;

	if (end < at || !at)
		return 0;
	for (; at < end; at = (at | (READABLE_PAGE - 1)) + 1)
		if (sys_call(SYS_rt_sigprocmask, NO_SUCH_HOW, (long)at, 0, SET, 0, 0) == -EFAULT)
			return at > first ? at - first : 0;
	return n;
}

bool readable_as_asked(const void *start, size_t n)
{
	return readable_bytes(start, n) == n;
}

bool readable(const void *at, size_t n)
{
	if (readable_as_known(at, n))
		return true;
	if (!readable_as_asked(at, n))
		return false;
	readable_note(at, n);
	return true;
}
