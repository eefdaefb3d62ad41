/* The emitter: passes a write on, with breaks where the limiter wants them.
 *
 * It works on the caller's own buffers (no copy), puts the breaks between them in batches of
 * iovecs, and answers in the caller's bytes (contract 4). All of it is async-signal-safe: no heap,
 * no lock, no wait but the sink's own, and with its caller at most 2 KiB of stack (contract 5). */
#ifndef LINECAP_EMITTER_H
#define LINECAP_EMITTER_H

#include <sys/types.h>
#include <sys/uio.h>

#include "line.h"
#include "sink.h"

/* Writes iov to the sink with breaks as limits want them.
 *
 * Returns how many of the caller's bytes are done with (passed or, in truncate, dropped), or -1
 * with the sink's errno if none are. A write that comes back short ends the call, as a signal ends
 * write(2). A break cut short stays in the account, and the next call finishes it first.
 *
 * EMITTER_FIRST_WHOLE: a first line that ends in this very write, and is not too long by itself,
 * goes on a line of its own rather than being cut for what others had left on the line before it.
 */
enum emitter_first { EMITTER_FIRST_CUT, EMITTER_FIRST_WHOLE };

ssize_t emitter_writev(const struct limits *limits, struct account *account,
		       const struct sink *sink, const struct iovec *iov, int count,
		       enum emitter_first first);

#endif
