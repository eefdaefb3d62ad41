/* A write that passes whole: the caller's own call, made as it is, and noted on the line (contract
 * 2). Async-signal-safe: no heap, no lock, no wait but the sink's own. */
#ifndef LINECAP_WHOLE_H
#define LINECAP_WHOLE_H

#include "line.h"
#include "sink.h"

/* May these bytes pass as they are, on a line that is as the word says? Reads them. */
bool whole_passes(const struct limits *limits, const struct account *account, uint64_t word,
		  const struct iovec *iov, int count);

/* Notes what became of a blind write (line_enter) of iov, `length` bytes long. written: the sink's
 * answer; writer: as the sink would tell it. */
void whole_note(const struct limits *limits, struct account *account, struct turn turn,
		const struct iovec *iov, size_t length, ssize_t written, uint64_t writer);

/* The answer of whole_pass where a break is needed; nothing has been written. */
enum { WHOLE_NEVER = -2 };

/* Writes iov to the sink as it is, if that may be. The answer is the sink's, or WHOLE_NEVER. The
 * sink isn't asked who writes: that may cost a system call (contract 6). It may know of more bytes
 * behind these; what it writes of those isn't counted. */
ssize_t whole_pass(const struct limits *limits, struct account *account, const struct sink *sink,
		   const struct iovec *iov, int count, uint64_t writer);

#endif
