/* dup2(2) as nothing interposed can see it, and pwritev2(2) where libc has none: by its number. */
#ifndef RAW_H
#define RAW_H

#include <sys/syscall.h>
#include <unistd.h>

#ifndef __GLIBC__ /* musl has it since 1.2.5 */
#define pwritev2(fd, iov, count, offset, flags)                                                    \
	syscall(SYS_pwritev2, (long)(fd), iov, (long)(count), (long)(offset), 0L, (long)(flags))
#endif

static inline long raw_dup2(long from, long to)
{
#if defined __x86_64__
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SYS_dup3), "D"(from), "S"(to), "d"(0L)
			 : "rcx", "r11", "memory");
	return result;
#elif defined __aarch64__
	register long x8 __asm__("x8") = SYS_dup3;
	register long x0 __asm__("x0") = from;
	register long x1 __asm__("x1") = to;
	register long x2 __asm__("x2") = 0;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
#else
#error "which system call is it here?"
#endif
}

#endif
