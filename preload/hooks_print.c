/* The hooks of dprintf(3) and its kin, which in libc write past the exported write. The _chk forms
 * are glibc's (debug/vdprintf_chk.c): what a program calls that was built with _FORTIFY_SOURCE. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "hooks.h"
#include "sys.h"

/* musl's dprintf is no cancellation point (contract 2). */
static int write_all(int fd, const char *text, int length)
{
	enum call_way way = next.gnu_get_libc_version ? CALL_BY_NAME : CALL_BY_NUMBER;

	for (int done = 0; done < length;) {
		ssize_t n = write_in(way, fd, text + done, (size_t)(length - done));

		if (n < 0)
			return -1;
		done += (int)n;
	}
	return length;
}

/* libc's own writes without anybody counting, and to format twice would be seen (%n): so its bytes
 * are counted afterwards. */
static int counted(int fd, int printed)
{
	guard_unseen(fd, printed);
	return printed;
}

typedef int format_function(char *text, size_t size, int flag, const char *format, va_list ap);
typedef int print_function(int fd, int flag, const char *format, va_list ap);

/* libc's, of one kind. */
struct printer {
	format_function *to_text;
	print_function *to_fd;
};

static int format_plain(char *text, size_t size, int flag, const char *format, va_list ap)
{
	(void)flag;
	return next_library(vsnprintf)(text, size, format, ap);
}

static int print_plain(int fd, int flag, const char *format, va_list ap)
{
	(void)flag;
	return counted(fd, next_library(vdprintf)(fd, format, ap));
}

static int format_checked(char *text, size_t size, int flag, const char *format, va_list ap)
{
	return next.__vsnprintf_chk(text, size, flag, size, format, ap);
}

static int print_checked(int fd, int flag, const char *format, va_list ap)
{
	return counted(fd, next.__vdprintf_chk(fd, flag, format, ap));
}

static const struct printer plain = {format_plain, print_plain},
			    checked = {format_checked, print_checked};

/* What is too long for the stack, without the heap: a program may print in a signal handler, where
 * dprintf(3) of musl, and of glibc since 2.37, does without it, too. */
static char *map_room(size_t size)
{
	long at = sys_call(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return sys_result(at) == -1 ? NULL : (char *)at;
}

/* Where there is no memory, libc's own does without: the line is longer by this text. */
static int print_longer(int fd, const struct printer *printer, int flag, const char *format,
			va_list ap, int length)
{
	int error = errno;
	size_t size = (size_t)length + 1;
	char *text = map_room(size);

	errno = error;
	if (!text)
		return printer->to_fd(fd, flag, format, ap);
	printer->to_text(text, size, flag, format, ap);
	int printed = write_all(fd, text, length);

	sys3(SYS_munmap, text, size, 0);
	return printed;
}

/* libc's dprintf writes past the exported write, so libc only formats here. -1: it could not (a
 * bad format), as its own dprintf would have answered. */
static int print(int fd, const struct printer *printer, int flag, const char *format, va_list ap)
{
	char text[512];
	int error = errno; /* for %m */
	va_list again;

	va_copy(again, ap);
	int length = printer->to_text(text, sizeof text, flag, format, again);

	va_end(again);
	if (length < 0)
		return -1;
	errno = error;
	if ((size_t)length < sizeof text)
		return write_all(fd, text, length);
	return print_longer(fd, printer, flag, format, ap, length);
}

int hook_vdprintf(int fd, const char *format, va_list ap)
{
	if (fdmap_guarded(fd, 0))
		return print(fd, &plain, 0, format, ap);
	return print_plain(fd, 0, format, ap);
}

int hook___vdprintf_chk(int fd, int flag, const char *format, va_list ap)
{
	bool is_there = next_library(__vdprintf_chk) && next_library(__vsnprintf_chk);
	const struct printer *printer = is_there ? &checked : &plain;

	if (fdmap_guarded(fd, 0))
		return print(fd, printer, flag, format, ap);
	return printer->to_fd(fd, flag, format, ap);
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
