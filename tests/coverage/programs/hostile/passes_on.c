/* Another preload library, with hooks of its own in the usual manner: each calls the next one. */
#include <dlfcn.h>
#include <sys/types.h>
#include <sys/uio.h>

ssize_t write(int fd, const void *bytes, size_t n)
{
	ssize_t (*next)(int, const void *, size_t);

	*(void **)&next = dlsym(RTLD_NEXT, "write");
	return next(fd, bytes, n);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	ssize_t (*next)(int, const struct iovec *, int);

	*(void **)&next = dlsym(RTLD_NEXT, "writev");
	return next(fd, pieces, count);
}
