/* For the files that have the ways: the line that each of them prints. */
#ifndef LINECAP_WAYS_LINE_H
#define LINECAP_WAYS_LINE_H

#include "ways.h"

enum { TEXT_LENGTH = 100000 };

/* Each 8 bytes of the text tell their own offset, so that a loss shows where it happened. */
extern char text[];	   /* TEXT_LENGTH bytes, no newline */
extern char line[];	   /* the text, a newline and a short line after it */
extern size_t line_length; /* of `line` */

extern struct ways_program self;

/* Each ends with a nameless one. */
extern const struct way descriptor_ways[], stream_ways[], kernel_ways[], process_ways[];

_Noreturn void absent(void);		 /* this libc or kernel has no such way */
_Noreturn void broken(const char *what); /* a call failed that must not: exit status 1 */
void push(int fd, ssize_t (*piece)(int fd, const void *bytes, size_t n));

#endif
