/* Tests of the mode json as a whole: records go through whole and the emitter to a sink, and what
 * comes out is judged by jansson. Where a record may be cut is json.c's matter, and has tests of
 * its own. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "dice.h"
#include "emitter.h"
#include "json.h"
#include "json_records.h"
#include "record.h"
#include "steady.h"
#include "whole.h"

enum {
	OUT_MOST = 1 << 16,
	LINE_MOST = OUT_MOST / 4 / 8 - 1,
	RANDOM_CASES = 20000,
	RECORDS = sizeof json_records / sizeof *json_records
};

struct pipe {
	struct sink sink;
	struct limits limits;
	struct account account;
	struct dice *dice; /* the sink takes what they say; NULL: all */
	uint64_t writer;
	void (*meanwhile)(void); /* once, before the sink takes what it is given */
	size_t length;
	char out[OUT_MOST]; /* a string */
};

static struct pipe pipe;

static ssize_t take(const struct sink *sink, const struct iovec *iov, int count)
{
	struct pipe *to = (struct pipe *)sink;
	size_t offered = 0, n = 0;
	void (*meanwhile)(void) = to->meanwhile;

	to->meanwhile = NULL;
	if (meanwhile)
		meanwhile();
	for (int i = 0; i < count; i++)
		offered += iov[i].iov_len;
	if (to->dice && offered > PIPE_BUF && dice_one_in(to->dice, 4))
		offered = 1 + dice_below(to->dice, offered);
	for (int i = 0; i < count && n < offered; i++) {
		size_t k = iov[i].iov_len < offered - n ? iov[i].iov_len : offered - n;

		assert_true(to->length + k < OUT_MOST);
		memcpy(to->out + to->length, iov[i].iov_base, k);
		to->length += k;
		n += k;
	}
	to->out[to->length] = '\0';
	return (ssize_t)n;
}

static uint64_t writer(const struct sink *sink)
{
	return ((const struct pipe *)sink)->writer;
}

static void open_pipe(uint64_t max, const char *mark)
{
	pipe.sink = (struct sink){
		.writev = take, .stalled = steady_stalled, .gone = steady_gone, .writer = writer};
	pipe.limits = limits_of(max, LIMITER_JSON, mark, strlen(mark));
	pipe.account = (struct account){0};
	pipe.dice = NULL;
	pipe.meanwhile = NULL;
	pipe.writer = 1;
	pipe.length = 0;
	pipe.out[0] = '\0';
}

/* As a hook does it, until all bytes are done with. */
static void send(const char *bytes, size_t n)
{
	while (n) {
		const struct iovec iov = {(char *)(uintptr_t)bytes, n};
		struct turn turn;
		ssize_t done;

		if (line_fits(&pipe.limits, line_word(&pipe.account), n) &&
		    line_enter(&pipe.account, &pipe.limits, n, &turn)) {
			done = take(&pipe.sink, &iov, 1);
			whole_note(&pipe.limits, &pipe.account, turn, &iov, n, done, pipe.writer);
		} else {
			done = whole_pass(&pipe.limits, &pipe.account, &pipe.sink, &iov, 1,
					  pipe.writer);
			if (done == WHOLE_NEVER)
				done = emitter_writev(&pipe.limits, &pipe.account, &pipe.sink, &iov,
						      1, EMITTER_FIRST_WHOLE);
		}
		assert_true(done > 0);
		bytes += done;
		n -= (size_t)done;
	}
}

static void send_text(const char *text)
{
	send(text, strlen(text));
}

static void assert_out(const char *expected)
{
	assert_string_equal(pipe.out, expected);
}

/* The next line of what came out; its end is cut off. */
static char *next_line(char **at)
{
	char *line = *at, *newline = strchr(line, '\n');

	if (!newline)
		return NULL;
	*newline = '\0';
	*at = newline + 1;
	return line;
}

/* All numbers are reals: as an integer jansson takes none that is longer than its own. */
static json_t *parse(const char *line)
{
	return json_loads(line, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
}

static bool only_blanks_are_missing(const char *line, const char *record)
{
	size_t n = strlen(line);

	return !strncmp(line, record, n) && !record[n + strspn(record + n, " \t\r")];
}

/* What came of one record: it is as it was, or it was cut and says so. */
static const char *judge(const char *record, char **at)
{
	char *line = next_line(at), *report;
	json_t *cut, *said;

	if (!line || strlen(line) > pipe.limits.max)
		return "a line is too long";
	if (!strcmp(line, record))
		return NULL;
	cut = parse(line);
	if (!cut)
		return "the cut record doesn't parse";
	bool says_so = json_is_true(json_object_get(cut, "linecap_truncated")) ||
		       only_blanks_are_missing(line, record);

	json_decref(cut);
	report = next_line(at);
	said = report ? parse(report) : NULL;
	double dropped = json_number_value(
		json_object_get(json_object_get(said, "linecap"), "dropped_bytes"));

	json_decref(said);
	if (dropped <= 0 || dropped >= (double)strlen(record))
		return "what was dropped isn't told";
	return says_so ? NULL : "the cut record doesn't say so";
}

static void hold(const char *broken, const char *record, uint64_t max)
{
	if (broken)
		fail_msg("%s: max %llu, record %s, out %.*s", broken, (unsigned long long)max,
			 record, (int)pipe.length, pipe.out);
}

static bool parses(const char *record)
{
	json_t *whole = parse(record);

	json_decref(whole);
	return whole;
}

/* A record that was cut, and its report. */
static void assert_last_is_cut(char *at)
{
	assert_true(parses(next_line(&at)));
	assert_true(parses(next_line(&at)));
	assert_string_equal(at, "");
}

static void each_record_is_cut_so_that_it_parses_at_each_max(void **state)
{
	size_t seen = 0;

	(void)state;
	for (size_t i = 0; i < RECORDS; i++) {
		const char *record = json_records[i];
		size_t length = strlen(record);

		if (!parses(record))
			continue;
		for (uint64_t max = 64; max <= length + JSON_ROOM_MOST; max++)
			for (size_t piece = 1; piece <= length + 1; piece = piece * 3 + 1) {
				char *at = pipe.out;

				open_pipe(max, "");
				for (size_t sent = 0; sent < length; sent += piece)
					send(record + sent,
					     length - sent < piece ? length - sent : piece);
				send("\n", 1);
				hold(judge(record, &at), record, max);
				assert_int_equal(*at, '\0');
				seen++;
			}
	}
	assert_true(seen > 10000);
}

static void a_record_within_max_passes_untouched(void **state)
{
	(void)state;
	open_pipe(64, "");
	send_text("{\"a\":\"0123456789012345678901234567890123456789012345678901234\"}\n");
	assert_int_equal(pipe.length, 64);
	send_text("{\"a\":1}\nplain\n{\"b\":2}\n");
	assert_int_equal(pipe.length, 64 + 22);
}

static void other_lines_are_split(void **state)
{
	(void)state;
	open_pipe(64, "~");
	send_text("0123456789012345678901234567890123456789012345678901234567890123456789\n");
	assert_out("012345678901234567890123456789012345678901234567890123456789012~\n3456789\n");
}

static void what_turns_out_to_be_no_record_is_split(void **state)
{
	(void)state;
	open_pipe(64, "");
	send_text(
		"{no record 3456789012345678901234567890123456789012345678901234567890123456789\n");
	assert_out("{no record 34567890123456789012345678901234567890123456789012345\n"
		   "67890123456789\n");
}

static void contract_1_a_mark_fits_behind_what_turns_out_to_be_no_record(void **state)
{
	static const char mark[] = "<a mark of thirty-two bytes, no?>";
	static const char *const starts[] = {"{\"a\":\"01234567890123456789012345678",
					     "{\"a\":1}                              ",
					     "                                      "};

	(void)state;
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		for (size_t n = 1; n <= strlen(starts[i]); n++) {
			open_pipe(64, mark + 1);
			send(starts[i], n);
			for (int k = 0; k < 50; k++)
				send_text("\x01");
			send_text("\n");
			size_t column = 0;

			for (size_t k = 0; k < pipe.length; k++) {
				column = pipe.out[k] == '\n' ? 0 : column + 1;
				assert_true(column <= 64);
			}
		}
}

static void what_stands_behind_a_break_is_no_record(void **state)
{
	(void)state;
	open_pipe(64, "");
	send_text("0123456789012345678901234567890123456789012345678901234567890123{\"a\":\"");
	send_text(RECORD_X100 "\"}\n{\"b\":2}\n");
	assert_null(strstr(pipe.out, "linecap"));
}

static void blanks_before_a_record_are_on_its_line(void **state)
{
	(void)state;
	open_pipe(64, "");
	send_text(" \t\r");
	send_text("{\"a\":\"012345678901234567890123456789012345678901234567890123\"}\n");
	assert_out(" \t\r{\"a\":\"0123456789012345678901234567\",\"linecap_truncated\":true}\n"
		   "{\"linecap\":{\"dropped_bytes\":28}}\n");
}

static void a_blank_behind_a_record_as_long_as_max_is_dropped(void **state)
{
	static const char record[] =
		"{\"a\":123456789012345678901234,\"b\":\"012345678901234567890123456\"}";

	(void)state;
	assert_int_equal(strlen(record), 64);
	assert_true(parses(record));
	open_pipe(64, "");
	send_text(record);
	send_text("\r\n");
	assert_memory_equal(pipe.out, record, 64);
	assert_string_equal(pipe.out + 64, "\n{\"linecap\":{\"dropped_bytes\":1}}\n");
}

static void the_line_behind_a_cut_record_is_its_own(void **state)
{
	(void)state;
	open_pipe(64, "");
	send_text("{\"a\":\"0123456789\",\"b\":\"");
	send_text("01234567890123456789012345678901234567890123456789\"}\nplain\n");
	assert_non_null(strstr(pipe.out, "\"linecap_truncated\":true}\n{\"linecap\":"));
	assert_string_equal(pipe.out + pipe.length - 7, "\nplain\n");
}

static void contract_3_another_writers_line_closes_the_record_at_hand(void **state)
{
	char *at = pipe.out;

	(void)state;
	open_pipe(64, "");
	send_text("{\"a\":\"0123456789");
	pipe.writer = 2;
	send_text("ERROR: the database is gone, and nobody knows where it is.\n");
	assert_true(parses(next_line(&at)));
	assert_string_equal(at, "ERROR: the database is gone, and nobody knows where it is.\n");
}

static void two_writers_records_are_cut_each_with_its_own_end(void **state)
{
	char *at = pipe.out;

	(void)state;
	open_pipe(64, "");
	send_text("{\"a\":[[[\"x");
	pipe.writer = 2;
	send_text("{\"b\":\"" RECORD_X100 "\"}\n");
	assert_string_equal(next_line(&at), "{\"a\":[[[\"x\"]]],\"linecap_truncated\":true}");
	assert_last_is_cut(at);
}

static void contract_3_another_writers_line_is_never_dropped_with_a_record(void **state)
{
	(void)state;
	open_pipe(64, "");
	send_text("{\"a\":\"01234567890123456789012345678901234567890123456789012345678901234567");
	pipe.writer = 2;
	send_text("ERROR\n");
	assert_string_equal(pipe.out + pipe.length - 7, "\nERROR\n");
	assert_non_null(strstr(pipe.out, "dropped_bytes"));
}

static void
contract_3_a_whole_line_noted_late_makes_no_one_the_owner_of_a_dropped_record(void **state)
{
	static const char late[] = "whole\n";
	const struct iovec iov = {(char *)(uintptr_t)late, sizeof late - 1};
	struct turn turn;

	(void)state;
	open_pipe(256, "");
	pipe.writer = 2;
	assert_true(line_enter(&pipe.account, &pipe.limits, iov.iov_len, &turn));
	assert_int_equal(take(&pipe.sink, &iov, 1), iov.iov_len);
	pipe.writer = 1;
	send_text("{\"a\":\"" RECORD_X100 RECORD_X100 RECORD_X100);
	whole_note(&pipe.limits, &pipe.account, turn, &iov, iov.iov_len, (ssize_t)iov.iov_len, 2);
	pipe.writer = 2;
	send_text("ERROR: disk\n");
	assert_non_null(strstr(pipe.out, "\nERROR: disk\n"));
}

static void contract_3_an_owner_named_late_owns_no_other_line(void **state)
{
	uint64_t name;

	(void)state;
	open_pipe(64, "");
	send_text("{\"a\":\"" RECORD_X100);
	name = line_figure(&pipe.account.owner);
	send_text("\n");
	pipe.writer = 2;
	send_text("{\"a\":\"" RECORD_X100);
	line_set(&pipe.account.owner, name);
	pipe.writer = 1;
	send_text("ERROR: disk\n");
	assert_non_null(strstr(pipe.out, "\nERROR: disk\n"));
}

static void write_a_line_between(void)
{
	pipe.writer = 2;
	send_text("a whole line of forty bytes, all of it.\n");
	pipe.writer = 1;
}

static void a_whole_line_that_comes_while_a_record_is_cut_is_not_broken(void **state)
{
	(void)state;
	open_pipe(64, "");
	write_a_line_between();
	pipe.meanwhile = write_a_line_between;
	send_text("{\"a\":\"" RECORD_X100 "\"}\n");
	assert_non_null(strstr(pipe.out + 40, "\na whole line of forty bytes, all of it.\n"));
}

static void contract_3_who_left_an_earlier_line_open_has_no_part_in_this_one(void **state)
{
	(void)state;
	open_pipe(64, "");
	pipe.writer = 2;
	send_text("{\"begun\":");
	send_text("1}\n");
	pipe.writer = 1;
	pipe.meanwhile = write_a_line_between;
	send_text("{\"a\":\"" RECORD_X100 "\"}\n");
	assert_non_null(strstr(pipe.out, "\na whole line of forty bytes, all of it.\n"));
}

static void lines_that_are_no_records_are_split_as_in_split_whoever_writes(void **state)
{
	(void)state;
	open_pipe(64, "");
	send_text("0123456789012345678901234567890123456789");
	pipe.writer = 2;
	send_text("01234567890123456789012345678901234567890123456789012345678901234567890\n");
	assert_out("0123456789012345678901234567890123456789012345678901234567890123\n"
		   "45678901234567890123456789012345678901234567890\n");
}

static void anothers_record_stands_behind_a_line_that_is_none(void **state)
{
	char *at = pipe.out;

	(void)state;
	open_pipe(64, "");
	send_text("progress: ");
	pipe.writer = 2;
	send_text(" {\"a\":\"" RECORD_X100 "\"}\n");
	assert_string_equal(next_line(&at), "progress: ");
	assert_last_is_cut(at);
}

/* Records; one in eight as deep as may be, one in eight a line that is none and within max. One in
 * four ends as on other systems. */
static void random_line(struct dice *dice, char line[LINE_MOST])
{
	size_t kind = dice_below(dice, 8);

	if (kind == 0)
		json_deep_record(line, 58 + (int)dice_below(dice, 7), (int)dice_below(dice, 3));
	else if (kind == 1)
		sprintf(line, "%.*s", (int)dice_below(dice, 60), "no {\"record\":0}" RECORD_X100);
	else
		do
			strcpy(line, json_records[dice_below(dice, RECORDS)]);
		while (!parses(line));
	if (dice_one_in(dice, 4))
		strcat(line, "\r");
}

static const char *random_stream(struct dice *dice)
{
	static char stream[OUT_MOST / 4], sent[8][LINE_MOST];
	size_t length = 0, lines = 1 + dice_below(dice, 8), done = 0;
	const char *broken = NULL;
	char *at = pipe.out;

	open_pipe(64 + dice_below(dice, dice_one_in(dice, 2) ? 80 : 600), "");
	pipe.dice = dice;
	for (size_t i = 0; i < lines; i++) {
		random_line(dice, sent[i]);
		length += (size_t)sprintf(stream + length, "%s\n", sent[i]);
	}
	while (done < length) {
		size_t n = 1 + dice_below(dice, dice_one_in(dice, 2) ? 20 : 2000);

		n = n < length - done ? n : length - done;
		send(stream + done, n);
		done += n;
	}
	for (size_t i = 0; i < lines && !broken; i++)
		broken = judge(sent[i], &at);
	if (broken)
		fprintf(stderr, "max %llu: %.*s\n", (unsigned long long)pipe.limits.max,
			(int)pipe.length, pipe.out);
	return broken ? broken : *at ? "there is more than was sent" : NULL;
}

static void random_streams_of_records_in_random_pieces_stay_json(void **state)
{
	const char *broken = dice_run(__func__, RANDOM_CASES, random_stream);

	(void)state;
	if (broken)
		fail_msg("%s", broken);
}

/* Does it stand there, whatever breaks are in it? Returns what is behind it, or NULL. */
static const char *past(const char *text, const char *in)
{
	for (; *in; in++) {
		const char *at = in, *left = text;

		for (; *left; at++)
			if (*at == *left)
				left++;
			else if (*at != '\n')
				break;
		if (!*left)
			return at;
	}
	return NULL;
}

static bool says_that_it_was_cut(const char *line)
{
	static const char end[] = "\"linecap_truncated\":true}";
	size_t n = strlen(line);

	return n >= sizeof end - 1 && !strcmp(line + n - (sizeof end - 1), end);
}

/* Does every record parse that says that it was cut, whatever the size of its numbers? */
static bool cut_records_parse(void)
{
	char *at = pipe.out;

	for (const char *line; (line = next_line(&at));) {
		json_t *cut = json_loads(line, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);

		json_decref(cut);
		if (says_that_it_was_cut(line) && !cut) {
			fprintf(stderr, "max %llu: %s\n", (unsigned long long)pipe.limits.max,
				line);
			return false;
		}
	}
	return true;
}

/* A writer's lines in pieces, and another's whole ones between them, records that are cut too. */
static const char *random_neighbours(struct dice *dice)
{
	char line[LINE_MOST + 1], other[32], record[720];
	const char *at = pipe.out;
	size_t others = 0, column = 0;

	open_pipe(64 + dice_below(dice, dice_one_in(dice, 2) ? 80 : 600), "");
	for (size_t lines = 1 + dice_below(dice, 4); lines; lines--) {
		random_line(dice, line);
		size_t length = strlen(strcat(line, "\n"));
		size_t largest = dice_one_in(dice, 2) ? 20 : 400;

		for (size_t n, done = 0; done < length; done += n) {
			n = 1 + dice_below(dice, largest);
			n = n < length - done ? n : length - done;
			pipe.writer = 1;
			send(line + done, n);
			if (!dice_one_in(dice, 4))
				continue;
			pipe.writer = 2;
			if (dice_one_in(dice, 2))
				send(record, (size_t)sprintf(record, "{\"a\":\"%0700d\"}\n", 0));
			send(other, (size_t)sprintf(other, "<other %zu>\n", ++others));
		}
	}
	for (size_t i = 1; i <= others && at; i++) {
		sprintf(other, "<other %zu>\n", i);
		at = past(other, at);
	}
	for (size_t i = 0; i < pipe.length; i++) {
		column = pipe.out[i] == '\n' ? 0 : column + 1;
		if (column > pipe.limits.max)
			at = NULL;
	}
	if (!at)
		fprintf(stderr, "max %llu: %s\n", (unsigned long long)pipe.limits.max, pipe.out);
	if (!at)
		return "another's line is lost, or a line too long";
	return cut_records_parse() ? NULL : "a record that was cut doesn't parse";
}

static void contract_3_of_lines_beside_anothers_in_pieces_none_is_lost(void **state)
{
	const char *broken = dice_run(__func__, RANDOM_CASES, random_neighbours);

	(void)state;
	if (broken)
		fail_msg("%s", broken);
}

/* Whatever the page says, each line is within max. */
static const char *lying_record(struct dice *dice)
{
	char text[600];
	size_t column = 0;

	open_pipe(64 + dice_below(dice, 100), "");
	for (int i = 0; i < 6; i++) {
		size_t n = 1 + dice_below(dice, sizeof text);

		dice_text(dice, text, n, pipe.limits.max);
		if (dice_one_in(dice, 2))
			*text = '{';
		atomic_store(&pipe.account.record[0], dice_next(dice) >> dice_below(dice, 64));
		atomic_store(&pipe.account.record[1], dice_next(dice) >> dice_below(dice, 64));
		pipe.writer = dice_below(dice, 2);
		send(text, n);
	}
	for (size_t i = 0; i < pipe.length; i++) {
		column = pipe.out[i] == '\n' ? 0 : column + 1;
		if (column > pipe.limits.max)
			return "a line over max";
	}
	return NULL;
}

static void contract_1_a_record_that_lies_makes_no_line_too_long(void **state)
{
	const char *broken = dice_run(__func__, RANDOM_CASES, lying_record);

	(void)state;
	if (broken)
		fail_msg("%s", broken);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_within_max_passes_untouched),
		cmocka_unit_test(other_lines_are_split),
		cmocka_unit_test(what_turns_out_to_be_no_record_is_split),
		cmocka_unit_test(contract_1_a_mark_fits_behind_what_turns_out_to_be_no_record),
		cmocka_unit_test(what_stands_behind_a_break_is_no_record),
		cmocka_unit_test(blanks_before_a_record_are_on_its_line),
		cmocka_unit_test(a_blank_behind_a_record_as_long_as_max_is_dropped),
		cmocka_unit_test(the_line_behind_a_cut_record_is_its_own),
		cmocka_unit_test(contract_3_another_writers_line_closes_the_record_at_hand),
		cmocka_unit_test(two_writers_records_are_cut_each_with_its_own_end),
		cmocka_unit_test(contract_3_another_writers_line_is_never_dropped_with_a_record),
		cmocka_unit_test(
			contract_3_a_whole_line_noted_late_makes_no_one_the_owner_of_a_dropped_record),
		cmocka_unit_test(contract_3_an_owner_named_late_owns_no_other_line),
		cmocka_unit_test(a_whole_line_that_comes_while_a_record_is_cut_is_not_broken),
		cmocka_unit_test(contract_3_who_left_an_earlier_line_open_has_no_part_in_this_one),
		cmocka_unit_test(lines_that_are_no_records_are_split_as_in_split_whoever_writes),
		cmocka_unit_test(anothers_record_stands_behind_a_line_that_is_none),
		cmocka_unit_test(each_record_is_cut_so_that_it_parses_at_each_max),
		cmocka_unit_test(random_streams_of_records_in_random_pieces_stay_json),
		cmocka_unit_test(contract_3_of_lines_beside_anothers_in_pieces_none_is_lost),
		cmocka_unit_test(contract_1_a_record_that_lies_makes_no_line_too_long),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	print_message("TEST_SEED=%#llx\n", (unsigned long long)dice_seed());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
