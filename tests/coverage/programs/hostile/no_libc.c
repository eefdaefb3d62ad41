/* A dynamic program without a libc: the loader still puts the preloaded library, and a libc, beside
 * it. */
#include "endless.h"

#include <sys/syscall.h>

static long call(long number, long a, const void *b, size_t c)
{
#if defined __x86_64__
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
#elif defined __aarch64__
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register const void *x1 __asm__("x1") = b;
	register size_t x2 __asm__("x2") = c;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
#endif
}

/* Not exported: say() gets these, the loader sees none of them. */
__attribute__((visibility("hidden"))) ssize_t write(int fd, const void *bytes, size_t n)
{
	return call(SYS_write, fd, bytes, n);
}

__attribute__((visibility("hidden"))) void _exit(int status)
{
	for (;;)
		call(SYS_exit_group, status, NULL, 0);
}

__attribute__((visibility("hidden"), used, noreturn)) void go(void)
{
	say(1);
	_exit(0);
}

/* The kernel's stack pointer is aligned as before a call, not as after one. */
#if defined __x86_64__
__asm__(".globl _start\n_start:\n\tcall go\n");
#elif defined __aarch64__
__asm__(".globl _start\n_start:\n\tbl go\n");
#endif
