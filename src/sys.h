/* System calls without libc: for hooks that run before libc's own definitions are known, and for
 * calls that must be neither interposed nor a cancellation point. Calling conventions: syscall(2).
 * Async-signal-safe; errno is touched where it says so, and nowhere else. */
#ifndef LINECAP_SYS_H
#define LINECAP_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

/* The kernel's answer: a result, or -errno. */
static inline long sys_call(long number, long a, long b, long c, long d, long e, long f)
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
static inline long sys_result(long result)
{
	if (result > -4096 && result < 0) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

#define sys3(number, a, b, c) sys_call(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)

/* The calling thread, among those of its process: the thread pointer, which needs no system call.
 */
static inline uintptr_t sys_thread(void)
{
	uintptr_t thread;

#if defined __x86_64__
	__asm__("mov %%fs:0, %0" : "=r"(thread));
#elif defined __aarch64__
	__asm__("mrs %0, tpidr_el0" : "=r"(thread));
#endif
	return thread;
}

/* As stat(2): 0, or -1 and errno. Follows links, so a path may be /proc/PID/fd/N. libc's own names
 * came with glibc 2.33 (`fstat`) or are missing in musl (`__fxstat`); on x86-64 and aarch64 the
 * kernel's struct stat is libc's. */
static inline int sys_stat(const char *path, struct stat *st)
{
	return (int)sys_result(sys_call(SYS_newfstatat, AT_FDCWD, (long)path, (long)st, 0, 0, 0));
}

static inline int sys_fstat(int fd, struct stat *st)
{
	return (int)sys_result(sys3(SYS_fstat, fd, st, 0));
}

/* As open(2), read(2), close(2) and getpid(2), which a program may have defined itself; none of
 * them is a cancellation point. */
static inline int sys_open(const char *path, int flags, mode_t mode)
{
	return (int)sys_result(sys_call(SYS_openat, AT_FDCWD, (long)path, flags, mode, 0, 0));
}

static inline ssize_t sys_read(int fd, void *buf, size_t n)
{
	return sys_result(sys3(SYS_read, fd, buf, n));
}

static inline int sys_close(int fd)
{
	return (int)sys_result(sys3(SYS_close, fd, 0, 0));
}

static inline pid_t sys_getpid(void)
{
	return (pid_t)sys3(SYS_getpid, 0, 0, 0);
}

#endif
