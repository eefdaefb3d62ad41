/* The naive model: what must come out of the limiter and the emitter, byte by byte.
 *
 * It is the contract in its plainest form, made from the design and the headers and from none of
 * the code under test: no windows, no batches, no shortcuts. It may be slow; it may not be clever.
 * The grammar of UTF-8 is that of RFC 3629, section 4. */
#ifndef LINECAP_TESTS_NAIVE_H
#define LINECAP_TESTS_NAIVE_H

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "emitter.h"
#include "whole.h"

enum { NAIVE_INPUT = 8192, NAIVE_OUTPUT = 4 * NAIVE_INPUT, NAIVE_TEXT = 64 };

/* One write, flat: where each byte lies, how many bytes its iovec holds from there on, and how many
 * bytes come before the next newline (LIMITER_OPEN: there is none). */
struct naive_input {
	size_t length;
	struct {
		const char *at;
		size_t visible;
		bool behind_cr; /* the byte before it in the same iovec is \r */
		uint64_t left;
	} bytes[NAIVE_INPUT];
};

/* What goes to the sink: each byte, and which of the caller's it is (NULL: one of linecap's). */
struct naive_output {
	size_t length, done; /* done: so many of the caller's bytes are passed or dropped */
	struct {
		const char *source;
		char byte;
	} bytes[NAIVE_OUTPUT];
};

enum naive_text { NAIVE_NO_TEXT, NAIVE_BREAK, NAIVE_REPORT };

struct naive {
	uint64_t max;
	enum limiter_mode mode;
	size_t mark_length;
	char mark[LIMITER_MARK_MOST];

	uint64_t column, dropped;
	bool dropping;
	enum naive_text torn;
	size_t torn_out; /* how many bytes of the torn text are out */
};

static inline struct naive naive_of(uint64_t max, enum limiter_mode mode, const char *mark,
				    size_t mark_length)
{
	struct naive naive = {.max = max, .mode = mode, .mark_length = mark_length};

	if (mark_length)
		memcpy(naive.mark, mark, mark_length);
	return naive;
}

static inline bool naive_between(char byte, unsigned char least, unsigned char most)
{
	return (unsigned char)byte >= least && (unsigned char)byte <= most;
}

/* The length of the UTF-8 sequence that starts here, as far as the n bytes show; 1 where none
 * does. */
static inline size_t naive_sequence(const char *bytes, size_t n)
{
	static const struct {
		unsigned char lead, lead_end, second, second_end;
		size_t length;
	} rows[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
		if (!naive_between(bytes[0], rows[row].lead, rows[row].lead_end))
			continue;
		if (n > 1 && !naive_between(bytes[1], rows[row].second, rows[row].second_end))
			return 1;
		for (size_t i = 2; i < n && i < rows[row].length; i++)
			if (!naive_between(bytes[i], 0x80, 0xbf))
				return 1;
		return rows[row].length;
	}
	return 1;
}

/* How many bytes belong together from here on. A \r must not be the last before a newline of ours,
 * which the runtime would take for its own: up to three of them go with what follows. */
static inline size_t naive_unit(const struct naive *naive, const char *bytes, size_t n,
				bool behind_cr)
{
	size_t run = 0;

	if (*bytes != '\r')
		return naive_sequence(bytes, n);
	if (naive->mark_length || behind_cr)
		return 1;
	while (run < 3 && run < n && bytes[run] == '\r')
		run++;
	return run + (run < n ? naive_sequence(bytes + run, n - run) : 1);
}

/* Must a break go in front of this byte? left: how many bytes the line still has in this write,
 * LIMITER_OPEN if it doesn't end there. */
static inline bool naive_breaks(const struct naive *naive, uint64_t column, const char *bytes,
				size_t visible, bool behind_cr, uint64_t left)
{
	if (*bytes == '\n')
		return false;
	if (column + naive_unit(naive, bytes, visible, behind_cr) + naive->mark_length <=
	    naive->max)
		return false;
	return left > naive->max || column + left > naive->max;
}

/* limiter_run's answer. */
static inline size_t naive_run(const struct naive *naive, uint64_t column, const char *bytes,
			       size_t n, uint64_t ahead)
{
	for (size_t i = 0; i < n; i++) {
		const char *newline = memchr(bytes + i, '\n', n - i);
		uint64_t left = ahead == LIMITER_OPEN ? ahead : n - i + ahead;

		if (newline)
			left = (uint64_t)(newline - bytes) - i;
		if (naive_breaks(naive, column, bytes + i, n - i, i && bytes[i - 1] == '\r', left))
			return i;
		column = bytes[i] == '\n' ? 0 : column + 1;
	}
	return n;
}

static inline void naive_flatten(struct naive_input *input, const struct iovec *iov, int count)
{
	uint64_t left = LIMITER_OPEN;

	input->length = 0;
	for (int i = 0; i < count; i++)
		for (size_t j = 0; j < iov[i].iov_len; j++) {
			input->bytes[input->length].at = (const char *)iov[i].iov_base + j;
			input->bytes[input->length].behind_cr =
				j && input->bytes[input->length].at[-1] == '\r';
			input->bytes[input->length++].visible = iov[i].iov_len - j;
		}
	for (size_t i = input->length; i--; input->bytes[i].left = left)
		if (*input->bytes[i].at == '\n')
			left = 0;
		else if (left != LIMITER_OPEN)
			left++;
}

static inline size_t naive_text(const struct naive *naive, char text[NAIVE_TEXT])
{
	if (naive->torn == NAIVE_REPORT)
		return (size_t)snprintf(text, NAIVE_TEXT, "[linecap: %llu bytes dropped]\n",
					(unsigned long long)naive->dropped);
	memcpy(text, naive->mark, naive->mark_length);
	text[naive->mark_length] = '\n';
	return naive->mark_length + 1;
}

static inline bool naive_put(struct naive_output *output, size_t room, char byte,
			     const char *source)
{
	if (output->length == room)
		return false;
	output->bytes[output->length].byte = byte;
	output->bytes[output->length++].source = source;
	return true;
}

/* The text, or what is left of it. False: the sink takes no more. */
static inline bool naive_put_text(struct naive *naive, enum naive_text text,
				  struct naive_output *output, size_t room)
{
	char bytes[NAIVE_TEXT];

	if (output->length == room)
		return false;
	naive->torn = text;
	for (size_t length = naive_text(naive, bytes); naive->torn_out < length; naive->torn_out++)
		if (!naive_put(output, room, bytes[naive->torn_out], NULL))
			return false;
	naive->dropping = text == NAIVE_BREAK && naive->mode == LIMITER_TRUNCATE;
	naive->dropped = 0;
	naive->column = 0;
	naive->torn = NAIVE_NO_TEXT;
	naive->torn_out = 0;
	return true;
}

/* EMITTER_FIRST_WHOLE: the first line would be cut only for what stands before it. A line whose
 * first byte belongs to a UTF-8 sequence before it is none of its own. */
static inline bool naive_wants_own_line(const struct naive *naive, const struct naive_input *input)
{
	uint64_t left = input->bytes[0].left;

	return naive->mode == LIMITER_SPLIT && !naive->dropping && naive->column &&
	       naive->column < naive->max && left <= naive->max &&
	       naive->column + left > naive->max && !naive_between(*input->bytes[0].at, 0x80, 0xbf);
}

/* The next byte of the caller's. False: the sink takes no more. */
static inline bool naive_step(struct naive *naive, const struct naive_input *input,
			      struct naive_output *output, size_t room)
{
	size_t i = output->done;
	const char *at = input->bytes[i].at;

	if (naive->dropping && *at != '\n') {
		naive->dropped++;
		output->done++;
		return true;
	}
	if (naive->dropping) { /* the report stands for the newline */
		output->done += output->length < room;
		return naive_put_text(naive, NAIVE_REPORT, output, room);
	}
	if (naive_breaks(naive, naive->column, at, input->bytes[i].visible,
			 input->bytes[i].behind_cr, input->bytes[i].left))
		return naive_put_text(naive, NAIVE_BREAK, output, room);
	if (!naive_put(output, room, *at, at))
		return false;
	naive->column = *at == '\n' ? 0 : naive->column + 1;
	output->done++;
	return true;
}

/* One write to a sink that takes `room` bytes and no more. */
static inline void naive_write(struct naive *naive, const struct naive_input *input,
			       enum emitter_first first, size_t room, struct naive_output *output)
{
	output->length = output->done = 0;
	if (naive->torn && !naive_put_text(naive, naive->torn, output, room))
		return;
	if (first == EMITTER_FIRST_WHOLE && input->length && naive_wants_own_line(naive, input) &&
	    !naive_put_text(naive, NAIVE_BREAK, output, room))
		return;
	while (output->done < input->length && naive_step(naive, input, output, room))
		;
}

/* Does the account say what the model knows? (While a break is torn its column is of no interest;
 * that a line was broken before is a matter of the figures.) */
static inline bool naive_agrees(const struct naive *naive, const struct account *account)
{
	struct line line = line_of(atomic_load(&account->word));

	if (line.torn != (naive->torn != NAIVE_NO_TEXT))
		return false;
	if (line.torn &&
	    (atomic_load(&account->torn) != naive->torn_out ||
	     (atomic_load(&account->torn_text) == LINE_REPORT) != (naive->torn == NAIVE_REPORT)))
		return false;
	if (naive->torn == NAIVE_BREAK)
		return true;
	if (naive->dropping || naive->torn == NAIVE_REPORT)
		return (line.torn || line.dropping) &&
		       atomic_load(&account->dropping) == naive->dropped;
	return !line.dropping && line.column == naive->column;
}

#endif
