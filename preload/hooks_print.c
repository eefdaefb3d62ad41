/* The hooks of dprintf(3) and its kin, which in libc write past the exported write. The _chk forms
 * are glibc's (debug/vdprintf_chk.c): what a program calls that was built with _FORTIFY_SOURCE. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hooks.h"

static int write_all(int fd, const char *text, int length)
{
	for (int done = 0; done < length;) {
		ssize_t n = write(fd, text + done, (size_t)(length - done));

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
	return vsnprintf(text, size, format, ap);
}

static int format_checked(char *text, size_t size, int flag, const char *format, va_list ap)
{
	return next.__vsnprintf_chk(text, size, flag, size, format, ap);
}

/* libc's dprintf writes past the exported write, so libc only formats here. -1: it could not (a
 * bad format, no memory), as its own dprintf would have answered. */
static int print(int fd, format_function *to_text, int flag, const char *format, va_list ap)
{
	char fixed[512], *longer = NULL;
	int error = errno; /* for %m */
	va_list again;

	va_copy(again, ap);
	int length = to_text(fixed, sizeof fixed, flag, format, again);

	va_end(again);
	if (length < 0)
		return -1;
	if ((size_t)length >= sizeof fixed) {
		longer = malloc((size_t)length + 1);
		if (!longer)
			return -1;
		errno = error;
		to_text(longer, (size_t)length + 1, flag, format, ap);
	}
	errno = error;
	int printed = write_all(fd, longer ? longer : fixed, length);

	free(longer);
	return printed;
}

EXPORT int vdprintf(int fd, const char *format, va_list ap)
{
	if (fdmap_guarded(fd))
		return print(fd, format_plain, 0, format, ap);
	return next_library(vdprintf)(fd, format, ap);
}

EXPORT int __vdprintf_chk(int fd, int flag, const char *format, va_list ap)
{
	if (!fdmap_guarded(fd) && next_library(__vdprintf_chk))
		return next.__vdprintf_chk(fd, flag, format, ap);
	return print(fd, next_library(__vsnprintf_chk) ? format_checked : format_plain, flag,
		     format, ap);
}

EXPORT int dprintf(int fd, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int printed = vdprintf(fd, format, ap);

	va_end(ap);
	return printed;
}

EXPORT int __dprintf_chk(int fd, int flag, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int printed = __vdprintf_chk(fd, flag, format, ap);

	va_end(ap);
	return printed;
}
