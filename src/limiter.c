/* The limiter. Pure: it may call nothing but memcpy. */
#include "limiter.h"

#include <assert.h>
#include <string.h>

#include "block.h"
#include "json.h"

struct limits limits_of(uint64_t max, enum limiter_mode mode, const char *mark, size_t mark_length)
{
	struct limits limits = {
		.max = max,
		.open = max - mark_length,
		.easy = max - mark_length - LIMITER_MOVE_MOST,
		.mode = mode,
		.break_length = (unsigned)mark_length + 1,
	};

	/* A record that is left open needs room for what closes it. */
	uint64_t room = mode == LIMITER_JSON ? JSON_ROOM_MOST : 0;

	limits.quick = limits.easy > room ? limits.easy - room : 0;
	limits.quick = limits.quick < LIMITER_QUICK_MOST ? limits.quick : LIMITER_QUICK_MOST;
	assert(max >= LIMITER_MAX_LEAST && max <= LIMITER_MAX_MOST);
	assert(mark_length <= LIMITER_MARK_MOST);
	if (mark_length)
		memcpy(limits.break_bytes, mark, mark_length);
	limits.break_bytes[mark_length] = '\n';
	return limits;
}

const char *limiter_last_newline(const char *bytes, size_t n)
{
	/* Four blocks at a time: an endless line is scanned from end to end, and the pipe is fast.
	 */
	while (n >= 4 * sizeof(block) && !block_four_hold(bytes + n - 4 * sizeof(block), '\n'))
		n -= 4 * sizeof(block);
	while (n >= sizeof(block) && !block_any(block_equal(bytes + n - sizeof(block), '\n')))
		n -= sizeof(block);
	while (n--)
		if (bytes[n] == '\n')
			return bytes + n;
	return NULL;
}

uint64_t limiter_column(uint64_t column, const char *bytes, size_t n)
{
	const char *newline = limiter_last_newline(bytes, n);

	return newline ? (uint64_t)(bytes + n - newline - 1) : column + n;
}

/* RFC 3629, section 4. */
static size_t sequence_length(unsigned char lead)
{
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if ((lead & 0xf0) == 0xe0)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 1;
}

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The second byte keeps out overlong forms, surrogates and what lies beyond U+10FFFF. */
static bool is_second(unsigned char lead, unsigned char byte)
{
	unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;

	return byte >= least && byte <= most;
}

/* Where the UTF-8 sequence starts that a cut at `cut` would tear, or cut itself. It is looked for
 * in bytes[start…n); what lies behind n is taken to be as the lead byte promises. */
static size_t sequence_start(const char *bytes, size_t start, size_t cut, size_t n)
{
	const unsigned char *byte = (const unsigned char *)bytes;
	size_t lead = cut;

	while (lead > start && cut - lead < LIMITER_MOVE_MOST) {
		lead--;
		if (!is_continuation(byte[lead]))
			break;
	}
	if (lead == cut)
		return cut;
	size_t end = lead + sequence_length(byte[lead]);

	if (end <= cut)
		return cut;
	if (lead + 1 < n && !is_second(byte[lead], byte[lead + 1]))
		return cut;
	for (size_t i = lead + 2; i < end && i < n; i++)
		if (!is_continuation(byte[i]))
			return cut;
	return lead;
}

/* Where to cut instead of behind a \r: up to three of them go with what follows. */
static size_t before_returns(const struct limits *limits, const char *bytes, size_t start,
			     size_t cut)
{
	size_t at = cut;

	if (limits->break_length > 1)
		return cut;
	while (at > start && cut - at < LIMITER_MOVE_MOST && bytes[at - 1] == '\r')
		at--;
	return at > start && bytes[at - 1] == '\r' ? cut : at;
}

/* The line that starts (or goes on, at column) with bytes[start] is too long: where to cut it. */
static struct limiter_run cut_at(const struct limits *limits, uint64_t column, const char *bytes,
				 size_t start, size_t n)
{
	size_t cut = start;

	if (column < limits->open) {
		cut = sequence_start(bytes, start, start + (size_t)(limits->open - column), n);
		cut = before_returns(limits, bytes, start, cut);
	}
	return (struct limiter_run){cut, column + (cut - start)};
}

struct limiter_run limiter_run(const struct limits *limits, uint64_t column, const char *bytes,
			       size_t n, uint64_t ahead)
{
	struct limiter_run whole = {.length = n, .column = LIMITER_UNSEEN};
	size_t start = 0;

	/* Window skip: a newline among the next room+1 bytes shows that this line is not too
	 * long, and looking for the last one passes over all lines before it. */
	for (;;) {
		uint64_t room = column < limits->max ? limits->max - column : 0;

		if (n - start <= room)
			break;
		const char *newline = limiter_last_newline(bytes + start, (size_t)room + 1);

		if (!newline)
			return cut_at(limits, column, bytes, start, n);
		start = (size_t)(newline - bytes) + 1;
		column = 0;
	}
	if (column + (n - start) <= limits->easy)
		return whole;

	/* Close to the limit: only the last line counts, and whether it ends in this write. */
	const char *newline = limiter_last_newline(bytes + start, n - start);

	if (newline) {
		start = (size_t)(newline - bytes) + 1;
		column = 0;
	}
	uint64_t length = column + (n - start);

	whole.column = length;
	if (ahead <= limits->max && length + ahead <= limits->max)
		return whole;
	if (length > limits->open)
		return cut_at(limits, column, bytes, start, n);
	size_t cut = sequence_start(bytes, start, n, n);

	if (cut < n &&
	    column + (cut - start) + sequence_length((unsigned char)bytes[cut]) <= limits->open)
		cut = n; /* there is room for the rest of it */
	if (cut < n || length == limits->open)
		cut = before_returns(limits, bytes, start, cut);
	return cut < n ? (struct limiter_run){cut, column + (cut - start)} : whole;
}
