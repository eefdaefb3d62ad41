/* System calls without libc: for hooks that run before libc's own definitions are known, and for
 * calls that must be neither interposed nor a cancellation point. Calling conventions: syscall(2).
 * Async-signal-safe; nothing here touches errno but raw_result. */
#ifndef LINECAP_RAW_H
#define LINECAP_RAW_H

#include <errno.h>
#include <sys/syscall.h>

/* The kernel's answer: a result, or -errno. */
static inline long raw_syscall(long number, long a, long b, long c, long d, long e, long f)
{
#if defined __x86_64__
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
#elif defined __aarch64__
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#else
#error "linecap knows the system calls of x86-64 and aarch64 only"
#endif
}

/* The same answer as libc gives it: -1 and errno on failure. */
static inline long raw_result(long result)
{
	if (result > -4096 && result < 0) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

#define raw3(number, a, b, c) raw_syscall(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)

#endif
