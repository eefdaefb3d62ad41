/* Records on a line. It knows of JSON only what json.h says. */
#include "record.h"

#include <assert.h>

static_assert(sizeof(struct json) == sizeof((struct account *)0)->record, "two words hold it all");

struct json record_of(const struct account *account)
{
	const uint64_t words[] = {line_figure(&account->record[0]),
				  line_figure(&account->record[1])};
	struct json json;

	memcpy(&json, words, sizeof json);
	return json;
}

bool record_is_open(const struct json *json, uint64_t column)
{
	struct json copy = *json;

	return column && json_scan(&copy, "", 0) && copy.depth;
}

void record_scan(struct json *json, const char *bytes, size_t n)
{
	const char *newline = limiter_last_newline(bytes, n);

	if (newline) {
		n -= (size_t)(newline + 1 - bytes);
		bytes = newline + 1;
		*json = (struct json){0};
	}
	if (n)
		json_scan(json, bytes, n);
}

bool record_is_there(const struct json *json, uint64_t column)
{
	static const struct json blanks;
	struct json copy = *json;

	return column && json_scan(&copy, "", 0) && memcmp(&copy, &blanks, sizeof copy) != 0;
}

bool record_may_come(const struct json *json)
{
	struct json copy = *json;

	return json_scan(&copy, "", 0);
}

bool record_begins(const char *bytes, size_t n)
{
	enum { LOOK = 16 };
	struct json json = {0};

	return json_scan(&json, bytes, n < LOOK ? n : LOOK) && json.depth;
}

void record_keep(struct account *account, const struct json *json)
{
	uint64_t words[2];

	memcpy(words, json, sizeof words);
	line_set(&account->record[0], words[0]);
	line_set(&account->record[1], words[1]);
}

/* The part of iov that is behind its last newline, or all of it. */
struct tail {
	int first;
	size_t offset;
	bool newline;
};

static struct tail tail_of(const struct iovec *iov, int count)
{
	for (int i = count; i--;) {
		const char *newline = limiter_last_newline(iov[i].iov_base, iov[i].iov_len);

		if (newline)
			return (struct tail){i, (size_t)(newline + 1 - (char *)iov[i].iov_base),
					     true};
	}
	return (struct tail){0};
}

bool record_passes(const struct limits *limits, const struct account *account, uint64_t column,
		   const struct iovec *iov, int count)
{
	struct tail tail = tail_of(iov, count);
	struct json json = {0};

	if (tail.newline)
		column = 0;
	else
		json = record_of(account);
	for (int i = tail.first; i < count; i++) {
		const char *bytes =
			(const char *)iov[i].iov_base + (i == tail.first ? tail.offset : 0);
		size_t n = iov[i].iov_len - (i == tail.first ? tail.offset : 0);

		if (!n)
			continue;
		struct json_run run = json_run(&json, limits->max, limits->open, column, bytes, n);

		if (run.fate != JSON_PASSES)
			return run.fate == JSON_NO_RECORD;
		column += n;
	}
	return true;
}

void record_note(struct account *account, const struct iovec *iov, size_t n)
{
	struct json json = record_of(account);

	for (; n; iov++) {
		size_t k = iov->iov_len < n ? iov->iov_len : n;

		record_scan(&json, iov->iov_base, k);
		n -= k;
	}
	record_keep(account, &json);
}

struct record_run record_run(const struct limits *limits, const struct json *json, uint64_t column,
			     const struct rest *rest, struct limiter_run run)
{
	const char *bytes = rest_bytes(rest);
	size_t n = rest_length(rest), start = 0;
	struct record_run answer = {.run = run, .json = *json};
	const char *newline = limiter_last_newline(bytes, run.length);

	/* The line that split would cut, or that these bytes leave open. */
	if (newline) {
		start = (size_t)(newline + 1 - bytes);
		column = 0;
		answer.json = (struct json){0};
	}
	if (start == n)
		return answer;
	newline = memchr(bytes + start, '\n', n - start);
	if (newline)
		n = (size_t)(newline - bytes);
	else if (rest->count > 1 && run.length == n) {
		uint64_t ahead = bytes_to_newline(rest->iov + 1, rest->count - 1, limits->max);

		if (ahead <= limits->max && column + (n - start) + ahead <= limits->max)
			return answer; /* it ends in this write, and fits */
	}
	struct json_run cut =
		json_run(&answer.json, limits->max, limits->open, column, bytes + start, n - start);

	if (cut.fate == JSON_NO_RECORD)
		return answer;
	answer.cut = cut.fate == JSON_CUT;
	answer.run.length = start + (answer.cut ? cut.length : n - start);
	answer.run.column = column + answer.run.length - start;
	return answer;
}
