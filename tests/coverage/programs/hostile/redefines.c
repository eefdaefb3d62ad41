/* A program with functions of its own under libc's names: OWN_write, OWN_malloc … say which,
 * OWN_all that it has all of them. Only the program and libc may call them: called from linecap,
 * they end the program with status 3. What they are asked for, they do: by the next definition,
 * where there is one. */
#include "endless.h"

#include <dlfcn.h>
#include <link.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum { CALLED_FROM_LINECAP = 3, CALLED_ITSELF = 4, UNCALLED = 5 };

static int calls;

struct place {
	uintptr_t address;
	int is_linecap;
};

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
	struct place *place = data;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];

		if (header->p_type == PT_LOAD &&
		    place->address - (info->dlpi_addr + header->p_vaddr) < header->p_memsz)
			place->is_linecap = strstr(info->dlpi_name, "linecap.so") != NULL;
	}
	return 0;
}

__attribute__((unused)) static void called_from(const void *address)
{
	static int depth; /* what is called here may call them, too */
	struct place place = {.address = (uintptr_t)address};

	calls++;
	if (!depth++)
		dl_iterate_phdr(look, &place);
	depth--;
	if (place.is_linecap)
		_exit(CALLED_FROM_LINECAP);
}

#define CALLED() called_from(__builtin_return_address(0))

/* The next definition of name, which is of own's type. ISO C has no way from a data pointer to a
 * function's. */
#define NEXT_AS(own, name)                                                                         \
	static __typeof__(own) *next;                                                              \
	*(void **)&next = dlsym(RTLD_NEXT, #name)
#define NEXT(name) NEXT_AS(name, name)

#if defined OWN_write && !defined OWN_dprintf
/* libc's dprintf never calls this one. */
ssize_t write(int fd, const void *bytes, size_t n)
{
	static int depth;

	CALLED();
	if (depth++)
		_exit(CALLED_ITSELF);
	int printed = dprintf(fd, "%.*s", (int)n, (const char *)bytes);

	depth--;
	return printed;
}
#elif defined OWN_write || defined OWN_all
ssize_t write(int fd, const void *bytes, size_t n)
{
	NEXT(write);
	CALLED();
	return next(fd, bytes, n);
}
#endif

#if defined OWN_writev || defined OWN_all
ssize_t writev(int fd, const struct iovec *iov, int count)
{
	NEXT(writev);
	CALLED();
	return next(fd, iov, count);
}
#endif

#if defined OWN_syscall || defined OWN_all
long syscall(long number, ...)
{
	NEXT(syscall);
	va_list ap;
	long a, b, c;

	CALLED();
	va_start(ap, number);
	a = va_arg(ap, long);
	b = va_arg(ap, long);
	c = va_arg(ap, long);
	va_end(ap);
	return next(number, a, b, c);
}
#endif

#if defined OWN_dprintf || defined OWN_all
int dprintf(int fd, const char *format, ...)
{
	va_list ap;

	CALLED();
	va_start(ap, format);
	int printed = vdprintf(fd, format, ap);

	va_end(ap);
	return printed;
}
#endif

#if defined OWN_close || defined OWN_all
int close(int fd)
{
	NEXT(close);
	CALLED();
	return next(fd);
}
#endif

#if defined OWN_sendto || defined OWN_all
/* Under its own name the address would be glibc's union of all kinds of address. */
ssize_t own_sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to,
		   socklen_t length) __asm__("sendto");

ssize_t own_sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to,
		   socklen_t length)
{
	NEXT_AS(own_sendto, sendto);
	CALLED();
	return next(fd, bytes, n, flags, to, length);
}
#endif

#if defined OWN_fopen || defined OWN_all
FILE *fopen(const char *path, const char *mode)
{
	NEXT(fopen);
	CALLED();
	return next(path, mode);
}
#endif

#if defined OWN_setenv || defined OWN_all
int setenv(const char *name, const char *value, int overwrite)
{
	NEXT(setenv);
	CALLED();
	return next(name, value, overwrite);
}
#endif

#if defined OWN_getenv || defined OWN_all
char *getenv(const char *name)
{
	NEXT(getenv);
	CALLED();
	return next(name);
}
#endif

#if defined OWN_malloc || defined OWN_all
#define ARENA_CALLED() CALLED()
#include "../../../cli/programs/arena.h"
#endif

#if defined OWN_memory || defined OWN_all
/* As slow as can be, so that no compiler makes them calls of themselves. */
void *memchr(const void *at, int c, size_t n)
{
	const volatile unsigned char *byte = at;

	CALLED();
	for (; n; n--, byte++)
		if (*byte == (unsigned char)c)
			return (void *)(uintptr_t)byte;
	return NULL;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *left = a, *right = b;

	CALLED();
	for (; n && *left == *right; n--)
		left++, right++;
	return n ? *left - *right : 0;
}

static void *copy_bytes(void *to, const void *from, size_t n)
{
	volatile unsigned char *out = to;
	const volatile unsigned char *in = from;

	for (size_t i = 0; i < n; i++) {
		size_t at = out < in ? i : n - 1 - i;

		out[at] = in[at];
	}
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	CALLED();
	return copy_bytes(to, from, n);
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	CALLED();
	return copy_bytes(to, from, n);
}

void *memset(void *to, int c, size_t n)
{
	volatile unsigned char *out = to;

	CALLED();
	while (n--)
		*out++ = (unsigned char)c;
	return to;
}
#endif

/* Each of the names at least once. */
static int use_all(void)
{
	struct iovec iov = {endless, 8};
	FILE *file = fopen("/dev/null", "w");
	char copy[16];
	volatile size_t length = 8;
	int sockets[2];

	if (!file || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		return 0;
	void *volatile block = malloc(100);
	int good = block && fputs("x", file) >= 0 && !fclose(file) && writev(1, &iov, 1) == 8 &&
		   syscall(SYS_write, 1, endless, 8L) == 8 && dprintf(1, "%.8s", endless) == 8 &&
		   sendto(sockets[0], "x", 1, 0, NULL, 0) == 1 && !close(sockets[0]) &&
		   !setenv("HOSTILE", "yes", 1) && getenv("HOSTILE") &&
		   memchr(endless, *endless, length) == endless &&
		   memcpy(copy, endless, length) == copy &&
		   memmove(copy + 8, copy, length) == copy + 8 && !memcmp(copy, copy + 8, length) &&
		   *(char *)memset(copy, 'm', length) == 'm';

	free(block);
	return good;
}

int main(void)
{
	say(1);
	if (!use_all())
		return 1;
	fputs(endless, stdout);
	if (dprintf(1, "%s", endless) != LENGTH + 1 || fflush(stdout))
		return 1;
	fputs(endless, stderr);
	return calls ? 0 : UNCALLED;
}
