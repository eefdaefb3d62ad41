/* The hooks of what opens and closes streams: their fds change with them, and on musl each stream
 * that is opened has a write function of its own. */
#include <errno.h>
#include <stdio.h>

#include "hooks.h"

/* fileno(3), for streams that may have no fd. */
static int fd_of(FILE *stream)
{
	int error = errno, fd = fileno(stream);

	errno = error;
	return fd;
}

EXPORT int fclose(FILE *stream)
{
	int fd = fd_of(stream);
	int result = next_library(fclose)(stream);

	fdmap_forget(fd);
	return result;
}

EXPORT int pclose(FILE *stream)
{
	int fd = fd_of(stream);
	int result = next_library(pclose)(stream);

	fdmap_forget(fd);
	return result;
}

static FILE *opened(FILE *stream)
{
	if (stream)
		stdio_musl_opened(stream);
	return stream;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
	return opened(next_library(fopen)(path, mode));
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
	next_resolve();
	return opened((next.fopen64 ? next.fopen64 : next.fopen)(path, mode));
}

EXPORT FILE *fdopen(int fd, const char *mode)
{
	return opened(next_library(fdopen)(fd, mode));
}

static FILE *reopened(FILE *stream, int old)
{
	fdmap_forget(old);
	if (stream)
		fdmap_forget(fd_of(stream));
	return opened(stream);
}

EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream)
{
	int old = fd_of(stream);

	return reopened(next_library(freopen)(path, mode, stream), old);
}

EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
	int old = fd_of(stream);

	next_resolve();
	return reopened((next.freopen64 ? next.freopen64 : next.freopen)(path, mode, stream), old);
}
