/* Tests of the JSON records: examples, a corpus cut at every max, and random records against the
 * model and by jansson's judgement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dice.h"
#include "json.h"
#include "json_records.h"
#include "json_trial.h"

enum {
	MAX = 64,
	RANDOM_RECORDS = 100000,
	RANDOM_RECORDS_IN_CI = 1000000,
	GARBAGE_CASES = 300000,
	GENERATED_MOST = 1500
};

/* --- examples --------------------------------------------------------------------------------- */

/* The pieces of a line, | between them; what comes out at max 64, or NULL: it's no record. */
static const struct row {
	const char *claim, *pieces, *out;
} rows[] = {
#define X40    "1234567890123456789012345678901234567890"
#define BLANKS "                "
#define MARK   "\"linecap_truncated\":true}"
	{"a_string_is_ended_at_the_last_character_that_fits", "{\"a\":\"" X40 X40 "\"}",
	 "{\"a\":\"1234567890123456789012345678901\"," MARK},
	{"a_sequence_is_not_cut", "{\"a\":\"0123456789abcdef0123456789abc\xe2\x82\xac" X40 "\"}",
	 "{\"a\":\"0123456789abcdef0123456789abc\"," MARK},
	{"an_escape_is_not_cut", "{\"a\":\"0123456789abcdef0123456789abcd\\n" X40 "\"}",
	 "{\"a\":\"0123456789abcdef0123456789abcd\"," MARK},
	{"a_unicode_escape_is_not_cut",
	 "{\"a\":\"0123456789abcdef012345678\\u00e9\\u00e9" X40 "\"}",
	 "{\"a\":\"0123456789abcdef012345678\\u00e9\"," MARK},
	{"a_surrogate_pair_is_not_cut", "{\"a\":\"0123456789abcdef01234567\\ud83d\\ude00" X40 "\"}",
	 "{\"a\":\"0123456789abcdef01234567\"," MARK},
	{"a_pair_behind_half_of_one_is_not_cut",
	 "{\"a\":\"0123456789abcdef0123\\ud83d\\ud83d\\ude00" X40 "\"}",
	 "{\"a\":\"0123456789abcdef0123\"," MARK},
	{"a_number_is_left_out", "{\"a\":\"0123456789abcdef\",\"b\":" X40 "}",
	 "{\"a\":\"0123456789abcdef\"," MARK},
	{"a_number_that_its_comma_ends_is_kept",
	 "{\"a\":\"0123456789abcdef0123456\",\"b\":12,\"c\":\"" X40 "\"}",
	 "{\"a\":\"0123456789abcdef0123456\",\"b\":12," MARK},
	{"a_number_that_may_go_on_is_not",
	 "{\"a\":\"0123456789abcdef0123456\",\"b\":123,\"c\":\"" X40 "\"}",
	 "{\"a\":\"0123456789abcdef0123456\",\"b\":123," MARK},
	{"a_literal_that_fits_is_kept",
	 "{\"a\":\"0123456789abcdef0123\",\"b\":false,\"c\":\"" X40 "\"}",
	 "{\"a\":\"0123456789abcdef0123\",\"b\":false," MARK},
	{"a_name_is_left_out", "{\"a\":\"0123456789abcdef0123\",\"name_that_is_long\":\"" X40 "\"}",
	 "{\"a\":\"0123456789abcdef0123\"," MARK},
	{"brackets_are_closed", "{\"a\":[[{\"b\":[1,{\"c\":\"" X40 "\"}]}]]}",
	 "{\"a\":[[{\"b\":[1,{\"c\":\"12345678901\"}]}]]," MARK},
	{"a_record_within_max_passes_in_one_write",
	 "{\"a\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456\"}",
	 "{\"a\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456\"}"},
	{"a_record_that_is_short_passes_in_pieces", "{|\"|a|\"|:|\"0123456789|\"|}",
	 "{\"a\":\"0123456789\"}"},
	{"a_name_begun_in_an_earlier_write_is_completed",
	 "{\"a\":\"0123456789abcdef\",\"na|me_that_is_too_long_to_fit\":123456789}",
	 "{\"a\":\"0123456789abcdef\",\"name...\":null," MARK},
	{"a_member_begun_in_an_earlier_write_gets_null",
	 "{\"a\":\"0123456789abcdef0\",\"b\":|" X40 "}",
	 "{\"a\":\"0123456789abcdef0\",\"b\":null," MARK},
	{"a_number_begun_in_an_earlier_write_comes_to_its_end",
	 "{\"a\":\"01\",\"b\":1|23456789012345678901234,\"c\":\"" X40 "\"}",
	 "{\"a\":\"01\",\"b\":123456789012345678901234," MARK},
	{"an_element_awaited_since_an_earlier_write_is_one",
	 "{\"a\":[\"0123456789abcdef0123\",|\"" X40 "\"]}",
	 "{\"a\":[\"0123456789abcdef0123\",\"123456\"]," MARK},
	{"an_element_that_does_not_fit_is_null", "{\"a\":[\"0123456789abcdef0123\",|" X40 "]}",
	 "{\"a\":[\"0123456789abcdef0123\",null]," MARK},
	{"a_comma_of_the_outermost_object_is_used",
	 "{\"a\":\"0123456789abcdef0123\",|\"name_that_is_long\":\"" X40 "\"}",
	 "{\"a\":\"0123456789abcdef0123\"," MARK},
	{"what_follows_a_comma_is_checked", "{\"a\":{\"b\":\"0123456789abc\",|1:\"" X40 "\"}}",
	 NULL},
	{"a_comma_of_an_inner_object_gets_a_member",
	 "{\"a\":{\"b\":\"0123456789abc\",|\"name_that_is_long_enough\":\"" X40 "\"}}",
	 "{\"a\":{\"b\":\"0123456789abc\",\"n...\":null}," MARK},
	{"blanks_behind_a_record_may_go", "{\"a\":\"" X40 "\"}|" BLANKS BLANKS,
	 "{\"a\":\"" X40 "\"}" BLANKS},
	{"a_line_that_begins_with_another_bracket_is_no_record", "[\"" X40 X40 "\"]", NULL},
	{"a_line_that_turns_out_to_be_none_is_no_record", "{\"a\":1,b:\"" X40 X40 "\"}", NULL},
	{"two_records_on_a_line_are_none", "{\"a\":1}{\"b\":\"" X40 X40 "\"}", NULL},
	{"a_line_of_blanks_is_no_record", "                    " X40 X40, NULL},
#undef X40
#undef BLANKS
#undef MARK
};

/* The pieces as their bars say. */
static size_t next_bar(void *context, size_t left)
{
	const char **rest = context;
	size_t n = strcspn(*rest, "|");

	*rest += n + (n < left);
	return n;
}

static bool always(void *context)
{
	(void)context;
	return true;
}

static void example_holds(void **state)
{
	const struct row *row = *state;
	char line[512];
	size_t n = 0;
	const char *rest = row->pieces;
	struct json_pieces pieces = {next_bar, &rest, always};
	static struct json_trial trial;

	for (const char *at = row->pieces; *at; at++)
		if (*at != '|')
			line[n++] = *at;
	trial = (struct json_trial){.max = MAX, .line = line, .n = n};
	const char *broken = json_trial_send(&trial, &pieces);

	if (!broken)
		broken = json_trial_judge(&trial);
	if (broken)
		fail_msg("%s", broken);
	if (!row->out) {
		assert_int_equal(trial.fate, JSON_NO_RECORD);
		return;
	}
	if (trial.fate == JSON_PASSES)
		memcpy(trial.out, line, trial.length = n);
	assert_int_not_equal(trial.fate, JSON_NO_RECORD);
	trial.out[trial.length] = '\0';
	assert_string_equal(trial.out, row->out);
}

/* --- the grammar ------------------------------------------------------------------------------ */

static const char *const no_records[] = {
	"",
	" ",
	"x",
	"[]",
	"\"\"",
	"1",
	"null",
	"{",
	"{{",
	"{]",
	"{}}",
	"{}{}",
	"{},",
	"{} x",
	"{,}",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\" 1}",
	"{\"a\":1,}",
	"{\"a\":1 \"b\":2}",
	"{\"a\":1,,\"b\":2}",
	"{a:1}",
	"{'a':1}",
	"{1:1}",
	"{\"a\"::1}",
	"{\"a\":1:2}",
	"{\"a\":[}",
	"{\"a\":[1}",
	"{\"a\":{]}",
	"{\"a\":[1,]}",
	"{\"a\":[,1]}",
	"{\"a\":[1 2]}",
	"{\"a\":[1:2]}",
	"{\"a\":[\"b\":1]}",
	"{\"a\":01}",
	"{\"a\":-}",
	"{\"a\":-01}",
	"{\"a\":+1}",
	"{\"a\":.5}",
	"{\"a\":1.}",
	"{\"a\":1.e1}",
	"{\"a\":1e}",
	"{\"a\":1e+}",
	"{\"a\":1ee1}",
	"{\"a\":1.2.3}",
	"{\"a\":1e1.5}",
	"{\"a\":1-2}",
	"{\"a\":0x1}",
	"{\"a\":1a}",
	"{\"a\":NaN}",
	"{\"a\":Infinity}",
	"{\"a\":True}",
	"{\"a\":tru}",
	"{\"a\":truE}",
	"{\"a\":truee}",
	"{\"a\":fals}",
	"{\"a\":falsy}",
	"{\"a\":nul}",
	"{\"a\":nulll}",
	"{\"a\":nil}",
	"{\"a\":\"}",
	"{\"a\":\"\t\"}",
	"{\"a\":\"\x01\"}",
	"{\"a\":\"\x1f\"}",
	"{\"a\":\"\\\"}",
	"{\"a\":\"\\a\"}",
	"{\"a\":\"\\x41\"}",
	"{\"a\":\"\\'\"}",
	"{\"a\":\"\\u\"}",
	"{\"a\":\"\\u12\"}",
	"{\"a\":\"\\u123g\"}",
	"{\"a\":\"\\U0041\"}",
	"{\"a\":\"\\ud83d\\ude0g\"}",
	"{\"a\":\"\\ud83d\\x\"}",
	"{\"a\":\"\x80\"}",
	"{\"a\":\"\xbf\"}",
	"{\"a\":\"\xc0\x80\"}",
	"{\"a\":\"\xc1\xbf\"}",
	"{\"a\":\"\xc2\"}",
	"{\"a\":\"\xc2\xc2\x80\"}",
	"{\"a\":\"\xe0\x9f\xbf\"}",
	"{\"a\":\"\xe2\x82\"}",
	"{\"a\":\"\xed\xa0\x80\"}",
	"{\"a\":\"\xf0\x8f\xbf\xbf\"}",
	"{\"a\":\"\xf0\x9f\x98\"}",
	"{\"a\":\"\xf4\x90\x80\x80\"}",
	"{\"a\":\"\xf5\x80\x80\x80\"}",
	"{\"a\":\"\xc1\"}",
	"{\"a\":\"\xc0x\"}",
	"{\"a\":\"\xf5\"}",
	"{\"a\":\"\xff\"}",
	"{\"a\":\"\xe2\x82\xac\x80\"}",
	"{\"a\":1}\f",
	"{\"a\":1\v}",
	"{\"a\":/**/1}",
	"\xef\xbb\xbf{}",
};

/* Did the line come to its end as a record? Then nothing closes it. */
static bool is_record(const char *line, size_t n)
{
	char closing[JSON_CLOSING_MOST];
	struct json json = {0}, begun = {0};

	return json_scan(&json, line, n) && !json_is_same(&json, &begun) &&
	       !json_close(&json, closing);
}

/* Behind so many bytes of a string that the fast scan sees it, too. */
static void assert_record(const char *line, size_t n, bool expected)
{
	char longer[2048];
	size_t length = (size_t)sprintf(longer, "{\"" RECORD_X100 "\":[1,");

	assert_int_equal(is_record(line, n), expected);
	assert_null(json_trial_scan(line, n));
	memcpy(longer + length, line, n);
	length += n;
	length += (size_t)sprintf(longer + length, ",\"" RECORD_X100 "\"]}");
	if (expected || strstr(line, "{\"a\":") == line)
		assert_int_equal(is_record(longer, length), expected);
	assert_null(json_trial_scan(longer, length));
}

static void the_grammar_is_rfc_8259s(void **state)
{
	static const char nul[] = "{\"a\":\"\0\"}";

	(void)state;
	for (size_t i = 0; i < JSON_RECORDS; i++)
		assert_record(json_records[i], strlen(json_records[i]), true);
	for (size_t i = 0; i < sizeof no_records / sizeof *no_records; i++)
		if (is_record(no_records[i], strlen(no_records[i])))
			fail_msg("'%s' is taken for a record", no_records[i]);
		else
			assert_record(no_records[i], strlen(no_records[i]), false);
	assert_record(nul, sizeof nul - 1, false);
}

static void at_most_64_brackets_are_open(void **state)
{
	char record[JSON_DEEP_MOST];

	(void)state;
	for (int kind = 0; kind < 3; kind++)
		for (int depth = 1; depth <= 66; depth++) {
			size_t n = json_deep_record(record, depth, kind);

			assert_int_equal(is_record(record, n), depth <= JSON_DEPTH_MOST);
			assert_null(json_trial_scan(record, n));
		}
}

/* --- each record at each max --------------------------------------------------------------------
 */

struct dealer {
	struct dice *dice;
	size_t longest; /* piece */
	size_t one_in;	/* pieces is compared with the model */
};

static size_t next_piece(void *context, size_t left)
{
	struct dealer *dealer = context;
	size_t most = dealer->longest < left ? dealer->longest : left;

	return 1 + dice_below(dealer->dice, most);
}

static bool compares(void *context)
{
	struct dealer *dealer = context;

	return dice_one_in(dealer->dice, dealer->one_in);
}

/* At this max, whole and in pieces. */
static const char *send_each_way(struct json_trial *trial, struct dice *dice, bool is_valid)
{
	static const size_t longest[] = {1, 2, 7, 40, JSON_TRIAL_MOST};
	struct dealer dealer = {.dice = dice, .one_in = 16};
	const struct json_pieces pieces = {next_piece, &dealer, compares};

	for (size_t i = 0; i <= sizeof longest / sizeof *longest; i++) {
		dealer.longest = i ? longest[i - 1] : 0;
		const char *broken = json_trial_send(trial, i ? &pieces : NULL);

		if (!broken)
			broken = json_trial_judge(trial);
		if (broken)
			return broken;
		JSON_CLAIM(!is_valid || trial->fate != JSON_NO_RECORD);
		JSON_CLAIM(trial->n + JSON_ROOM_MOST > trial->max || trial->fate != JSON_CUT);
	}
	return NULL;
}

static void assert_cut_at_every_max(const char *line, size_t n, bool is_valid)
{
	static struct json_trial trial;
	struct dice dice = dice_of_case(n);

	for (uint64_t max = MAX; max <= n + JSON_ROOM_MOST; max++) {
		trial.max = max;
		trial.line = line;
		trial.n = n;
		const char *broken = send_each_way(&trial, &dice, is_valid);

		if (broken)
			fail_msg("%s: max %llu, TEST_SEED=%#llx: %.*s", broken,
				 (unsigned long long)max, (unsigned long long)dice_seed(), (int)n,
				 line);
	}
}

static void each_record_can_be_cut_at_every_max(void **state)
{
	(void)state;
	for (size_t i = 0; i < JSON_RECORDS; i++)
		assert_cut_at_every_max(json_records[i], strlen(json_records[i]), true);
}

static bool parses(const char *text, size_t n)
{
	json_t *json = json_loadb(text, n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);

	json_decref(json);
	return json;
}

/* As far as it has come when another writer's line ends it: nothing that is out can be taken back.
 */
static void each_record_can_be_closed_behind_every_byte(void **state)
{
	char text[JSON_TRIAL_MOST];

	(void)state;
	for (size_t i = 0; i < JSON_RECORDS; i++) {
		size_t n = strlen(json_records[i]);

		if (!parses(json_records[i], n))
			continue;
		memcpy(text, json_records[i], n);
		for (size_t k = n - 1; k; k--) { /* what is behind k is written over */
			struct json json = {0};

			assert_true(json_scan(&json, text, k));
			size_t length = json.depth ? json_close(&json, text + k) : 0;

			if (json.depth && !parses(text, k + length))
				fail_msg("%.*s", (int)(k + length), text);
			assert_in_range(length, 0, JSON_ROOM_MOST);
		}
	}
}

static void deep_records_can_be_cut_at_every_max(void **state)
{
	char record[JSON_DEEP_MOST];

	(void)state;
	for (int kind = 0; kind < 3; kind++)
		for (int depth = 61; depth <= 64; depth++)
			assert_cut_at_every_max(record, json_deep_record(record, depth, kind),
						true);
}

static void a_record_that_is_too_deep_is_none_from_there_on(void **state)
{
	char record[JSON_DEEP_MOST];
	size_t n = json_deep_record(record, 65, 1);
	struct json json = {0};

	(void)state;
	assert_cut_at_every_max(record, n, false);
	assert_int_equal(json_run(&json, 16384, 16384, 0, record, n).fate, JSON_NO_RECORD);
	assert_int_equal(json_run(&json, 16384, 16384, n, "{", 1).fate, JSON_NO_RECORD);
}

/* --- random records -----------------------------------------------------------------------------
 */

struct writer {
	struct dice *dice;
	char *at, *end;
	int depth;
};

static void write_text(struct writer *writer, const char *text)
{
	while (*text && writer->at < writer->end)
		*writer->at++ = *text++;
}

static void write_one_of(struct writer *writer, const char *const *texts, size_t n)
{
	write_text(writer, texts[dice_below(writer->dice, n)]);
}

static void write_blanks(struct writer *writer)
{
	static const char *const blanks[] = {" ", "\t", "\r", "  ", "                    "};

	while (dice_one_in(writer->dice, 12))
		write_one_of(writer, blanks, 5);
}

static void write_string(struct writer *writer)
{
	static const char *const odd[] = {"\\\"", "\\\\", "\\/", "\\n", "\\t", "\\u0041", "\\u20AC",
					  "\\ud7fF", "\\ud83d\\ude00", "\\uDBFF\\uDFFF", "\\ud800",
					  "\\udc00", "\\ud800\\ud800", "\\ud83d", "\xc3\xa9",
					  "\xe2\x82\xac", "\xed\x9f\xbf", "\xf0\x9f\x98\x80",
					  "\xf4\x8f\xbf\xbf",
					  /* what is none of these there */
					  " ", ",", "]}", "{[:", "-0", "true"};
	size_t units = dice_one_in(writer->dice, 8) ? dice_below(writer->dice, 60)
						    : dice_below(writer->dice, 9);
	size_t oddness = 1 + dice_below(writer->dice, 6);
	/* Lone halves are for the model alone: jansson takes none. */
	const size_t all = sizeof odd / sizeof *odd, sound = 10, behind_halves = 14;
	bool halves = dice_one_in(writer->dice, 30);

	write_text(writer, "\"");
	while (units--) {
		char plain[2] = {(char)('a' + dice_below(writer->dice, 26)), '\0'};

		if (!dice_one_in(writer->dice, oddness))
			write_text(writer, plain);
		else if (halves)
			write_one_of(writer, odd, all);
		else if (dice_one_in(writer->dice, 2))
			write_one_of(writer, odd, sound);
		else
			write_one_of(writer, odd + behind_halves, all - behind_halves);
	}
	write_text(writer, "\"");
}

static void write_number(struct writer *writer)
{
	static const char *const parts[] = {"0",  "7", "12345678901", "123456789012345678901234567",
					    "42", "9"};
	static const char *const fractions[] = {".0", ".5", ".000000000000000000000001",
						".1234567"};
	static const char *const exponents[] = {"e5", "E+7", "e-12", "E00000000000000000000001"};

	if (dice_one_in(writer->dice, 3))
		write_text(writer, "-");
	write_one_of(writer, parts, 6);
	if (dice_one_in(writer->dice, 3))
		write_one_of(writer, fractions, 4);
	if (dice_one_in(writer->dice, 4))
		write_one_of(writer, exponents, 4);
}

static void write_value(struct writer *writer);

static void write_brackets(struct writer *writer, bool array, size_t members)
{
	writer->depth++;
	write_text(writer, array ? "[" : "{");
	write_blanks(writer);
	for (size_t i = 0; i < members; i++) {
		if (i)
			write_text(writer, ",");
		write_blanks(writer);
		if (!array) {
			write_string(writer);
			write_blanks(writer);
			write_text(writer, ":");
			write_blanks(writer);
		}
		write_value(writer);
		write_blanks(writer);
	}
	write_text(writer, array ? "]" : "}");
	writer->depth--;
}

static void write_value(struct writer *writer)
{
	static const char *const literals[] = {"true", "false", "null"};
	size_t kind = dice_below(writer->dice, writer->depth < 12 ? 8 : 5);

	if (kind < 2)
		write_string(writer);
	else if (kind < 4)
		write_number(writer);
	else if (kind == 4)
		write_one_of(writer, literals, 3);
	else
		write_brackets(writer, kind % 2, dice_below(writer->dice, 4));
}

static size_t write_record(struct dice *dice, char record[GENERATED_MOST])
{
	struct writer writer = {dice, record, record + GENERATED_MOST, 0};

	write_blanks(&writer);
	write_brackets(&writer, false, 1 + dice_below(dice, 8));
	write_blanks(&writer);
	return (size_t)(writer.at - record);
}

/* Now and then a byte of it is another, or the line goes on. */
static size_t spoil(struct dice *dice, char *record, size_t n)
{
	static const char bytes[] = "{}[]:,\"\\ 0-.eEtfnu\x01\x7f\x80\xc3\xe2\xff";

	if (n && dice_one_in(dice, 8))
		record[dice_below(dice, n)] = bytes[dice_below(dice, sizeof bytes - 1)];
	if (dice_one_in(dice, 50))
		n = dice_below(dice, n + 1);
	return n;
}

static const char *random_record(struct dice *dice)
{
	static struct json_trial trial;
	char record[GENERATED_MOST];
	size_t n = spoil(dice, record, write_record(dice, record));
	struct dealer dealer = {.dice = dice, .one_in = 50};
	const struct json_pieces pieces = {next_piece, &dealer, compares};

	dealer.longest = 1 + dice_below(dice, dice_one_in(dice, 2) ? 8 : 1 + n);
	trial.max = MAX + dice_below(dice, n > MAX ? n - MAX : 1);
	trial.line = record;
	trial.n = n;
	const char *broken = json_trial_send(&trial, dice_one_in(dice, 3) ? NULL : &pieces);

	if (!broken)
		broken = json_trial_judge(&trial);
	return broken ? broken : json_trial_scan(record, n);
}

static void random_records_are_cut_as_the_model_says(void **state)
{
	const char *ci = getenv("CI");
	uint64_t count = ci && !strcmp(ci, "true") ? RANDOM_RECORDS_IN_CI : RANDOM_RECORDS;

	(void)state;
	assert_null(dice_run(__func__, count, random_record));
}

/* --- what comes from a shared page --------------------------------------------------------------
 */

/* Whatever it holds: within the buffers, within max. (ASan and UBSan look on.) */
static const char *garbage(struct dice *dice)
{
	char record[GENERATED_MOST], closing[JSON_CLOSING_MOST];
	size_t n = dice_below(dice, 2) ? write_record(dice, record) : 0;
	uint64_t words[2] = {dice_next(dice), dice_next(dice)};
	uint64_t max = MAX + dice_below(dice, 200), column = dice_below(dice, 300);
	char *bytes = malloc(n);
	struct json json;

	memcpy(bytes, record, n);
	if (dice_one_in(dice, 2)) /* a place and a depth that may be */
		words[1] =
			dice_below(dice, 60) | dice_below(dice, 66) << 8 | (words[1] & 0xffff0000);
	if (dice_one_in(dice, 2))
		words[0] >>= dice_below(dice, 64);
	memcpy(&json, words, sizeof json);
	struct json_run run = json_run(&json, max, max, column, bytes, n);
	size_t length = json_close(&json, closing);

	free(bytes);
	JSON_CLAIM(length <= JSON_CLOSING_MOST);
	JSON_CLAIM(run.length <= n);
	JSON_CLAIM(run.fate != JSON_PASSES || (run.length == n && (!n || column + n <= max)));
	JSON_CLAIM(run.fate != JSON_CUT || !(run.length + length) ||
		   column + run.length + length <= max);
	return NULL;
}

static void contract_1_garbage_keeps_the_bound(void **state)
{
	(void)state;
	assert_null(dice_run(__func__, GARBAGE_CASES, garbage));
}

static void what_was_dropped_is_a_line_of_json(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *line;
	} rows_of_dropped[] = {
		{0, "{\"linecap\":{\"dropped_bytes\":0}}\n"},
		{1234567890, "{\"linecap\":{\"dropped_bytes\":1234567890}}\n"},
		{UINT64_MAX, "{\"linecap\":{\"dropped_bytes\":18446744073709551615}}\n"},
	};
	char line[JSON_DROPPED_MOST + 1];

	(void)state;
	for (size_t i = 0; i < sizeof rows_of_dropped / sizeof *rows_of_dropped; i++) {
		line[json_dropped(line, rows_of_dropped[i].bytes)] = '\0';
		assert_string_equal(line, rows_of_dropped[i].line);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_grammar_is_rfc_8259s),
	cmocka_unit_test(at_most_64_brackets_are_open),
	cmocka_unit_test(each_record_can_be_cut_at_every_max),
	cmocka_unit_test(each_record_can_be_closed_behind_every_byte),
	cmocka_unit_test(deep_records_can_be_cut_at_every_max),
	cmocka_unit_test(a_record_that_is_too_deep_is_none_from_there_on),
	cmocka_unit_test(random_records_are_cut_as_the_model_says),
	cmocka_unit_test(contract_1_garbage_keeps_the_bound),
	cmocka_unit_test(what_was_dropped_is_a_line_of_json),
};

int main(int argc, char **argv)
{
	enum { ROWS = sizeof rows / sizeof *rows };
	struct CMUnitTest all[ROWS + sizeof tests / sizeof *tests];

	for (size_t i = 0; i < ROWS; i++)
		all[i] = (struct CMUnitTest){.name = rows[i].claim,
					     .test_func = example_holds,
					     .initial_state = (void *)&rows[i]};
	memcpy(all + ROWS, tests, sizeof tests);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	print_message("TEST_SEED=%#llx\n", (unsigned long long)dice_seed());
	return cmocka_run_group_tests(all, NULL, NULL);
}
