/* The limiter: how far may these bytes pass before the line needs a break?
 *
 * A line is a run of bytes between newlines; its column is how many of its bytes have passed, the
 * newline not counted. The limiter is pure: no I/O, no errno, no allocation, no state. All of it
 * is async-signal-safe and needs under 100 bytes of stack. */
#ifndef LINECAP_LIMITER_H
#define LINECAP_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LIMITER_MAX_DEFAULT = 16384,
	LIMITER_MAX_LEAST = 64,
	LIMITER_MAX_MOST = 1 << 30,
	LIMITER_MARK_MOST = 32,
	LIMITER_QUICK_MOST = 65535, /* bytes of a write that may go out unseen */
	LIMITER_MOVE_MOST =
		3, /* the most bytes by which a cut moves: those behind a UTF-8 lead byte */
};

enum limiter_mode { LIMITER_SPLIT, LIMITER_TRUNCATE, LIMITER_JSON };

/* What a line may be, and what breaks it. Made by limits_of, never by hand. */
struct limits {
	uint64_t max;	/* bytes of a line, its mark included, its newline not */
	uint64_t open;	/* bytes of a line that may yet go on: there a mark must still fit */
	uint64_t easy;	/* up to this column not even a UTF-8 sequence wants a look */
	uint64_t quick; /* the same, for a write that may not be looked at beforehand */
	enum limiter_mode mode;
	unsigned break_length;
	char break_bytes[LIMITER_MARK_MOST + 1]; /* the mark and a newline */
};

/* max: LIMITER_MAX_LEAST…LIMITER_MAX_MOST bytes. mark: mark_length bytes without a newline, at
 * most LIMITER_MARK_MOST of them. */
struct limits limits_of(uint64_t max, enum limiter_mode mode, const char *mark, size_t mark_length);

/* The line goes on behind these bytes, no newline in sight. */
#define LIMITER_OPEN UINT64_MAX

/* A column that nobody has had to find out. */
#define LIMITER_UNSEEN UINT64_MAX

/* How many of the n bytes may pass before a break must be put in: n if none is needed.
 *
 * column: where the first byte will stand. ahead: how many bytes come behind these n in the same
 * write before the next newline, or LIMITER_OPEN. Never 0 while column is 0.
 *
 * A line that ends in this write passes whole up to max. One that stays open is cut at `open`,
 * since the break's mark has to fit too. The cut moves up to 3 bytes forward to the lead byte of a
 * UTF-8 sequence that would not fit whole; a sequence that goes on in the next write is judged by
 * its lead byte alone. A cut never stands before a newline, so never between \r and \n. Nor does it
 * stand behind a \r where there is no mark, or behind two or three: the runtime would take \r and
 * break for \r\n and drop both. */
struct limiter_run {
	size_t length;
	uint64_t column; /* behind these bytes, or LIMITER_UNSEEN */
};

struct limiter_run limiter_run(const struct limits *limits, uint64_t column, const char *bytes,
			       size_t n, uint64_t ahead);

/* The column behind these n bytes. */
uint64_t limiter_column(uint64_t column, const char *bytes, size_t n);

/* The last newline of the n bytes, or NULL. (memrchr(3), which musl 1.2 does byte by byte.) */
const char *limiter_last_newline(const char *bytes, size_t n);

#endif
