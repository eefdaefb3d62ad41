/* A filter: passes a stream on to an fd through the emitter, each write whole or not at all. What
 * blocks is the fd: memory is the caller's one buffer, and a slow reader slows the caller.
 *
 * An fd that somebody else has made non-blocking is waited for. */
#ifndef LINECAP_FILTER_H
#define LINECAP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "ledger.h"
#include "sink.h"

struct filter {
	struct sink sink;	     /* first: what the emitter hands back */
	const struct limits *limits; /* NULL: off, all passes as it is */
	struct account *account;     /* own, or a ledger's */
	struct account own;
	struct ledger *ledger; /* or NULL */
	bool joined;	 /* it stands for the library on that pipe, and writes past its hooks */
	bool open;	 /* the last byte that passed ended no line */
	uint64_t writer; /* what tells it from the pipe's other writers */
	int out;
};

void filter_init(struct filter *filter, const struct limits *limits, int out);

/* From now on it counts with all others who write to that pipe, if that can be had. Whose line was
 * broken is for the caller to note (sink.broken). */
void filter_join_ledger(struct filter *filter, const struct pipe_id *pipe);

/* 0, or -1 with the errno of the write that failed. */
int filter_pass(struct filter *filter, const char *bytes, size_t n);

/* The input's end ends the line: says what was dropped of it, if anything was. As filter_pass. */
int filter_end(struct filter *filter);

/* As read(2), but waits where the fd doesn't, and through signals. */
ssize_t filter_read(int fd, void *bytes, size_t n);

/* All of iov, at most IOV_MAX of them: 0, or -1 and errno. */
int filter_write(int fd, const struct iovec *iov, int count);

#endif
