/* The emitter. It does no I/O but through the sink, and keeps no state but the line word. */
#include "emitter.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "decimal.h"

enum {
	BATCH = 64,		 /* iovecs in one call of the sink; a bit each in `inserted` */
	BATCH_BYTES = 32 * 1024, /* no more is begun: half a pipe, so that its reader wakes early */
	REPORT_MOST = 48,	 /* bytes of "[linecap: 281474976710655 bytes dropped]\n" */
	GONE_EVERY = 64 * 1024,	 /* dropped bytes between two looks for the reader */
	COUNT_BITS = 38,
	TORN_BITS = 6,
};
#define GENERATION ((UINT64_C(1) << LINE_COLUMN_SHIFT) - 1)
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define TORN_SHIFT (LINE_COLUMN_SHIFT + COUNT_BITS)
#define TORN_MASK  ((UINT64_C(1) << TORN_BITS) - 1)
#define REPORTING  (LINE_DROPPING << 1)
#define BROKEN	   (LINE_DROPPING << 2)

static_assert(LINE_DROPPING == UINT64_C(1) << (TORN_SHIFT + TORN_BITS), "the fields don't overlap");
static_assert(LIMITER_MARK_MOST + 1 <= TORN_MASK && REPORT_MOST <= TORN_MASK,
	      "a torn text's progress fits its field");
static_assert(REPORT_MOST - 1 <= LIMITER_MAX_LEAST, "the report is a line within max");

struct line {
	uint64_t count;
	size_t torn;
	bool dropping, reporting, broken;
};

static uint64_t count_of(uint64_t word)
{
	return word >> LINE_COLUMN_SHIFT & COUNT_MASK;
}

static struct line line_of(uint64_t word)
{
	return (struct line){
		.count = count_of(word),
		.torn = word >> TORN_SHIFT & TORN_MASK,
		.dropping = word & LINE_DROPPING,
		.reporting = word & REPORTING && word >> TORN_SHIFT & TORN_MASK,
		.broken = word & BROKEN,
	};
}

/* Without a generation. */
static uint64_t word_of(const struct line *line)
{
	return (line->count < COUNT_MASK ? line->count : COUNT_MASK) << LINE_COLUMN_SHIFT |
	       (uint64_t)line->torn << TORN_SHIFT | (line->dropping ? LINE_DROPPING : 0) |
	       (line->reporting && line->torn ? REPORTING : 0) | (line->broken ? BROKEN : 0);
}

/* The word for a line that has begun anew since `seen` was loaded: with what others have added in
 * the meantime, to the line that it was or to one that they have begun. */
static uint64_t renewed(const struct line *line, uint64_t seen, uint64_t now)
{
	struct line merged = *line;
	bool same = (seen & GENERATION) == (now & GENERATION);
	uint64_t before = same ? count_of(seen) : 0;

	if (!line->torn && line_of(now).torn && !line_of(seen).torn)
		return now; /* another's break was torn since: that comes first */
	if (!line->torn && !line->dropping && count_of(now) > before)
		merged.count += count_of(now) - before;
	return word_of(&merged) | ((now + 1) & GENERATION);
}

static uint64_t renew(line_word *word, const struct line *line, uint64_t seen)
{
	uint64_t now = atomic_load_explicit(word, memory_order_relaxed), next;

	do
		next = renewed(line, seen, now);
	while (!atomic_compare_exchange_weak_explicit(word, &now, next, memory_order_relaxed,
						      memory_order_relaxed));
	return next;
}

static uint64_t lengthen(line_word *word, uint64_t n)
{
	n <<= LINE_COLUMN_SHIFT;
	return atomic_fetch_add_explicit(word, n, memory_order_relaxed) + n;
}

/* The figures need no order among themselves, nor with the word. */
static void add_to(_Atomic uint64_t *figure, uint64_t n)
{
	if (n)
		atomic_fetch_add_explicit(figure, n, memory_order_relaxed);
}

static void raise_to(_Atomic uint64_t *figure, uint64_t n)
{
	if (n > atomic_load_explicit(figure, memory_order_relaxed))
		atomic_store_explicit(figure, n, memory_order_relaxed);
}

/* The caller's bytes from here on. */
struct rest {
	const struct iovec *iov;
	int count;
	size_t offset; /* into the first of them */
};

static void skip_empty(struct rest *rest)
{
	while (rest->count && rest->offset == rest->iov->iov_len) {
		rest->iov++;
		rest->count--;
		rest->offset = 0;
	}
}

static const char *rest_bytes(const struct rest *rest)
{
	return (const char *)rest->iov->iov_base + rest->offset;
}

static size_t rest_length(const struct rest *rest)
{
	return rest->iov->iov_len - rest->offset;
}

static void advance(struct rest *rest, size_t n)
{
	skip_empty(rest);
	rest->offset += n;
}

/* How many bytes of iov come before the first newline; LIMITER_OPEN if there is none, or if it is
 * more than `most` bytes away. */
static uint64_t bytes_to_newline(const struct iovec *iov, int count, uint64_t most)
{
	uint64_t passed = 0;

	for (int i = 0; i < count && passed <= most; i++) {
		const char *bytes = iov[i].iov_base;
		size_t n = iov[i].iov_len;

		if (!n)
			continue;
		if (n > most - passed + 1)
			n = (size_t)(most - passed + 1);
		const char *newline = memchr(bytes, '\n', n);

		if (newline)
			return passed + (uint64_t)(newline - bytes);
		passed += n;
	}
	return LIMITER_OPEN;
}

/* How much of the rest's first iovec may pass at this column. */
static struct limiter_run run_of(const struct limits *limits, uint64_t column,
				 const struct rest *rest)
{
	size_t n = rest_length(rest);
	uint64_t ahead = LIMITER_OPEN;

	if (rest->count > 1 && column + n > limits->easy)
		ahead = bytes_to_newline(rest->iov + 1, rest->count - 1, limits->max);
	return limiter_run(limits, column, rest_bytes(rest), n, ahead);
}

bool emitter_passes(const struct limits *limits, uint64_t word, const struct iovec *iov, int count)
{
	struct rest rest = {.iov = iov, .count = count};
	uint64_t column = count_of(word);

	if (word >> TORN_SHIFT & ~(BROKEN >> TORN_SHIFT))
		return false;
	for (skip_empty(&rest); rest.count; skip_empty(&rest)) {
		size_t n = rest_length(&rest);

		if (run_of(limits, column, &rest).length < n)
			return false;
		if (rest.count > 1)
			column = limiter_column(column, rest_bytes(&rest), n);
		rest.offset += n;
	}
	return true;
}

static void count_bytes(struct account *account, size_t n, bool ends_a_line)
{
	add_to(&account->bytes, n);
	add_to(&account->lines, ends_a_line);
}

void emitter_passed(struct account *account, uint64_t seen, const struct iovec *iov, size_t n)
{
	struct line line = line_of(seen);
	const struct iovec *at = iov;
	uint64_t column = 0, left = n, length;
	bool newline = false;

	for (; left; at++) {
		size_t k = at->iov_len < left ? at->iov_len : (size_t)left;
		const char *last = limiter_last_newline(at->iov_base, k);

		newline = newline || last;
		column = last ? (uint64_t)((const char *)at->iov_base + k - last - 1) : column + k;
		left -= k;
	}
	count_bytes(account, n, newline && !column);
	if (!newline) {
		lengthen(&account->word, column);
		return;
	}
	if (line.broken) {
		length = bytes_to_newline(iov, (int)(at - iov), n);
		length += atomic_load_explicit(&account->before, memory_order_relaxed) + line.count;
		raise_to(&account->longest, length);
	}
	renew(&account->word, &(struct line){.count = column}, seen);
}

/* One call of emitter_writev. */
struct emission {
	const struct limits *limits;
	const struct sink *sink;
	struct account *account;
	struct rest rest;
	struct line line;
	uint64_t before; /* as in the account */
	uint64_t seen;	 /* the word, as it was loaded or last published */
	bool stores;	 /* a newline went out, or the state is more than a column */
	bool own_line;	 /* the batch begins with a break before a line of the caller's own */
	size_t done;	 /* of the caller's bytes */

	struct iovec batch[BATCH];
	uint64_t column[BATCH]; /* behind a run, or LIMITER_OPEN: nobody has looked */
	int count;
	size_t length;	   /* of the batch, in bytes */
	uint64_t inserted; /* bit i: batch[i] is ours, not the caller's */
	bool atomic;	   /* holds a text of several bytes: see share_of */
	char report[REPORT_MOST];
};

static size_t make_report(char report[REPORT_MOST], uint64_t dropped)
{
	static const char before[] = "[linecap: ", after[] = " bytes dropped]\n";
	memcpy(report, before, sizeof before - 1);
	char *end = decimal_put(report + sizeof before - 1, dropped);

	memcpy(end, after, sizeof after - 1);
	return (size_t)(end - report) + sizeof after - 1;
}

/* The text that the line's state is about: the break, or the report of a dropped line. */
static struct iovec text_of(struct emission *e)
{
	if (e->line.reporting)
		return (struct iovec){e->report, make_report(e->report, e->line.count)};
	return (struct iovec){(char *)e->limits->break_bytes, e->limits->break_length};
}

/* A line that was broken has come to its end, or to another break, after this many bytes. */
static void note_length(struct emission *e, uint64_t length)
{
	raise_to(&e->account->longest, e->before + length);
}

/* Our text is out in whole. line, n: what is at hand of the line that the break is in. */
static void text_done(struct emission *e, const char *bytes, size_t n)
{
	struct line *line = &e->line;

	e->before = line->broken ? e->before : 0;
	note_length(e, line->count);
	if (line->reporting) {
		*line = (struct line){0};
		return;
	}
	add_to(&e->account->breaks, 1);
	add_to(&e->account->broken, !line->broken);
	if (!line->broken && n && e->sink->broken)
		e->sink->broken(e->sink, bytes, n);
	e->before += line->count;
	*line = (struct line){
		.broken = true,
		.dropping = e->limits->mode == LIMITER_TRUNCATE,
	};
}

static void append(struct emission *e, const void *bytes, size_t n, bool inserted)
{
	assert(e->count < BATCH);
	e->batch[e->count] = (struct iovec){.iov_base = (void *)bytes, .iov_len = n};
	e->column[e->count] = LIMITER_OPEN;
	e->inserted |= (uint64_t)inserted << e->count;
	e->atomic = e->atomic || (inserted && n > 1);
	e->length += n;
	e->count++;
}

/* A whole line of the caller's own goes behind a break rather than being cut. One that starts
 * inside a UTF-8 sequence goes on with what stands there. */
static bool wants_own_line(const struct emission *e)
{
	uint64_t column = e->line.count, max = e->limits->max;

	if (!column || column >= max || e->line.dropping || e->line.torn ||
	    e->limits->mode != LIMITER_SPLIT || !e->rest.count ||
	    (*rest_bytes(&e->rest) & 0xc0) == 0x80)
		return false;
	uint64_t length = bytes_to_newline(e->rest.iov, e->rest.count, max);

	return length <= max && column + length > max;
}

/* What a batch begins with: the rest of a torn text, or the report. False: nothing may follow it
 * in this batch. */
static bool plan_text(struct emission *e)
{
	struct line *line = &e->line;

	if (line->dropping && !line->torn) {
		if (!e->rest.count)
			return false;
		line->reporting = true; /* drop() stopped at the newline */
	}
	if (!line->torn && !line->reporting)
		return true;
	struct iovec text = text_of(e);

	append(e, (char *)text.iov_base + line->torn, text.iov_len - line->torn, true);
	return line->reporting || e->limits->mode == LIMITER_SPLIT;
}

/* For one more run and the break behind it. */
static bool has_room(const struct emission *e)
{
	return e->count + 2 <= BATCH && e->length < BATCH_BYTES;
}

/* By how many bytes would a run, with a break behind it if it is cut, overfill the batch?
 *
 * A text of several bytes must not be torn: the handler of the signal that cut the write short
 * would write in the midst of it, before anybody could note where it stands. A pipe never cuts
 * PIPE_BUF bytes short (pipe(7)), so a batch with such a text holds no more. */
static size_t excess_of(const struct emission *e, size_t run, bool cut)
{
	size_t text = cut ? e->limits->break_length : 0, length = e->length + run + text;

	return (e->atomic || text > 1) && length > PIPE_BUF ? length - PIPE_BUF : 0;
}

/* Runs and breaks, to the end of the caller's bytes, of the batch, or to the break behind which
 * bytes are dropped. */
static void plan_runs(struct emission *e)
{
	const struct limits *limits = e->limits;
	struct rest rest = e->rest;
	uint64_t column = e->count ? 0 : e->line.count;

	if (e->line.reporting && !e->line.torn)
		advance(&rest, 1); /* the newline that the report stands for */
	for (skip_empty(&rest); rest.count && has_room(e); skip_empty(&rest)) {
		const char *bytes = rest_bytes(&rest);
		size_t n = rest_length(&rest);
		struct limiter_run run = run_of(limits, column, &rest);
		size_t excess = excess_of(e, run.length, run.length < n);

		if (excess) { /* what is planned goes first; or the run's own beginning */
			if (!e->count)
				append(e, bytes, excess, false);
			return;
		}
		if (run.length) {
			append(e, bytes, run.length, false);
			e->column[e->count - 1] = run.column;
		}
		rest.offset += run.length;
		if (run.length == n) {
			column = run.column != LIMITER_OPEN ? run.column
				 : rest.count > 1	    ? limiter_column(column, bytes, n)
							    : 0;
			continue;
		}
		append(e, limits->break_bytes, limits->break_length, true);
		column = 0;
		if (limits->mode == LIMITER_TRUNCATE)
			return;
	}
}

/* What of the broken line is at hand: its part of the run before batch[i], or what follows. A line
 * of the caller's own that stood behind it (EMITTER_FIRST_WHOLE) is none of it. */
static struct iovec part_of_line(const struct emission *e, int i)
{
	struct iovec run = {0};
	bool own_line = !i && !e->line.torn && e->own_line;

	if (i && !(e->inserted >> (i - 1) & 1)) {
		uint64_t part = e->line.count;

		run = e->batch[i - 1];
		if (part < run.iov_len) {
			run.iov_base = (char *)run.iov_base + run.iov_len - part;
			run.iov_len = (size_t)part;
		}
	} else if (i + 1 < e->count && !own_line)
		run = e->batch[i + 1];
	return run;
}

/* k bytes of our text, batch[i], went out. The report stands for the caller's newline, which is
 * done with as soon as the first of them is. */
static void settle_text(struct emission *e, int i, size_t k)
{
	struct line *line = &e->line;

	if (line->reporting && !line->torn) {
		advance(&e->rest, 1);
		e->done++;
	}
	e->stores = true;
	if (k < e->batch[i].iov_len) {
		line->torn += k;
		return;
	}
	struct iovec part = part_of_line(e, i);

	text_done(e, part.iov_base, part.iov_len);
}

/* k bytes of a run, batch[i], went out. */
static void settle_run(struct emission *e, int i, size_t k)
{
	const char *bytes = e->batch[i].iov_base;
	struct line *line = &e->line;
	uint64_t column = e->column[i];

	if (column == LIMITER_OPEN || k < e->batch[i].iov_len)
		column = limiter_column(line->count, bytes, k);
	bool newline = column != line->count + k;

	if (newline && line->broken)
		note_length(e, line->count + bytes_to_newline(&e->batch[i], 1, k));
	line->broken = line->broken && !newline;
	line->count = column;
	e->stores = e->stores || newline;
	advance(&e->rest, k);
	e->done += k;
}

/* n bytes of the batch went out: brings the line, the rest and done up to date. */
static void settle(struct emission *e, size_t n)
{
	for (int i = 0; i < e->count && n; i++) {
		size_t length = e->batch[i].iov_len, k = length < n ? length : n;

		n -= k;
		if (e->inserted >> i & 1)
			settle_text(e, i, k);
		else
			settle_run(e, i, k);
	}
	skip_empty(&e->rest);
}

static void publish(struct emission *e)
{
	line_word *word = &e->account->word;

	if (e->stores)
		e->seen = renew(word, &e->line, e->seen);
	else
		e->seen = lengthen(word, e->line.count - count_of(e->seen));
	e->line.count = count_of(e->seen);
	e->stores = false;
	if (e->line.broken)
		atomic_store_explicit(&e->account->before, e->before, memory_order_relaxed);
}

/* The reader went while bytes were dropped: the sink shall say so (EPIPE, SIGPIPE) as it would have
 * without linecap. Should another reader have come since, an empty line is all that it sees. */
static bool write_to_nobody(const struct emission *e)
{
	const struct iovec newline = {.iov_base = (char *)"\n", .iov_len = 1};

	return e->sink->writev(e->sink, &newline, 1) >= 0;
}

/* Drops bytes up to the end of the line or of the caller's bytes. False: the reader has gone, and
 * the bytes that made us look are not done with, so that the caller comes back to hear of it. */
static bool drop(struct emission *e)
{
	for (; e->rest.count; skip_empty(&e->rest)) {
		const char *bytes = rest_bytes(&e->rest);
		size_t n = rest_length(&e->rest);
		size_t look = (size_t)(GONE_EVERY - e->line.count % GONE_EVERY);

		if (n > look)
			n = look;
		const char *newline = memchr(bytes, '\n', n);

		if (newline)
			n = (size_t)(newline - bytes);
		if (n == look && e->sink->gone(e->sink) && !write_to_nobody(e))
			return false;
		add_to(&e->account->dropped, n);
		e->line.count += n;
		e->rest.offset += n;
		e->done += n;
		if (newline)
			break;
	}
	return true;
}

static void start_batch(struct emission *e)
{
	e->count = 0;
	e->length = 0;
	e->inserted = 0;
	e->atomic = false;
	e->own_line = false;
}

/* Passes on what can be. 0, or -1 where the sink failed; what is done is in e->done either way. */
static ssize_t emit(struct emission *e)
{
	for (;; start_batch(e)) {
		if (e->line.dropping && !e->line.torn && !drop(e)) {
			publish(e);
			return -1;
		}
		if (plan_text(e))
			plan_runs(e);
		ssize_t n = e->length ? e->sink->writev(e->sink, e->batch, e->count) : 0;

		if (n > 0)
			settle(e, (size_t)n);
		publish(e);
		if (n <= 0)
			return n;
		if ((size_t)n < e->length && !e->done) {
			errno = e->sink->stalled(e->sink);
			return -1;
		}
		if ((size_t)n < e->length)
			return 0;
	}
}

static void load_line(struct emission *e)
{
	e->seen = atomic_load_explicit(&e->account->word, memory_order_relaxed);
	e->line = line_of(e->seen);
	e->before = atomic_load_explicit(&e->account->before, memory_order_relaxed);
	e->stores = e->line.torn || e->line.dropping;
	if (e->line.dropping && !e->line.torn && e->limits->mode == LIMITER_SPLIT)
		e->line = (struct line){0};	/* contract 3, whatever another writer drops */
	if (e->line.torn >= text_of(e).iov_len) /* another's mark, or a word that lies */
		text_done(e, NULL, 0);
}

ssize_t emitter_writev(const struct limits *limits, struct account *account,
		       const struct sink *sink, const struct iovec *iov, int count,
		       enum emitter_first first)
{
	struct emission e;

	e.limits = limits;
	e.sink = sink;
	e.account = account;
	e.rest = (struct rest){.iov = iov, .count = count};
	e.done = 0;
	start_batch(&e);
	skip_empty(&e.rest);
	load_line(&e);
	e.own_line = first == EMITTER_FIRST_WHOLE && wants_own_line(&e);
	if (e.own_line)
		append(&e, limits->break_bytes, limits->break_length, true);
	ssize_t failed = emit(&e);
	bool ended = e.done && !e.rest.count && !e.line.count && !e.line.broken;

	count_bytes(account, e.done, ended);
	return e.done || !failed ? (ssize_t)e.done : -1;
}
