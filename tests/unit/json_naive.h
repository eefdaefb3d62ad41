/* What src/json should do, as plainly as it can be said: a model to compare it with.
 *
 * It reads a line from its beginning by recursive descent, for each byte anew, and knows no state:
 * where the bytes end, each function that is at work says what its part lacks, the innermost first.
 * It shares nothing with src/json but the names of the fates and its limits. */
#ifndef LINECAP_TESTS_JSON_NAIVE_H
#define LINECAP_TESTS_JSON_NAIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "json.h"

enum naive_answer {
	NAIVE_WHOLE, /* it was read to its end */
	NAIVE_OUT,   /* the bytes ended in it */
	NAIVE_BAD,   /* it is no JSON, or nested too deep */
};

/* Would a cut here be one? Better ones are greater. */
enum naive_cut { NAIVE_NO_CUT, NAIVE_CUT_NUMBER, NAIVE_MADE_UP, NAIVE_TRUE_CUT };

struct naive_reader {
	const char *at, *end;
	const char *next; /* the byte behind the end, or NULL if it isn't there yet */
	int depth;
	/* Of bytes that ended: */
	enum naive_cut cut;
	size_t wait; /* bytes that are to come before a cut can be made, or should */
	char closing[2 * JSON_CLOSING_MOST];
	bool needs_no_comma;
};

static inline enum naive_answer naive_out(struct naive_reader *reader, enum naive_cut cut,
					  const char *closing, size_t wait)
{
	reader->cut = cut;
	reader->wait = wait;
	strcat(reader->closing, closing);
	return NAIVE_OUT;
}

static inline bool naive_ended(const struct naive_reader *reader)
{
	return reader->at == reader->end;
}

static inline void naive_blanks(struct naive_reader *reader)
{
	while (!naive_ended(reader) && *reader->at && strchr(" \t\r", *reader->at))
		reader->at++;
}

static inline bool naive_takes(struct naive_reader *reader, char byte)
{
	if (naive_ended(reader) || *reader->at != byte)
		return false;
	reader->at++;
	return true;
}

/* Any escape, at `at`: how many of its bytes are there, if they are right; -1 if not. */
static inline int naive_escape(const char *at, const char *end, int *length)
{
	*length = 2;
	if (end - at < 2)
		return (int)(end - at);
	if (at[1] != 'u')
		return at[1] && strchr("\"\\/bfnrt", at[1]) ? 2 : -1;
	*length = 6;
	for (int i = 2; i < 6; i++) {
		if (at + i == end)
			return i;
		if (!at[i] || !strchr("0123456789abcdefABCDEF", at[i]))
			return -1;
	}
	return 6;
}

/* May what is there of an escape be the first half of a pair? */
static inline bool naive_may_be_high(const char *at, int n)
{
	return n < 2 || (at[1] == 'u' && (n < 3 || at[2] == 'd' || at[2] == 'D') &&
			 (n < 4 || strchr("89abAB", at[3])));
}

/* A character of a string: how many of its bytes are there, and how many it has or may have. -1: it
 * is none. */
static inline int naive_char(const char *at, const char *end, int *length, bool *again)
{
	/* RFC 3629, section 4. */
	static const unsigned char sequences[][2][4] = {
		{{0x20, 0, 0, 0}, {0x7f, 0, 0, 0}},
		{{0xc2, 0x80, 0, 0}, {0xdf, 0xbf, 0, 0}},
		{{0xe0, 0xa0, 0x80, 0}, {0xe0, 0xbf, 0xbf, 0}},
		{{0xe1, 0x80, 0x80, 0}, {0xec, 0xbf, 0xbf, 0}},
		{{0xed, 0x80, 0x80, 0}, {0xed, 0x9f, 0xbf, 0}},
		{{0xee, 0x80, 0x80, 0}, {0xef, 0xbf, 0xbf, 0}},
		{{0xf0, 0x90, 0x80, 0x80}, {0xf0, 0xbf, 0xbf, 0xbf}},
		{{0xf1, 0x80, 0x80, 0x80}, {0xf3, 0xbf, 0xbf, 0xbf}},
		{{0xf4, 0x80, 0x80, 0x80}, {0xf4, 0x8f, 0xbf, 0xbf}},
	};

	if (*at == '\\') {
		int there = naive_escape(at, end, length), second, more;

		bool behind_high = *again;

		*again = false;
		if (there < 0 || !naive_may_be_high(at, there))
			return there;
		*again = behind_high;
		*length = 12;
		if (there < 6 || at + 6 == end)
			return there;
		*again = false;
		*length = 6;
		if (at[6] != '\\')
			return 6;
		second = naive_escape(at + 6, end, &more);
		if (second == 6 && naive_may_be_high(at + 6, 6)) { /* it is a lone half */
			*again = true;
			return 6;
		}
		*length = second == 1 ? 12 : 6 + more;
		return second < 0 ? -1 : 6 + second;
	}
	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
		const unsigned char *least = sequences[i][0], *most = sequences[i][1];
		int n = 0;

		for (*length = 4; !least[*length - 1]; --*length)
			;
		while (n < *length && at + n < end && (unsigned char)at[n] >= least[n] &&
		       (unsigned char)at[n] <= most[n])
			n++;
		if (n && (n == *length || at + n == end))
			return n;
	}
	return -1;
}

/* Behind its first quote. */
static inline enum naive_answer naive_string(struct naive_reader *reader, bool key)
{
	const char *closing = key ? "...\":null" : "\"";
	bool again = false; /* behind a first half that is another's second */
	int length;

	while (!naive_ended(reader) && *reader->at != '"') {
		int there = naive_char(reader->at, reader->end, &length, &again);

		if (there < 0)
			return NAIVE_BAD;
		reader->at += there;
		if (there < length && again)
			return naive_out(reader, NAIVE_CUT_NUMBER, closing, 0);
		if (there < length)
			return naive_out(reader, NAIVE_NO_CUT, closing, (size_t)(length - there));
	}
	if (naive_takes(reader, '"'))
		return NAIVE_WHOLE;
	return naive_out(reader, key ? NAIVE_MADE_UP : NAIVE_TRUE_CUT, closing, 0);
}

static inline bool naive_digits(struct naive_reader *reader)
{
	const char *from = reader->at;

	while (!naive_ended(reader) && *reader->at >= '0' && *reader->at <= '9')
		reader->at++;
	return reader->at > from;
}

/* Reads a number; true: what was read is one. */
static inline bool naive_is_number(struct naive_reader *reader)
{
	naive_takes(reader, '-');
	if (!naive_takes(reader, '0') && !naive_digits(reader))
		return false;
	if (naive_takes(reader, '.') && !naive_digits(reader))
		return false;
	if (naive_takes(reader, 'e') || naive_takes(reader, 'E')) {
		if (!naive_takes(reader, '-'))
			naive_takes(reader, '+');
		return naive_digits(reader);
	}
	return true;
}

static inline enum naive_answer naive_number(struct naive_reader *reader)
{
	const char *from = reader->at;
	bool whole = naive_is_number(reader);
	size_t length = (size_t)(reader->at - from), wait = 0;

	if (!naive_ended(reader))
		return whole ? NAIVE_WHOLE : NAIVE_BAD;
	if (length < JSON_NUMBER)
		wait = JSON_NUMBER - length - !whole;
	if (whole && reader->next && *reader->next && strchr(" \t\r,]}", *reader->next))
		return naive_out(reader, NAIVE_TRUE_CUT, "", wait);
	return naive_out(reader, NAIVE_CUT_NUMBER, whole ? "" : "0", wait);
}

static inline enum naive_answer naive_literal(struct naive_reader *reader, const char *literal)
{
	for (; *literal; literal++) {
		if (naive_ended(reader))
			return naive_out(reader, NAIVE_TRUE_CUT, literal, 0);
		if (!naive_takes(reader, *literal))
			return NAIVE_BAD;
	}
	return NAIVE_WHOLE;
}

static inline enum naive_answer naive_value(struct naive_reader *reader);

/* name ws ":" ws value */
static inline enum naive_answer naive_member(struct naive_reader *reader)
{
	enum naive_answer answer;

	if (!naive_takes(reader, '"'))
		return NAIVE_BAD;
	answer = naive_string(reader, true);
	if (answer != NAIVE_WHOLE)
		return answer;
	naive_blanks(reader);
	if (naive_ended(reader))
		return naive_out(reader, NAIVE_MADE_UP, ":null", 0);
	return naive_takes(reader, ':') ? naive_value(reader) : NAIVE_BAD;
}

/* Behind the bracket: members or elements, up to its counterpart. */
static inline enum naive_answer naive_members(struct naive_reader *reader, bool array)
{
	bool outermost = reader->depth == 1, first = true;

	for (;; first = false) {
		enum naive_answer answer;

		naive_blanks(reader);
		if (naive_ended(reader)) {
			reader->needs_no_comma = outermost;
			if (first || outermost)
				return naive_out(reader, NAIVE_TRUE_CUT, "", 0);
			return naive_out(reader, NAIVE_MADE_UP, array ? "null" : "\"...\":null", 0);
		}
		if (first && naive_takes(reader, array ? ']' : '}'))
			return NAIVE_WHOLE;
		answer = array ? naive_value(reader) : naive_member(reader);
		if (answer != NAIVE_WHOLE)
			return answer;
		naive_blanks(reader);
		if (naive_ended(reader))
			return naive_out(reader, NAIVE_TRUE_CUT, "", 0);
		if (naive_takes(reader, array ? ']' : '}'))
			return NAIVE_WHOLE;
		if (!naive_takes(reader, ','))
			return NAIVE_BAD;
	}
}

static inline enum naive_answer naive_brackets(struct naive_reader *reader, bool array)
{
	enum naive_answer answer;

	if (++reader->depth > JSON_DEPTH_MOST)
		return NAIVE_BAD;
	answer = naive_members(reader, array);
	if (answer == NAIVE_OUT && reader->depth > 1)
		strcat(reader->closing, array ? "]" : "}");
	else if (answer == NAIVE_OUT && !reader->needs_no_comma)
		strcat(reader->closing, ",\"linecap_truncated\":true}");
	else if (answer == NAIVE_OUT)
		strcat(reader->closing, "\"linecap_truncated\":true}");
	reader->depth--;
	return answer;
}

static inline enum naive_answer naive_value(struct naive_reader *reader)
{
	naive_blanks(reader);
	if (naive_ended(reader))
		return naive_out(reader, NAIVE_MADE_UP, "null", 0);
	switch (*reader->at) {
	case '{':
	case '[':
		return naive_brackets(reader, *reader->at++ == '[');
	case '"':
		reader->at++;
		return naive_string(reader, false);
	case 't':
		return naive_literal(reader, "true");
	case 'f':
		return naive_literal(reader, "false");
	case 'n':
		return naive_literal(reader, "null");
	default:
		return naive_number(reader);
	}
}

/* A line, as far as it has come. next: as in the reader. */
static inline enum naive_answer naive_read(struct naive_reader *reader, const char *line, size_t n,
					   const char *next)
{
	enum naive_answer answer;

	*reader = (struct naive_reader){.at = line, .end = line + n, .next = next};
	naive_blanks(reader);
	if (naive_ended(reader))
		return naive_out(reader, NAIVE_NO_CUT, "", 0);
	if (!naive_takes(reader, '{'))
		return NAIVE_BAD;
	answer = naive_brackets(reader, false);
	if (answer == NAIVE_WHOLE) {
		naive_blanks(reader);
		return naive_ended(reader) ? naive_out(reader, NAIVE_MADE_UP, "", 0) : NAIVE_BAD;
	}
	return answer;
}

/* As json_run, on a line of which `out` bytes have passed and n come. closing: as json_close's, a
 * string. */
static inline struct json_run naive_run(const char *line, size_t out, size_t n, uint64_t max,
					uint64_t column, char closing[2 * JSON_CLOSING_MOST])
{
	struct json_run run = {JSON_NO_RECORD, 0};
	enum naive_cut best = NAIVE_NO_CUT;
	struct naive_reader reader;

	*closing = '\0';
	for (size_t k = 0; k <= n && column + k <= max; k++) {
		if (naive_read(&reader, line, out + k, k < n ? line + out + k : NULL) == NAIVE_BAD)
			return (struct json_run){JSON_NO_RECORD, 0};
		uint64_t length = column + k + strlen(reader.closing);

		if (k == n && length + reader.wait <= max)
			return (struct json_run){JSON_PASSES, n};
		if (reader.cut != NAIVE_NO_CUT && reader.cut >= best && length <= max) {
			best = reader.cut;
			run = (struct json_run){JSON_CUT, k};
			strcpy(closing, reader.closing);
		}
	}
	return run;
}

#endif
