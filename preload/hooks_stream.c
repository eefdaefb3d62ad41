/* The hooks of what opens and closes streams: their fds change with them, and on musl each stream
 * that is opened has a write function of its own. */
#include <errno.h>
#include <stdio.h>

#include "hooks.h"
#include "stats.h"

/* fileno(3), for streams that may have no fd. */
static int fd_of(FILE *stream)
{
	int error = errno, fd = next_library(fileno)(stream);

	errno = error;
	return fd;
}

int hook_fclose(FILE *stream)
{
	int fd = fd_of(stream);

	stats_before_close((unsigned)fd, (unsigned)fd);
	int result = next_library(fclose)(stream);

	fdmap_forget(fd);
	return result;
}

int hook_pclose(FILE *stream)
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

FILE *hook_fopen(const char *path, const char *mode)
{
	return opened(next_library(fopen)(path, mode));
}

FILE *hook_fopen64(const char *path, const char *mode)
{
	return next_library(fopen64) ? opened(next.fopen64(path, mode)) : hook_fopen(path, mode);
}

FILE *hook_fdopen(int fd, const char *mode)
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

FILE *hook_freopen(const char *path, const char *mode, FILE *stream)
{
	int old = fd_of(stream);

	return reopened(next_library(freopen)(path, mode, stream), old);
}

FILE *hook_freopen64(const char *path, const char *mode, FILE *stream)
{
	int old = fd_of(stream);

	if (!next_library(freopen64))
		return hook_freopen(path, mode, stream);
	return reopened(next.freopen64(path, mode, stream), old);
}
