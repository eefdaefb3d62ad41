/* The hooks of dprintf(3) and its kin, which in libc write past the exported write. The _chk forms
 * are glibc's (debug/vdprintf_chk.c): what a program calls that was built with _FORTIFY_SOURCE. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "hooks.h"
#include "sys.h"

static int write_all(int fd, const char *text, int length)
{
	for (int done = 0; done < length;) {
		ssize_t n = hook_write(fd, text + done, (size_t)(length - done));

		if (n < 0)
			return -1;
		done += (int)n;
	}
	return length;
}

typedef int format_function(char *text, size_t size, int flag, const char *format, va_list ap);

static int format_plain(char *text, size_t size, int flag, const char *format, va_list ap)
{
	(void)flag;
	return next_library(vsnprintf)(text, size, format, ap);
}

static int format_checked(char *text, size_t size, int flag, const char *format, va_list ap)
{
	return next.__vsnprintf_chk(text, size, flag, size, format, ap);
}

/* What is too long for the stack, without the heap: a program may print in a signal handler, where
 * dprintf(3) of musl, and of glibc since 2.37, does without it, too. */
static char *map_room(size_t size)
{
	long at = sys_call(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return sys_result(at) == -1 ? NULL : (char *)at;
}

static int print_longer(int fd, format_function *to_text, int flag, const char *format, va_list ap,
			int length)
{
	int error = errno;
	size_t size = (size_t)length + 1;
	char *text = map_room(size);

	if (!text)
		return -1;
	errno = error;
	to_text(text, size, flag, format, ap);
	int printed = write_all(fd, text, length);

	sys3(SYS_munmap, text, size, 0);
	return printed;
}

/* libc's dprintf writes past the exported write, so libc only formats here. -1: it could not (a
 * bad format, no memory), as its own dprintf would have answered. */
static int print(int fd, format_function *to_text, int flag, const char *format, va_list ap)
{
	char text[512];
	int error = errno; /* for %m */
	va_list again;

	va_copy(again, ap);
	int length = to_text(text, sizeof text, flag, format, again);

	va_end(again);
	if (length < 0)
		return -1;
	errno = error;
	if ((size_t)length < sizeof text)
		return write_all(fd, text, length);
	return print_longer(fd, to_text, flag, format, ap, length);
}

/* libc's own writes without anybody counting, and to format twice would be seen (%n): so its bytes
 * are counted afterwards. */
static int counted(int fd, int printed)
{
	guard_unseen(fd, printed);
	return printed;
}

int hook_vdprintf(int fd, const char *format, va_list ap)
{
	if (fdmap_guarded(fd, 0))
		return print(fd, format_plain, 0, format, ap);
	return counted(fd, next_library(vdprintf)(fd, format, ap));
}

int hook___vdprintf_chk(int fd, int flag, const char *format, va_list ap)
{
	format_function *to_text = next_library(__vsnprintf_chk) ? format_checked : format_plain;

	if (next_library(__vdprintf_chk) && !fdmap_guarded(fd, 0))
		return counted(fd, next.__vdprintf_chk(fd, flag, format, ap));
	return print(fd, to_text, flag, format, ap);
}

int hook_dprintf(int fd, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int printed = hook_vdprintf(fd, format, ap);

	va_end(ap);
	return printed;
}

int hook___dprintf_chk(int fd, int flag, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int printed = hook___vdprintf_chk(fd, flag, format, ap);

	va_end(ap);
	return printed;
}
