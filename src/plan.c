/* The plan. Pure but for the looks at the account. */
#include "plan.h"

#include <assert.h>
#include <limits.h>

/* Bytes of a batch; no more is begun. Half a pipe, so that its reader wakes early: with the breaks
 * 64 KiB don't fit a pipe, and whoever fills it waits for the reader to wake. */
enum { BATCH_BYTES = 32 * 1024 };

bool plan_is_torn(const struct emission *e, enum line_text text)
{
	return line_figure(&e->account->torn_text) == text;
}

static struct iovec closing_of(struct emission *e, const struct json *json)
{
	size_t length = json_close(json, e->closing);

	e->closing[length] = '\n';
	return (struct iovec){e->closing, length + 1};
}

struct iovec plan_text(struct emission *e, bool report)
{
	if (report)
		return (struct iovec){e->report,
				      drop_report(e->account, e->limits->mode, e->report)};
	if (e->limits->mode == LIMITER_JSON && record_is_open(&e->json, e->line.column)) {
		struct iovec closing = closing_of(e, &e->json);

		if (e->line.column + closing.iov_len <= e->limits->max + 1) /* or the record lies */
			return closing;
	}
	return (struct iovec){(char *)e->limits->break_bytes, e->limits->break_length};
}

static bool lies_in(const struct iovec *text, const char *start, size_t size)
{
	return (const char *)text->iov_base >= start && (const char *)text->iov_base < start + size;
}

bool plan_is_report(const struct emission *e, int i)
{
	return lies_in(&e->batch[i], e->report, sizeof e->report);
}

static bool is_closing(const struct emission *e, int i)
{
	return lies_in(&e->batch[i], e->closing, sizeof e->closing);
}

bool plan_is_ours(const struct emission *e, int i)
{
	return lies_in(&e->batch[i], e->limits->break_bytes, sizeof e->limits->break_bytes) ||
	       plan_is_report(e, i) || is_closing(e, i);
}

bool plan_drops(const struct emission *e, int i)
{
	return !(e->own_line && !i) && (e->limits->mode == LIMITER_TRUNCATE || is_closing(e, i));
}

struct json plan_behind(const struct emission *e, int i)
{
	if (plan_is_report(e, i) || (e->own_line && !i))
		return (struct json){0};
	return json_none();
}

static void append(struct emission *e, const void *bytes, size_t n, uint64_t column)
{
	assert(e->count < SINK_IOVECS);
	e->batch[e->count] = (struct iovec){.iov_base = (void *)bytes, .iov_len = n};
	e->column[e->count++] = column < PLAN_UNSEEN ? (uint32_t)column : PLAN_UNSEEN;
	e->length += n;
}

static void append_text(struct emission *e, struct iovec text, size_t out)
{
	append(e, (char *)text.iov_base + out, text.iov_len - out, 0);
	e->atomic = e->atomic || text.iov_len > 1;
}

/* Where the line at hand would be cut and its rest dropped, what comes from another writer stands
 * behind it (contract 3); and so does another writer's record, behind whatever line. */
static bool stands_behind(const struct emission *e)
{
	return e->limits->mode == LIMITER_TRUNCATE || record_is_there(&e->json, e->line.column) ||
	       record_begins(rest_bytes(&e->rest), rest_length(&e->rest));
}

/* Would the caller's bytes be cut with the line at hand, rather than split from it? */
static bool is_cut_with(const struct emission *e)
{
	return e->limits->mode == LIMITER_TRUNCATE ||
	       (e->limits->mode == LIMITER_JSON && e->own && record_may_come(&e->json));
}

/* May another writer have joined the line since this call's first batch, so that the rest of the
 * caller's line would be cut with it? Not inline: plan_batch stands above the deepest of the stack.
 */
__attribute__((noinline)) static bool is_joined(const struct emission *e)
{
	uint64_t column = e->line.column, max = e->limits->max;

	if (e->limits->mode != LIMITER_TRUNCATE || e->own)
		return false;
	uint64_t length = rest_to_newline(&e->rest, max);

	if (length == LIMITER_OPEN)
		return column + bytes_in(e->rest.iov, e->rest.count) - e->rest.offset >
		       e->limits->easy;
	return column + length > max;
}

/* A whole line of the caller's own goes behind a break rather than being cut. One that starts
 * inside a UTF-8 sequence goes on with what stands there. */
static bool wants_own_line(const struct emission *e)
{
	uint64_t column = e->line.column, max = e->limits->max;

	if (!column || !e->rest.count)
		return false;
	if (e->done)
		return is_joined(e);
	if (!e->own && stands_behind(e))
		return true;
	if (e->first != EMITTER_FIRST_WHOLE || is_cut_with(e) || column >= max ||
	    (*rest_bytes(&e->rest) & 0xc0) == 0x80)
		return false;
	uint64_t length = bytes_to_newline(e->rest.iov, e->rest.count, max);

	return length <= max && column + length > max;
}

/* By how many bytes would a run, with a break behind it if it is cut, overfill the batch?
 *
 * A text of several bytes must not be torn: the handler of the signal that cut the write short
 * would write in the midst of it, before anybody could note where it stands. A pipe never cuts
 * PIPE_BUF bytes short (pipe(7)), so a batch with such a text holds no more. */
static size_t excess_of(const struct emission *e, size_t run, size_t text)
{
	size_t length = e->length + run + text;

	return (e->atomic || text > 1) && length > PIPE_BUF ? length - PIPE_BUF : 0;
}

/* How much of the rest's first iovec may pass, and the text that stands behind it, if any does. */
struct step {
	struct limiter_run run;
	struct iovec text;
};

static struct step step_of(struct emission *e, uint64_t column, const struct rest *rest,
			   struct json *json)
{
	const struct limits *limits = e->limits;
	struct step step = {.run = rest_run(limits, column, rest)};
	bool cut = false;

	if (limits->mode == LIMITER_JSON) {
		struct record_run record = record_run(limits, json, column, rest, step.run);

		step.run = record.run;
		cut = record.cut;
		record_scan(json, rest_bytes(rest), step.run.length);
		if (cut)
			step.text = closing_of(e, &record.json);
	}
	if (!cut && step.run.length < rest_length(rest))
		step.text = (struct iovec){(char *)limits->break_bytes, limits->break_length};
	return step;
}

/* Runs and breaks, to the end of the caller's bytes, of the batch, or to the break behind which
 * bytes are dropped. */
static void plan_runs(struct emission *e, struct rest rest, uint64_t column, struct json json)
{
	for (rest_skip_empty(&rest);
	     rest.count && e->count + 2 <= SINK_IOVECS && e->length < BATCH_BYTES;
	     rest_skip_empty(&rest)) {
		const char *bytes = rest_bytes(&rest);
		size_t n = rest_length(&rest);
		struct step step = step_of(e, column, &rest, &json);
		struct limiter_run run = step.run;
		size_t excess = excess_of(e, run.length, step.text.iov_len);

		if (excess) { /* what is planned goes first; or the run's own beginning */
			if (!e->count)
				append(e, bytes, excess, PLAN_UNSEEN);
			return;
		}
		if (run.length)
			append(e, bytes, run.length, run.column);
		rest.offset += run.length;
		if (!step.text.iov_len) {
			column = run.column != LIMITER_UNSEEN ? run.column
				 : rest.count > 1	      ? limiter_column(column, bytes, n)
							      : 0;
			continue;
		}
		append_text(e, step.text, 0);
		if (plan_drops(e, e->count - 1))
			return;
		column = 0;
		json = json_none(); /* the line goes on */
	}
}

/* Linux puts the part of a write that is no whole page behind what is in the pipe's last page. Were
 * that our own text and nothing else, a signal could leave it as all that is out, where the kernel
 * would have begun the caller's write again: then the batch ends a little earlier. */
static void keep_company(struct emission *e)
{
	size_t text = plan_is_ours(e, 0) ? e->batch[0].iov_len : 0, alone = e->length % PIPE_BUF;

	if (e->length <= PIPE_BUF || alone > text)
		return;
	for (e->length -= alone; alone;) {
		struct iovec *last = &e->batch[e->count - 1];
		size_t k = last->iov_len < alone ? last->iov_len : alone;

		last->iov_len -= k;
		alone -= k;
		e->column[e->count - 1] = PLAN_UNSEEN;
		e->count -= !last->iov_len;
	}
}

void plan_batch(struct emission *e)
{
	struct rest rest = e->rest;
	bool torn = e->line.torn, report = torn ? plan_is_torn(e, LINE_REPORT) : e->line.dropping;

	e->count = 0;
	e->length = 0;
	e->atomic = e->newline = false;
	e->own_line = torn ? plan_is_torn(e, LINE_BREAK_BEFORE) : !report && wants_own_line(e);
	if (!torn && !report && !e->own_line)
		plan_runs(e, rest, e->line.column, e->json);
	if (torn || e->own_line || (report && rest.count)) {
		append_text(e, plan_text(e, report), torn ? line_figure(&e->account->torn) : 0);
		e->newline = report && !torn && *rest_bytes(&rest) == '\n';
		rest_advance(&rest, e->newline); /* the report stands for it */
		/* A batch holds one closing: behind another's record, the next batch may need it.
		 */
		if (report || !(plan_drops(e, 0) || is_closing(e, 0)))
			plan_runs(e, rest, 0, plan_behind(e, 0));
	}
	if (e->count)
		keep_company(e);
}

uint64_t plan_extension(const struct emission *e)
{
	uint64_t extension = 0;

	for (int i = 0; i < e->count && !plan_is_ours(e, i); i++) {
		size_t n = e->batch[i].iov_len;

		if (e->column[i] == e->line.column + extension + n) {
			extension += n;
			continue;
		}
		const char *newline = memchr(e->batch[i].iov_base, '\n', n);

		if (newline)
			return extension + (uint64_t)(newline - (const char *)e->batch[i].iov_base);
		extension += n;
	}
	return extension;
}
