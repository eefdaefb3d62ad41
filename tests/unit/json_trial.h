/* A line sent through src/json in pieces, and what must be true of what comes out: against the
 * model (json_naive.h) and by the judgement of a parser that isn't ours, jansson. */
#ifndef LINECAP_TESTS_JSON_TRIAL_H
#define LINECAP_TESTS_JSON_TRIAL_H

#include <jansson.h>

#include "json_naive.h"

#define JSON_CLAIM(claim)                                                                          \
	do {                                                                                       \
		if (!(claim))                                                                      \
			return #claim;                                                             \
	} while (0)

enum { JSON_TRIAL_MOST = 1 << 16 };

/* How long the next piece of a line is, of which `left` bytes are left: 1…left. */
struct json_pieces {
	size_t (*next)(void *context, size_t left);
	void *context;
	bool (*compares)(void *context); /* this piece with the model? It's slow. */
};

struct json_trial {
	uint64_t max;
	const char *line; /* without a newline */
	size_t n;
	enum json_fate fate;	   /* JSON_PASSES: the whole line did */
	char out[JSON_TRIAL_MOST]; /* the record that was cut */
	size_t length, from_line;
	bool in_pieces;
};

static inline bool json_is_same(const struct json *a, const struct json *b)
{
	return !memcmp(a, b, sizeof *a);
}

/* In one go and byte by byte it is the same. */
static inline const char *json_trial_scan(const char *line, size_t n)
{
	struct json whole = {0}, bytewise = {0};
	bool is_record = json_scan(&whole, line, n), was_record = true;

	for (size_t i = 0; i < n; i++)
		was_record = json_scan(&bytewise, line + i, 1);
	JSON_CLAIM(is_record == was_record);
	JSON_CLAIM(!is_record || json_is_same(&whole, &bytewise));
	return NULL;
}

/* One piece, from a buffer of its own size. */
static inline const char *json_trial_piece(struct json_trial *trial, struct json *json, size_t at,
					   size_t n, bool compares)
{
	char closing[JSON_CLOSING_MOST], expected[2 * JSON_CLOSING_MOST];
	char *piece = malloc(n);

	memcpy(piece, trial->line + at, n);
	struct json_run run = json_run(json, trial->max, trial->max, at, piece, n);

	free(piece);
	trial->fate = run.fate;
	if (compares) {
		struct json_run naive = naive_run(trial->line, at, n, trial->max, at, expected);

		JSON_CLAIM(run.fate == naive.fate);
		JSON_CLAIM(run.length == naive.length);
	}
	if (run.fate != JSON_CUT)
		return NULL;
	size_t length = json_close(json, closing);

	JSON_CLAIM(!compares || (length == strlen(expected) && !memcmp(closing, expected, length)));
	trial->from_line = at + run.length;
	trial->length = trial->from_line + length;
	JSON_CLAIM(trial->length <= trial->max);
	memcpy(trial->out, trial->line, trial->from_line);
	memcpy(trial->out + trial->from_line, closing, length);
	return NULL;
}

/* As an emitter would: what ends its line within max isn't asked for. */
static inline const char *json_trial_send(struct json_trial *trial,
					  const struct json_pieces *pieces)
{
	struct json json = {0};

	trial->in_pieces = false;
	for (size_t at = 0; at < trial->n;) {
		size_t n = pieces ? pieces->next(pieces->context, trial->n - at) : trial->n - at;

		if (at + n == trial->n && trial->n <= trial->max)
			break;
		trial->in_pieces = trial->in_pieces || n < trial->n;
		const char *broken = json_trial_piece(trial, &json, at, n,
						      pieces && pieces->compares(pieces->context));

		if (broken || trial->fate != JSON_PASSES)
			return broken;
		at += n;
	}
	trial->fate = JSON_PASSES;
	return NULL;
}

/* --- the judgement
 * -------------------------------------------------------------------------------- */

static inline bool json_has_long_number(const char *line, size_t n)
{
	size_t length = 0;

	for (size_t i = 0; i < n && length <= JSON_NUMBER; i++)
		length = line[i] && strchr("+-.0123456789Ee", line[i]) ? length + 1 : 0;
	return length > JSON_NUMBER;
}

static inline bool json_is_start(const json_t *cut, const json_t *whole, bool made_up);

static inline bool json_is_start_of_array(const json_t *cut, const json_t *whole, bool made_up)
{
	size_t n = json_array_size(cut);

	for (size_t i = 0; i < n; i++) {
		const json_t *of_cut = json_array_get(cut, i), *of_whole = json_array_get(whole, i);

		if (i + 1 < n ? !json_equal(of_cut, of_whole)
			      : !json_is_start(of_cut, of_whole, made_up))
			return false;
	}
	return true;
}

static inline bool json_is_start_of_object(const json_t *cut, const json_t *whole, bool made_up)
{
	size_t left = json_object_size(cut);

	for (void *at = json_object_iter((json_t *)cut); at;
	     at = json_object_iter_next((json_t *)cut, at)) {
		const json_t *value = json_object_iter_value(at);
		const json_t *of_whole = json_object_get(whole, json_object_iter_key(at));

		if (--left ? !json_equal(value, of_whole)
			   : !json_is_start(value, of_whole, made_up))
			return false;
	}
	return true;
}

/* Is it the value itself, or the start of it? made_up: or a null where a member or element was open
 * in an earlier write. */
static inline bool json_is_start(const json_t *cut, const json_t *whole, bool made_up)
{
	if (made_up && json_is_null(cut))
		return true;
	if (!whole || json_typeof(cut) != json_typeof(whole))
		return false;
	if (json_is_array(cut))
		return json_is_start_of_array(cut, whole, made_up);
	if (json_is_object(cut))
		return json_is_start_of_object(cut, whole, made_up);
	if (json_is_string(cut))
		return json_string_length(cut) <= json_string_length(whole) &&
		       !memcmp(json_string_value(cut), json_string_value(whole),
			       json_string_length(cut));
	return json_equal(cut, whole);
}

static const char json_mark[] = "\"linecap_truncated\":true}";

/* What was cut is a record whenever the line was one, says that it was cut, and holds the line's
 * members. */
static inline const char *json_trial_judge(const struct json_trial *trial)
{
	static const size_t flags = JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
	const size_t mark = sizeof json_mark - 1;
	bool only_blanks = trial->from_line == trial->length;

	if (trial->fate != JSON_CUT)
		return NULL;
	JSON_CLAIM(only_blanks || !memcmp(trial->out + trial->length - mark, json_mark, mark));
	json_t *whole = json_loadb(trial->line, trial->n, flags, NULL);

	if (!whole)
		return NULL;
	json_t *cut = json_loadb(trial->out, trial->length, flags, NULL);
	json_t *once = json_loadb(trial->line, trial->n, flags | JSON_REJECT_DUPLICATES, NULL);
	bool parses = cut,
	     says_so = only_blanks || json_is_true(json_object_get(cut, "linecap_truncated"));
	bool is_start = true;

	if (parses && once && !json_object_get(once, "linecap_truncated") &&
	    !(trial->in_pieces && json_has_long_number(trial->line, trial->n))) {
		json_object_del(cut, "linecap_truncated");
		is_start = json_is_start(cut, once, trial->in_pieces);
	}
	json_decref(whole);
	json_decref(cut);
	json_decref(once);
	JSON_CLAIM(parses);
	JSON_CLAIM(says_so);
	JSON_CLAIM(is_start);
	return NULL;
}

#endif
