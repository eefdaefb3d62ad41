/* May this memory of the program's be looked at? What it hands to a system call may be anything,
 * and the kernel's answer to what can't be read is EFAULT (contract 2). So the kernel is to see it
 * first, by the program's own call, or where a guarded pipe is written to, by one that changes
 * nothing. Async-signal-safe; errno is kept. */
#ifndef LINECAP_READABLE_H
#define LINECAP_READABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { READABLE_PAGE = 4096 }; /* bytes; no kernel's pages are smaller */

/* Without a system call: it lies close above our own frame, or in pages that the kernel has read
 * from before. (They may have gone since: a program that unmaps them, and hands them on, is found
 * out by nobody.) */
bool readable_as_known(const void *at, size_t n);

/* The kernel has just read it. */
void readable_note(const void *at, size_t n);

/* How many of the n bytes can be read, up to the first that can't. Asks the kernel, a system call
 * for each page. */
size_t readable_bytes(const void *at, size_t n);

/* Can all of them, asked so? */
bool readable_as_asked(const void *at, size_t n);

/* As known, or else as asked, which is noted. */
bool readable(const void *at, size_t n);

#endif
