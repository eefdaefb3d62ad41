/* Writes that pass whole. It does no I/O but through the sink, and keeps no state but the account.
 */
#include "whole.h"

#include <limits.h>

#include "bytes.h"
#include "record.h"

bool whole_passes(const struct limits *limits, const struct account *account, uint64_t word,
		  const struct iovec *iov, int count)
{
	struct rest rest = {.iov = iov, .count = count};
	struct line line = line_of(word);
	uint64_t column = line.column;

	if (line.torn || line.dropping)
		return false;
	for (rest_skip_empty(&rest); rest.count; rest_skip_empty(&rest)) {
		size_t n = rest_length(&rest);

		if (rest_run(limits, column, &rest).length < n)
			return false;
		if (rest.count > 1)
			column = limiter_column(column, rest_bytes(&rest), n);
		rest.offset += n;
	}
	return limits->mode != LIMITER_JSON ||
	       record_passes(limits, account, line.column, iov, count);
}

/* The first n bytes of iov have passed as they are, out of `length`. What have they brought the
 * line to that the turn saw, or the one that they began? 0: they left none open. */
static uint64_t note(struct account *account, struct turn *turn, const struct iovec *iov,
		     size_t length, size_t n)
{
	const struct iovec *at = iov;
	struct line line = {0}, seen = line_of(turn->word);
	bool newline = false;

	line_add(&account->returned, length - n);
	for (uint64_t left = n; left; at++) {
		size_t k = at->iov_len < left ? at->iov_len : (size_t)left;

		const char *last = limiter_last_newline(at->iov_base, k);

		newline = newline || last;
		line.column = last ? (uint64_t)((const char *)at->iov_base + k - last - 1)
				   : line.column + k;
		left -= k;
	}
	if (!newline) {
		line_extend(account, turn, n);
		return n ? seen.column + n : 0;
	}
	line_add(&account->lines, !line.column);
	if (seen.broken)
		line_raise(&account->longest, line_figure(&account->before) + seen.column +
						      bytes_to_newline(iov, (int)(at - iov), n));
	line_renew(account, turn, &line);
	return line.column;
}

void whole_note(const struct limits *limits, struct account *account, struct turn turn,
		const struct iovec *iov, size_t length, ssize_t written, uint64_t writer)
{
	size_t n = written > 0 ? (size_t)written : 0;

	if (limits->mode == LIMITER_JSON && n)
		record_note(account, iov, n);
	uint64_t word = turn.word, column = note(account, &turn, iov, length, n);

	if (!column || limits->mode == LIMITER_SPLIT)
		return;
	uint64_t seen = line_of(word).column;

	if (turn.word != word || !seen ||
	    line_figure(&account->last) == line_holder(word, seen, writer))
		line_set(&account->last, line_holder(turn.word, column, writer));
}

/* What to reserve for bytes that pass: those that extend the line. */
static uint64_t extent_of(const struct iovec *iov, int count, size_t length)
{
	uint64_t to_newline = bytes_to_newline(iov, count, length);

	if (to_newline == LIMITER_OPEN)
		return length;
	return length <= PIPE_BUF ? 0 : to_newline;
}

ssize_t whole_pass(const struct limits *limits, struct account *account, const struct sink *sink,
		   const struct iovec *iov, int count, uint64_t writer)
{
	size_t length = bytes_in(iov, count);
	uint64_t extent = LIMITER_UNSEEN; /* a look at all bytes of an endless line */
	struct turn turn = line_begin(account, length);

	do {
		if (!whole_passes(limits, account, turn.word, iov, count)) {
			line_add(&account->returned, length);
			return WHOLE_NEVER;
		}
		if (extent == LIMITER_UNSEEN)
			extent = extent_of(iov, count, length);
	} while (!line_reserve(account, &turn, extent));
	ssize_t written = sink->writev(sink, iov, count), most = (ssize_t)length;

	whole_note(limits, account, turn, iov, length, written < most ? written : most, writer);
	return written;
}
