/* The next definition of each hooked name: what a hook calls when it has nothing to add.
 *
 * Until next_resolve has run (and where a libc lacks a name) an entry is the raw system call, so a
 * hook can always call it: dlsym(3) may allocate, and an allocator may write. The names that have
 * no system call behind them are NULL until then: next_library resolves them. */
#ifndef LINECAP_NEXT_H
#define LINECAP_NEXT_H

#include <aio.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* X(name, result, parameters) */
#define NEXT_SYSTEM_CALLS(X)                                                                       \
	X(write, ssize_t, (int, const void *, size_t))                                             \
	X(writev, ssize_t, (int, const struct iovec *, int))                                       \
	X(pwritev2, ssize_t, (int, const struct iovec *, int, off_t, int))                         \
	X(syscall, long, (long, long, long, long, long, long, long))                               \
	X(vmsplice, ssize_t, (int, const struct iovec *, size_t, unsigned))                        \
	X(send, ssize_t, (int, const void *, size_t, int))                                         \
	X(sendto, ssize_t, (int, const void *, size_t, int, const struct sockaddr *, socklen_t))   \
	X(sendmsg, ssize_t, (int, const struct msghdr *, int))                                     \
	X(sendmmsg, int, (int, struct mmsghdr *, unsigned, int))                                   \
	X(sendfile, ssize_t, (int, int, off_t *, size_t))                                          \
	X(splice, ssize_t, (int, off_t *, int, off_t *, size_t, unsigned))                         \
	X(tee, ssize_t, (int, int, size_t, unsigned))                                              \
	X(prctl, int, (int, long, long, long, long))                                               \
	X(close, int, (int))                                                                       \
	X(dup, int, (int))                                                                         \
	X(dup2, int, (int, int))                                                                   \
	X(dup3, int, (int, int, int))                                                              \
	X(close_range, int, (unsigned, unsigned, int))                                             \
	X(closefrom, void, (int))

/* setenv is no hook, but must be libc's: bash has one of its own. */
#define NEXT_LIBRARY_CALLS(X)                                                                      \
	X(setenv, int, (const char *, const char *, int))                                          \
	X(fclose, int, (FILE *))                                                                   \
	X(pclose, int, (FILE *))                                                                   \
	X(fopen, FILE *, (const char *, const char *))                                             \
	X(fopen64, FILE *, (const char *, const char *))                                           \
	X(fdopen, FILE *, (int, const char *))                                                     \
	X(freopen, FILE *, (const char *, const char *, FILE *))                                   \
	X(freopen64, FILE *, (const char *, const char *, FILE *))                                 \
	X(aio_write, int, (struct aiocb *))                                                        \
	X(lio_listio, int, (int, struct aiocb *const *, int, struct sigevent *))                   \
	X(vdprintf, int, (int, const char *, va_list))                                             \
	X(__vdprintf_chk, int, (int, int, const char *, va_list))                                  \
	X(__vsnprintf_chk, int, (char *, size_t, int, size_t, const char *, va_list))

struct next {
#define X(name, result, parameters) result(*name) parameters;
	NEXT_SYSTEM_CALLS(X)
	NEXT_LIBRARY_CALLS(X)
#undef X
};

extern struct next next __attribute__((visibility("hidden")));

/* dlsym(3) for each name; only the first call does anything. Not async-signal-safe: for the
 * constructor, and for library calls that come before it. */
void next_resolve(void);

/* A library call's next definition, at any time; NULL: no libc has it here. */
#define next_library(name) (next_resolve(), next.name)

/* dlsym(3) in all that is loaded, for data and for functions: NULL if it isn't there. */
typedef void next_function(void);

void *next_data_anywhere(const char *name);
next_function *next_function_anywhere(const char *name);

#endif
