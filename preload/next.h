/* The next definition of each hooked name: what a hook calls when it has nothing to add; and what
 * else the library calls in libc.
 *
 * Until next_resolve has run (and where nobody has the name) an entry is the raw system call, so a
 * hook can always call it. The names that have no system call behind them are NULL until then:
 * next_library resolves them. */
#ifndef LINECAP_NEXT_H
#define LINECAP_NEXT_H

#include <aio.h>
#include <link.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* calls.def's rows in their order, as functions of their types and as the slots that next_resolve
 * fills. */
struct next_functions {
#define SYSTEM(name, result, parameters, arguments) result(*name) parameters;
#define BY_HAND(name, result, parameters)	    result(*name) parameters;
#define LIBRARY(name, result, parameters)	    result(*name) parameters;
#define LIBC(name, result, parameters)		    result(*name) parameters;
#define LIBC_DATA(name)				    void *name;
#include "calls.def"
};

enum { NEXT_SLOTS = sizeof(struct next_functions) / sizeof(void *) };

/* Read by hooks while another thread may still resolve: each slot is written in one piece, and all
 * that write it write the same. */
extern struct next_functions next __attribute__((visibility("hidden")));

/* What the entries are before. */
#define RAW(name, result, parameters)                                                              \
	result raw_##name parameters __attribute__((visibility("hidden")));
#define SYSTEM(name, result, parameters, arguments) RAW(name, result, parameters)
#define BY_HAND(name, result, parameters)	    RAW(name, result, parameters)
#include "calls.def"
#undef RAW

/* Looks all of them up; once that is done, does nothing. Any thread may come here first, or several
 * at once, and in a signal handler too: each does the whole work, without a lock or the heap. */
void next_resolve(void);

/* A library call's next definition, at any time: NULL if nobody has it. What was missing at the
 * start may have come with a library that was opened since: glibc had aio_write in librt.so.1
 * until 2.34. */
void next_look_again(size_t offset);

#define next_library(name)                                                                         \
	(next.name                                                                                 \
		 ? next.name                                                                       \
		 : (next_look_again(__builtin_offsetof(struct next_functions, name)), next.name))

#endif
