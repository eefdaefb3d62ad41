/* Records on a line (LINECAP_MODE=json): what is known of the one at hand lies in the account,
 * beside the word; json.h says what it means. No lock: where several writers write pieces
 * of records at once these may lose their validity, but never the bound (contract 1).
 * Async-signal-safe. */
#ifndef LINECAP_RECORD_H
#define LINECAP_RECORD_H

#include "bytes.h"
#include "json.h"
#include "line.h"

/* A copy of what the account knows. */
struct json record_of(const struct account *account);

/* Is it one, as far as it has come? */
bool record_is_open(const struct json *json, uint64_t column);

/* These bytes follow on the line, newlines among them. */
void record_scan(struct json *json, const char *bytes, size_t n);

/* Is one on the line, open or whole? Nothing but blanks is none. */
bool record_is_there(const struct json *json, uint64_t column);

/* Is one on the line, or may one come? */
bool record_may_come(const struct json *json);

/* Do these bytes begin one? */
bool record_begins(const char *bytes, size_t n);

/* What the account knows now. */
void record_keep(struct account *account, const struct json *json);

/* May these bytes pass, of which split would let all pass? Only what they leave open can be in the
 * way: a record needs room for what closes it. */
bool record_passes(const struct limits *limits, const struct account *account, uint64_t column,
		   const struct iovec *iov, int count);

/* Notes that the first n bytes of iov have passed. */
void record_note(struct account *account, const struct iovec *iov, size_t n);

/* How much of the rest's first iovec may pass at this column, as limiter_run, where run is what
 * split would let pass. cut: behind these bytes the record at hand is closed, by what json_close
 * says. */
struct record_run {
	struct limiter_run run;
	bool cut;
	struct json json; /* where it is cut */
};

struct record_run record_run(const struct limits *limits, const struct json *json, uint64_t column,
			     const struct rest *rest, struct limiter_run run);

#endif
