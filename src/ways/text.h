/* For the files that have the ways: the line that each of them prints. */
#ifndef LINECAP_WAYS_TEXT_H
#define LINECAP_WAYS_TEXT_H

#include "ways.h"

enum { TEXT_LENGTH = 100000 };

/* Each 8 bytes of the text tell their own offset, so that a loss shows where it happened. */
extern char text[];	   /* TEXT_LENGTH bytes, no newline */
extern char line[];	   /* the text, a newline and a short line after it */
extern size_t line_length; /* of `line` */

extern struct ways_program self;

/* These files are also built into libways.so, which is loaded by libcs that it wasn't built for.
 * What one of them may lack is a weak name here, and `need` says before a call that the way is
 * absent. All that libways.so may call at all stands in libc.stub. */
#define need(name)                                                                                 \
	do {                                                                                       \
		if (!(name))                                                                       \
			absent();                                                                  \
	} while (0)

extern const char *gnu_get_libc_version(void) __attribute__((weak)); /* glibc's alone */

/* Each ends with a nameless one. */
extern const struct way descriptor_ways[], stream_ways[], kernel_ways[], process_ways[];

_Noreturn void absent(void);		 /* this libc or kernel has no such way */
_Noreturn void broken(const char *what); /* a call failed that must not: exit status 1 */
void need_file(const char *path);	 /* absent, where it doesn't exist */
const char *path_of(int fd);		 /* /proc/self/fd/N; absent, without a /proc */
void push(int fd, ssize_t (*piece)(int fd, const void *bytes, size_t n));

#endif
