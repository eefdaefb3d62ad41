/* stat(2) by its raw system call. libc's own names for it came with glibc 2.33 (`fstat`) or are
 * missing in musl (`__fxstat`), so the .so can use neither. On x86-64 and aarch64 the kernel's
 * struct stat is libc's. Async-signal-safe. */
#ifndef LINECAP_STATUS_H
#define LINECAP_STATUS_H

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As stat(2): 0, or -1 and errno. Follows links, so a path may be /proc/PID/fd/N. */
static inline int status_of_path(const char *path, struct stat *st)
{
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

static inline int status_of_fd(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}

#endif
