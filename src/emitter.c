/* The emitter. It does no I/O but through the sink, and keeps no state but the line word. */
#include "emitter.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "decimal.h"

enum {
	BATCH = 64,		/* iovecs in one call of the sink; a bit each in `inserted` */
	REPORT_MOST = 48,	/* bytes of "[linecap: 281474976710655 bytes dropped]\n" */
	GONE_EVERY = 64 * 1024, /* dropped bytes between two looks for the reader */
	COUNT_BITS = 48,
	TORN_BITS = 6,
};
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define TORN_MASK  ((UINT64_C(1) << TORN_BITS) - 1)
#define DROPPING   (UINT64_C(1) << (COUNT_BITS + TORN_BITS))
#define REPORTING  (DROPPING << 1)

static_assert(LIMITER_MARK_MOST + 1 <= TORN_MASK && REPORT_MOST <= TORN_MASK,
	      "a torn text's progress fits its field");
static_assert(REPORT_MOST - 1 <= LIMITER_MAX_LEAST, "the report is a line within max");

struct line {
	uint64_t count;
	size_t torn;
	bool dropping, reporting;
};

static struct line line_of(uint64_t word)
{
	return (struct line){
		.count = word & COUNT_MASK,
		.torn = word >> COUNT_BITS & TORN_MASK,
		.dropping = word & DROPPING,
		.reporting = word & REPORTING && word >> COUNT_BITS & TORN_MASK,
	};
}

static uint64_t word_of(const struct line *line)
{
	return (line->count < COUNT_MASK ? line->count : COUNT_MASK) |
	       (uint64_t)line->torn << COUNT_BITS | (line->dropping ? DROPPING : 0) |
	       (line->reporting && line->torn ? REPORTING : 0);
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
static size_t run_of(const struct limits *limits, uint64_t column, const struct rest *rest)
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
	uint64_t column = word;

	if (word > COUNT_MASK)
		return false;
	for (skip_empty(&rest); rest.count; skip_empty(&rest)) {
		size_t n = rest_length(&rest);

		if (run_of(limits, column, &rest) < n)
			return false;
		if (rest.count > 1)
			column = limiter_column(column, rest_bytes(&rest), n);
		rest.offset += n;
	}
	return true;
}

/* The column is stored where a newline went out and added to where none did, so that writers who
 * race on one line all count. */
void emitter_passed(line_word *word, const struct iovec *iov, size_t n)
{
	uint64_t column = 0;
	bool newline = false;

	for (; n; iov++) {
		size_t k = iov->iov_len < n ? iov->iov_len : n;
		const char *last = limiter_last_newline(iov->iov_base, k);

		newline = newline || last;
		column = last ? (uint64_t)((const char *)iov->iov_base + k - last - 1) : column + k;
		n -= k;
	}
	if (newline)
		atomic_store_explicit(word, column, memory_order_relaxed);
	else
		atomic_fetch_add_explicit(word, column, memory_order_relaxed);
}

/* One call of emitter_writev. */
struct emission {
	const struct limits *limits;
	const struct sink *sink;
	struct rest rest;
	struct line line;
	uint64_t published; /* line.count as the word has it */
	bool stores;	    /* a newline went out, or the state is more than a column */
	size_t done;	    /* of the caller's bytes */

	struct iovec batch[BATCH];
	int count;
	uint64_t inserted; /* bit i: batch[i] is ours, not the caller's */
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

static void text_done(struct emission *e)
{
	struct line *line = &e->line;

	line->dropping = !line->reporting && e->limits->mode == LIMITER_TRUNCATE;
	line->reporting = false;
	line->torn = 0;
	line->count = 0;
}

static void append(struct emission *e, const void *bytes, size_t n, bool inserted)
{
	assert(e->count < BATCH);
	e->batch[e->count] = (struct iovec){.iov_base = (void *)bytes, .iov_len = n};
	e->inserted |= (uint64_t)inserted << e->count;
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

/* Runs and breaks, to the end of the caller's bytes, of the batch, or to the break behind which
 * bytes are dropped. */
static void plan_runs(struct emission *e)
{
	const struct limits *limits = e->limits;
	struct rest rest = e->rest;
	uint64_t column = e->count ? 0 : e->line.count;

	if (e->line.reporting && !e->line.torn)
		advance(&rest, 1); /* the newline that the report stands for */
	for (skip_empty(&rest); rest.count && e->count + 2 <= BATCH; skip_empty(&rest)) {
		const char *bytes = rest_bytes(&rest);
		size_t n = rest_length(&rest), run = run_of(limits, column, &rest);

		if (run)
			append(e, bytes, run, false);
		rest.offset += run;
		if (run == n) {
			column = rest.count > 1 ? limiter_column(column, bytes, n) : 0;
			continue;
		}
		append(e, limits->break_bytes, limits->break_length, true);
		column = 0;
		if (limits->mode == LIMITER_TRUNCATE)
			return;
	}
}

/* k of the length bytes of our text went out. The report stands for the caller's newline, which is
 * done with as soon as the first of them is. */
static void settle_text(struct emission *e, size_t length, size_t k)
{
	struct line *line = &e->line;

	if (line->reporting && !line->torn) {
		advance(&e->rest, 1);
		e->done++;
	}
	if (k == length)
		text_done(e);
	else
		line->torn += k;
	e->stores = true;
}

/* k of a run's bytes went out. */
static void settle_run(struct emission *e, const char *bytes, size_t k, bool broken)
{
	const char *last = broken ? NULL : limiter_last_newline(bytes, k);

	advance(&e->rest, k);
	e->done += k;
	e->line.count = last ? (uint64_t)(bytes + k - last - 1) : e->line.count + k;
	e->stores = e->stores || last;
}

/* n bytes of the batch went out: brings the line, the rest and done up to date. */
static void settle(struct emission *e, size_t n)
{
	for (int i = 0; i < e->count && n; i++) {
		size_t length = e->batch[i].iov_len, k = length < n ? length : n;

		n -= k;
		if (e->inserted >> i & 1)
			settle_text(e, length, k);
		else /* where a break follows, the column is of no more interest */
			settle_run(e, e->batch[i].iov_base, k,
				   n && i + 1 < e->count && e->inserted >> (i + 1) & 1);
	}
	skip_empty(&e->rest);
	e->count = 0;
	e->inserted = 0;
}

static void publish(struct emission *e, line_word *word)
{
	if (e->stores)
		atomic_store_explicit(word, word_of(&e->line), memory_order_relaxed);
	else
		atomic_fetch_add_explicit(word, e->line.count - e->published, memory_order_relaxed);
	e->published = e->line.count;
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
		e->line.count += n;
		e->rest.offset += n;
		e->done += n;
		if (newline)
			break;
	}
	return true;
}

static size_t batch_length(const struct emission *e)
{
	size_t length = 0;

	for (int i = 0; i < e->count; i++)
		length += e->batch[i].iov_len;
	return length;
}

/* Passes on what can be. 0, or -1 where the sink failed; what is done is in e->done either way. */
static ssize_t emit(struct emission *e, line_word *word)
{
	for (;;) {
		if (e->line.dropping && !e->line.torn && !drop(e)) {
			publish(e, word);
			return -1;
		}
		if (plan_text(e))
			plan_runs(e);
		size_t length = batch_length(e);
		ssize_t n = length ? e->sink->writev(e->sink, e->batch, e->count) : 0;

		if (n > 0)
			settle(e, (size_t)n);
		publish(e, word);
		if (n <= 0)
			return n;
		if ((size_t)n < length && !e->done) {
			errno = e->sink->stalled(e->sink);
			return -1;
		}
		if ((size_t)n < length)
			return 0;
	}
}

ssize_t emitter_writev(const struct limits *limits, line_word *word, const struct sink *sink,
		       const struct iovec *iov, int count, enum emitter_first first)
{
	struct emission e;

	e.limits = limits;
	e.sink = sink;
	e.rest = (struct rest){.iov = iov, .count = count};
	e.line = line_of(atomic_load_explicit(word, memory_order_relaxed));
	e.published = e.line.count;
	e.stores = e.line.torn || e.line.dropping;
	if (e.line.dropping && !e.line.torn && limits->mode == LIMITER_SPLIT)
		e.line = (struct line){0}; /* contract 3, whatever another writer drops */
	e.done = 0;
	e.count = 0;
	e.inserted = 0;
	skip_empty(&e.rest);
	if (e.line.torn >= text_of(&e).iov_len) /* another's mark, or a word that lies */
		text_done(&e);
	if (first == EMITTER_FIRST_WHOLE && wants_own_line(&e))
		append(&e, limits->break_bytes, limits->break_length, true);
	ssize_t failed = emit(&e, word);

	return e.done || !failed ? (ssize_t)e.done : -1;
}
