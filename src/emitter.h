/* The emitter: passes a write on, with breaks where the limiter wants them.
 *
 * It works on the caller's own buffers (no copy), puts the breaks between them in batches of
 * iovecs, and answers in the caller's bytes (contract 4). All of it is async-signal-safe: no heap,
 * no lock, no wait but the sink's own; about 1.5 KiB of stack, of which 1 KiB are iovecs. */
#ifndef LINECAP_EMITTER_H
#define LINECAP_EMITTER_H

#include <stdatomic.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "limiter.h"

/* What a pipe's line has come to: one word, shared by all who write to the pipe. Loaded before a
 * write and updated after it, so nothing is held that a signal, fork or kill -9 could leave behind.
 *
 *   bits  0…15  how often the line has been begun anew: so a writer that was held up between its
 *               write and its update can tell whether what others added since is still the same
 * line bits 16…53  the column; while a line is being dropped, how many of its bytes have been bits
 * 54…59  how many bytes of a torn break (or report) are out; 0: none is torn bit  60     the rest
 * of this line is being dropped (truncate) bit  61     the torn text is the report, not the break
 *   bit  62     this line has been broken before
 *
 * Whatever a word holds, the emitter stays within its own memory: a word may come from a page that
 * others can write. */
typedef _Atomic uint64_t line_word;

#define LINE_COLUMN_SHIFT 16
#define LINE_DROPPING	  (UINT64_C(1) << 60)

/* All that is known of a pipe's lines. The figures only grow, and nothing depends on them. Bytes
 * and lines are counted as they pass, at one instruction each; the rest where a line is broken. */
struct account {
	line_word word;
	_Atomic uint64_t
		before; /* bytes of the broken line at hand that came before its last break */
	_Atomic uint64_t bytes;	  /* that callers have written */
	_Atomic uint64_t lines;	  /* writes that ended a line: one that ends several counts once */
	_Atomic uint64_t broken;  /* lines that were broken */
	_Atomic uint64_t breaks;  /* put in */
	_Atomic uint64_t dropped; /* bytes, in truncate */
	_Atomic uint64_t
		longest; /* bytes of the longest broken line so far, as its writers meant it */
};

/* Where the bytes go. Each function is called with the sink itself, so that a user can keep more
 * behind it (first member of a larger struct). */
struct sink {
	/* As writev(2), on at most 64 iovecs, none of them empty. */
	ssize_t (*writev)(const struct sink *sink, const struct iovec *iov, int count);
	/* A write came back short and moved none of the caller's bytes: what errno would write(2)
	 * have left? EAGAIN where the sink doesn't block, EINTR where it does. */
	int (*stalled)(const struct sink *sink);
	/* Nobody will ever read from the sink (poll(2): POLLERR). Asked for each 64 KiB dropped. */
	bool (*gone)(const struct sink *sink);
	/* A line has just been broken for the first time; these of its bytes are at hand, n > 0.
	 * May be NULL. */
	void (*broken)(const struct sink *sink, const char *bytes, size_t n);
};

/* May n bytes pass as they are, whatever they hold? False may only mean that they must be looked
 * at. */
static inline bool emitter_fits(const struct limits *limits, uint64_t word, size_t n)
{
	return (word >> LINE_COLUMN_SHIFT) + n <= limits->easy;
}

/* May these bytes pass as they are? Reads them. */
bool emitter_passes(const struct limits *limits, uint64_t word, const struct iovec *iov, int count);

/* Notes that the first n bytes of iov have passed as they are; seen is the word as it was before
 * they were written.
 *
 * The line begins anew behind a newline of theirs. What others have added since `seen` was loaded
 * stays on it, as nobody can tell on which side of the newline it went out: so a line may be broken
 * early, but is never longer than max and what was in flight (contract 1). Where nobody but writers
 * of whole lines is about, nothing is ever added. */
void emitter_passed(struct account *account, uint64_t seen, const struct iovec *iov, size_t n);

/* Writes iov to the sink with breaks as limits want them.
 *
 * Returns how many of the caller's bytes are done with (passed or, in truncate, dropped), or -1
 * with the sink's errno if none are. A write that comes back short ends the call, as a signal ends
 * write(2). A break cut short stays in the word, and the next call finishes it first.
 *
 * EMITTER_FIRST_WHOLE: a first line that ends in this very write, and is not too long by itself,
 * goes on a line of its own rather than being cut for what others had left on the line before it.
 */
enum emitter_first { EMITTER_FIRST_CUT, EMITTER_FIRST_WHOLE };

ssize_t emitter_writev(const struct limits *limits, struct account *account,
		       const struct sink *sink, const struct iovec *iov, int count,
		       enum emitter_first first);

#endif
