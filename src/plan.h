/* The plan: what goes out in the next call of the sink. It changes nothing but the batch; the
 * emitter alone includes it, and settles what became of it. */
#ifndef LINECAP_PLAN_H
#define LINECAP_PLAN_H

#include "bytes.h"
#include "drop.h"
#include "emitter.h"
#include "record.h"

#define PLAN_UNSEEN UINT32_MAX /* a column that nobody has looked at yet */

/* One call of emitter_writev. */
struct emission {
	const struct limits *limits;
	const struct sink *sink;
	struct account *account;
	struct rest rest;
	size_t done; /* of the caller's bytes */
	struct turn turn;
	struct line line; /* as the turn has it; then as what went out leaves it */
	enum emitter_first first;
	bool own_line; /* the batch begins with a break before a line of the caller's own */
	bool newline;  /* the batch begins with a report that stands for the caller's newline */
	bool renewed;  /* a newline went out, or the line's state is another */
	bool mine;     /* what is dropped, or the text that is torn, is this writer's */

	struct iovec batch[SINK_IOVECS];
	uint32_t column[SINK_IOVECS]; /* behind a run, or PLAN_UNSEEN */
	int count;
	bool own;      /* the line, as far as it has come, is this writer's alone */
	bool goes_on;  /* a batch of this call is out in whole */
	size_t length; /* of the batch, in bytes */
	bool atomic;   /* holds a text of several bytes: see excess_of */
	char report[DROP_REPORT_MOST];
	char closing[JSON_CLOSING_MOST +
		     1];  /* what makes a record whole that is cut, and a newline */
	struct json json; /* the record at hand, where the mode is json */
};

/* A batch: the text that the line's state asks for, then runs and breaks. Empty where nothing is
 * left to write. */
void plan_batch(struct emission *e);

/* How many of its bytes extend the line. */
uint64_t plan_extension(const struct emission *e);

/* Is batch[i] a text of ours; and the report? */
bool plan_is_ours(const struct emission *e, int i);
bool plan_is_report(const struct emission *e, int i);

/* Is the rest of the line dropped behind batch[i], a text that breaks it? */
bool plan_drops(const struct emission *e, int i);

/* The record behind batch[i], a text of ours: one may begin there, or the line only goes on. */
struct json plan_behind(const struct emission *e, int i);

/* Is the account's torn text this one? */
bool plan_is_torn(const struct emission *e, enum line_text text);

/* The text that the line's state asks for: the report, or what breaks it. */
struct iovec plan_text(struct emission *e, bool report);

#endif
