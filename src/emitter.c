/* The emitter. It does no I/O but through the sink, and keeps no state but the account. */
#include "emitter.h"

#include <errno.h>

#include "plan.h"

/* A line that was broken has come to its end, or to another break, after this many bytes. */
static void note_length(struct emission *e, uint64_t length)
{
	line_raise(&e->account->longest,
		   (e->line.broken ? line_figure(&e->account->before) : 0) + length);
}

/* Whose line is it? Tells with what is at hand of it: what the batch has before its break, or else
 * what follows. A line of the caller's own that stands behind the break is none of it. */
static void blame(struct emission *e, int i)
{
	struct iovec part = {0};
	struct rest rest = e->rest;
	uint64_t column = e->line.column;

	if (i && !plan_is_ours(e, i - 1)) {
		part = e->batch[i - 1];
		if (column < part.iov_len)
			part = (struct iovec){(char *)part.iov_base + part.iov_len - column,
					      (size_t)column};
	} else if (!e->own_line) {
		rest_skip_empty(&rest);
		if (rest.count)
			part = (struct iovec){(char *)(uintptr_t)rest_bytes(&rest),
					      rest_length(&rest)};
	}
	if (part.iov_len && e->sink->broken)
		e->sink->broken(e->sink, part.iov_base, part.iov_len);
}

/* A break is out in whole. */
static void break_done(struct emission *e, int i)
{
	struct account *account = e->account;
	bool broken = e->line.broken;

	note_length(e, e->line.column);
	line_add(&account->breaks, 1);
	line_add(&account->broken, !broken);
	if (!broken)
		blame(e, i);
	line_set(&account->before, (broken ? line_figure(&account->before) : 0) + e->line.column);
	line_set(&account->dropping, 0);
	e->line = (struct line){.broken = true, .dropping = plan_drops(e, i)};
}

/* k bytes of our text, batch[i], went out; torn: how many of it were out before. */
static void settle_text(struct emission *e, int i, size_t k)
{
	bool report = plan_is_report(e, i);

	if (e->newline && !i) {
		rest_advance(&e->rest, 1);
		e->done++;
	}
	e->mine = e->mine || (!report && !e->line.torn);
	e->renewed = true;
	if (k < e->batch[i].iov_len) {
		line_set(&e->account->torn,
			 k + (e->line.torn ? line_figure(&e->account->torn) : 0));
		line_set(&e->account->torn_text, report		     ? LINE_REPORT
						 : e->own_line && !i ? LINE_BREAK_BEFORE
								     : LINE_BREAK);
		e->line.torn = true;
		return;
	}
	if (report) {
		note_length(e, line_figure(&e->account->dropping));
		e->line = (struct line){0};
	} else {
		break_done(e, i);
	}
	e->own = true;
	e->json = plan_behind(e, i);
}

/* k bytes of a run, batch[i], went out. */
static void settle_run(struct emission *e, int i, size_t k)
{
	const char *bytes = e->batch[i].iov_base;
	struct line *line = &e->line;
	uint64_t column = e->column[i];

	if (column == PLAN_UNSEEN || k < e->batch[i].iov_len)
		column = limiter_column(line->column, bytes, k);
	bool newline = column != line->column + k;

	if (newline && line->broken)
		note_length(e, line->column + bytes_to_newline(&e->batch[i], 1, k));
	line->broken = line->broken && !newline;
	line->column = column;
	e->renewed = e->renewed || newline;
	e->own = e->own || newline;
	if (e->limits->mode == LIMITER_JSON)
		record_scan(&e->json, bytes, k);
	rest_advance(&e->rest, k);
	e->done += k;
}

/* Whose is the line, as the word has it now? Said only once the word has it: before, another's name
 * might still come behind ours, and its next line would be taken for the rest of this one (contract
 * 3). */
static void name(const struct emission *e, bool moved)
{
	uint64_t me = sink_writer(e->sink), column = e->line.column;

	if (moved && e->own && column)
		line_set(&e->account->last, line_holder(e->turn.word, column, me));
	if (e->mine && (e->line.dropping || e->line.torn))
		line_set(&e->account->owner, line_owner(e->turn.word, me));
}

/* n bytes of the batch went out, or none: what becomes of the line, the rest and done. */
static void settle(struct emission *e, size_t n)
{
	uint64_t column = e->line.column;
	bool moved = n;

	for (int i = 0; i < e->count && n; i++) {
		size_t length = e->batch[i].iov_len, k = length < n ? length : n;

		n -= k;
		if (plan_is_ours(e, i))
			settle_text(e, i, k);
		else
			settle_run(e, i, k);
	}
	rest_skip_empty(&e->rest);
	if (e->limits->mode == LIMITER_JSON && moved)
		record_keep(e->account, &e->json);
	if (e->renewed)
		line_renew(e->account, &e->turn, &e->line);
	else
		line_extend(e->account, &e->turn, e->line.column - column);
	if (e->limits->mode != LIMITER_SPLIT)
		name(e, moved);
}

/* Is what is dropped, or the text that is torn, this writer's? */
static bool is_mine(const struct emission *e)
{
	return line_figure(&e->account->owner) == line_owner(e->turn.word, sink_writer(e->sink));
}

/* Is the line this writer's alone, as far as it matters? */
static bool is_own(const struct emission *e)
{
	uint64_t column = e->line.column;

	return e->limits->mode == LIMITER_SPLIT || !column ||
	       line_figure(&e->account->last) ==
		       line_holder(e->turn.word, column, sink_writer(e->sink));
}

/* The line as it is now, as far as it can be believed: a torn text that is all out is another's,
 * who has another mark, or a lie; and in the mode split nothing is dropped, whatever another writer
 * does (contract 3). */
static void look(struct emission *e)
{
	struct line *line = &e->line;

	line_look(e->account, &e->turn);
	*line = line_of(e->turn.word);
	e->renewed = line->torn || line->dropping;
	e->json = record_of(e->account);
	if (line->torn &&
	    line_figure(&e->account->torn) >= plan_text(e, plan_is_torn(e, LINE_REPORT)).iov_len)
		*line = (struct line){.dropping = plan_is_torn(e, LINE_BREAK)};
	if (line->dropping && !line->torn && e->limits->mode == LIMITER_SPLIT)
		*line = (struct line){0};
	e->mine = (line->dropping || line->torn) && is_mine(e);
	e->own = is_own(e);
}

/* Passes on what can be. 0, or -1 where the sink failed; what is done is in e->done either way. */
static ssize_t emit(struct emission *e)
{
	for (;;) {
		look(e);
		if (e->line.dropping && !e->line.torn && e->mine) {
			struct dropped dropped = drop(e->account, e->sink, &e->rest);

			e->done += dropped.bytes;
			if (dropped.reader_gone)
				return -1;
		}
		plan_batch(e);
		if (!e->count)
			return 0;
		if (e->goes_on)
			line_go_on(e->account, &e->turn, e->length);
		if (!line_reserve(e->account, &e->turn, plan_extension(e)))
			continue;
		ssize_t n = e->sink->writev(e->sink, e->batch, e->count);

		settle(e, n > 0 ? (size_t)n : 0);
		if (n <= 0)
			return n;
		e->goes_on = (size_t)n == e->length;
		if (e->goes_on)
			continue;
		if (e->done)
			return 0;
		errno = e->sink->stalled(e->sink);
		return -1;
	}
}

ssize_t emitter_writev(const struct limits *limits, struct account *account,
		       const struct sink *sink, const struct iovec *iov, int count,
		       enum emitter_first first)
{
	struct emission e;
	size_t length = bytes_in(iov, count);

	e.limits = limits;
	e.sink = sink;
	e.account = account;
	e.first = first;
	e.rest = (struct rest){.iov = iov, .count = count};
	e.done = 0;
	e.goes_on = false;
	rest_skip_empty(&e.rest);
	e.turn = line_begin(account, length);
	ssize_t failed = emit(&e);

	line_add(&account->lines, e.done && !e.rest.count && !e.line.column && !e.line.broken);
	line_add(&account->returned, length - e.done);
	return e.done || !failed ? (ssize_t)e.done : -1;
}
