/* The runtime's logger: its rules one by one, then against a model on random streams.
 *
 * The model has the whole stream before it and follows what containerd's logger.go and Go's bufio
 * say, window by window; it shares nothing with src/cri/logger.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/param.h>

#include <cmocka.h>

#include "cri/logger.h"
#include "dice.h"

#define HEADER	    "1970-01-01T00:00:01.000000002Z stdout "
#define NO_LIMIT    0
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

enum { STREAM_MAX = 3 * 4096 + 100, TEXT_MAX = STREAM_MAX * 45 };

struct text {
	size_t n, writes;
	char bytes[TEXT_MAX];
};

static void append(struct text *text, const char *bytes, size_t n)
{
	assert_true(text->n + n <= sizeof text->bytes);
	memcpy(text->bytes + text->n, bytes, n);
	text->n += n;
}

static struct timespec fixed_time(void *state)
{
	(void)state;
	return (struct timespec){.tv_sec = 1, .tv_nsec = 2};
}

static void collect(void *state, const char *line, size_t n)
{
	struct text *text = state;

	text->writes++;
	append(text, line, n);
}

static struct cri_logger *logger_for(struct text *log, size_t max_line)
{
	static struct cri_logger logger;

	log->n = log->writes = 0;
	cri_logger_init(&logger, CRI_STDOUT, max_line,
			(struct cri_world){fixed_time, collect, log});
	return &logger;
}

static void assert_log(const struct text *log, const char *expected)
{
	if (log->n != strlen(expected) || memcmp(log->bytes, expected, log->n))
		fail_msg("expected:\n%s\ngot:\n%.*s", expected, (int)log->n, log->bytes);
}

static struct text log_text, model_text;

static void log_stream(const char *stream, size_t max_line)
{
	struct cri_logger *logger = logger_for(&log_text, max_line);

	assert_int_equal(cri_logger_take(logger, stream, strlen(stream)), 0);
	assert_int_equal(cri_logger_end(logger), 0);
	cri_logger_free(logger);
}

static void each_line_becomes_one_full_log_line(void **state)
{
	(void)state;
	log_stream("one\n\ntwo\n", NO_LIMIT);
	assert_log(&log_text, HEADER "F one\n" HEADER "F \n" HEADER "F two\n");
	assert_int_equal(log_text.writes, 3);
}

static void what_the_end_leaves_over_is_partial(void **state)
{
	(void)state;
	log_stream("one\nrest", NO_LIMIT);
	assert_log(&log_text, HEADER "F one\n" HEADER "P rest\n");
	log_stream("", NO_LIMIT);
	assert_log(&log_text, "");
}

static void a_carriage_return_goes_only_right_before_a_newline(void **state)
{
	(void)state;
	log_stream("a\r\n\r\nb\rc\n\r\r\nend\r", NO_LIMIT);
	assert_log(&log_text, HEADER "F a\n" HEADER "F \n" HEADER "F b\rc\n" HEADER "F \r\n" HEADER
				     "P end\r\n");
}

static void a_carriage_return_goes_also_across_the_window_border(void **state)
{
	(void)state;
	/* 15 bytes and \r fill the window of 16; the \n comes after it. */
	log_stream("123456789012345\r\nx\n", 16);
	assert_log(&log_text, HEADER "F 123456789012345\n" HEADER "F x\n");
	log_stream("123456789012345\rx\n", 16);
	assert_log(&log_text, HEADER "P 123456789012345\r\n" HEADER "F x\n");
}

static void a_line_over_the_limit_is_cut_there(void **state)
{
	(void)state;
	log_stream("12345678901234567890\n", 20);
	assert_log(&log_text, HEADER "F 12345678901234567890\n");
	log_stream("123456789012345678901\n", 20);
	assert_log(&log_text, HEADER "P 12345678901234567890\n" HEADER "F 1\n");
	log_stream("123456789012345678901", 20);
	assert_log(&log_text, HEADER "P 12345678901234567890\n" HEADER "P 1\n");
}

static void a_limit_below_the_smallest_window_is_kept_all_the_same(void **state)
{
	(void)state;
	log_stream("12345678901234567890\nab\n", 6);
	assert_log(&log_text, HEADER "P 123456\n" HEADER "P 789012\n" HEADER "P 345678\n" HEADER
				     "F 90\n" HEADER "F ab\n");
}

static void a_nul_byte_is_a_byte_like_any_other(void **state)
{
	struct cri_logger *logger = logger_for(&log_text, NO_LIMIT);

	(void)state;
	assert_int_equal(cri_logger_take(logger, "a\0b\n", 4), 0);
	cri_logger_free(logger);
	assert_int_equal(log_text.n, strlen(HEADER "F a_b\n"));
	assert_memory_equal(log_text.bytes, HEADER "F a\0b\n", log_text.n);
}

static void an_endless_line_is_held_and_not_a_byte_written(void **state)
{
	static const char block[8192];
	struct cri_logger *logger = logger_for(&log_text, NO_LIMIT);

	(void)state;
	for (size_t i = 1; i <= 1000; i++) {
		assert_int_equal(cri_logger_take(logger, block, sizeof block), 0);
		assert_int_equal(cri_logger_pending(logger), i * sizeof block);
	}
	assert_int_equal(log_text.writes, 0);
	cri_logger_free(logger);
}

static void a_finished_line_is_written_at_once(void **state)
{
	struct cri_logger *logger = logger_for(&log_text, NO_LIMIT);

	(void)state;
	assert_int_equal(cri_logger_take(logger, "one\ntw", 6), 0);
	assert_log(&log_text, HEADER "F one\n");
	assert_int_equal(cri_logger_pending(logger), 2);
	assert_int_equal(cri_logger_take(logger, "o\n", 2), 0);
	assert_log(&log_text, HEADER "F one\n" HEADER "F two\n");
	assert_int_equal(cri_logger_pending(logger), 0);
	cri_logger_free(logger);
}

/* The model. */
static void model_line(struct text *log, char tag, const char *content, size_t n)
{
	append(log, HEADER, strlen(HEADER));
	append(log, &tag, 1);
	append(log, " ", 1);
	append(log, content, n);
	append(log, "\n", 1);
	log->writes++;
}

static size_t model_cut(struct text *log, char *line, size_t n, size_t max_line)
{
	if (!max_line || n <= max_line)
		return n;
	model_line(log, 'P', line, max_line);
	memmove(line, line + max_line, n - max_line);
	return n - max_line;
}

static void model(struct text *log, const char *stream, size_t n, size_t max_line)
{
	static char line[STREAM_MAX];
	size_t window = max_line && max_line < 4096 ? MAX(max_line, 16) : 4096, length = 0, at = 0;

	log->n = log->writes = 0;
	for (;;) {
		size_t run = 0;
		bool newline, full;

		while (run < window && at + run < n && stream[at + run] != '\n')
			run++;
		full = run == window;
		newline = !full && at + run < n;
		if ((newline || full) && run && stream[at + run - 1] == '\r')
			run--;
		while (run && max_line && length > max_line) /* containerd panics */
			length = model_cut(log, line, length, max_line);
		memcpy(line + length, stream + at, run);
		length += run;
		at += run;
		if (!newline && !full && !length)
			return;
		length = model_cut(log, line, length, max_line);
		if (full)
			continue;
		model_line(log, newline ? 'F' : 'P', line, length);
		length = 0;
		if (!newline)
			return;
		at += stream[at] == '\r' ? 2 : 1;
	}
}

static size_t random_max_line(struct dice *dice)
{
	switch (dice_below(dice, 20)) {
	case 0:
		return NO_LIMIT;
	case 1:
		return 4096 - 20 + dice_below(dice, 40);
	case 2:
		return 1 + dice_below(dice, 16);
	default:
		return 1 + dice_below(dice, 300);
	}
}

static size_t random_stream(struct dice *dice, char *stream, size_t max_line)
{
	static const uint32_t one_in[] = {4, 10, 50, 1000, 100000};
	uint32_t newlines = UINT32_MAX / one_in[dice_below(dice, COUNT(one_in))];
	uint32_t returns = UINT32_MAX / one_in[dice_below(dice, COUNT(one_in))];
	size_t window = max_line && max_line < 4096 ? MAX(max_line, 16) : 4096;
	size_t longest = MIN(STREAM_MAX, 4 * window), n = dice_below(dice, longest);

	for (size_t i = 0; i < n; i++) {
		uint64_t bits = dice_next(dice);
		uint32_t lot = (uint32_t)(bits >> 32);

		stream[i] = lot < newlines ? '\n' : ~lot < returns ? '\r' : (char)bits;
	}
	/* Right at the window's border is where it matters. */
	if (dice_below(dice, 2))
		for (size_t i = window; i < n; i += window - dice_below(dice, 2)) {
			stream[i - 1] = "\r\rx"[dice_below(dice, 3)];
			stream[i] = "\n\nx\r"[dice_below(dice, 4)];
		}
	return n;
}

static void take_in_random_parts(struct dice *dice, struct cri_logger *logger, const char *stream,
				 size_t n)
{
	size_t largest = 1 + dice_below(dice, dice_below(dice, 2) ? 10 : 6000);

	while (n) {
		size_t part = 1 + dice_below(dice, largest);

		part = MIN(part, n);
		assert_int_equal(cri_logger_take(logger, stream, part), 0);
		stream += part;
		n -= part;
	}
	assert_int_equal(cri_logger_end(logger), 0);
}

static const char *a_random_stream_is_logged_as_the_model_does(struct dice *dice)
{
	static char stream[STREAM_MAX], fault[200];
	size_t max_line = random_max_line(dice), n = random_stream(dice, stream, max_line),
	       same = 0;
	struct cri_logger *logger = logger_for(&log_text, max_line);

	take_in_random_parts(dice, logger, stream, n);
	cri_logger_free(logger);
	model(&model_text, stream, n, max_line);
	while (same < log_text.n && same < model_text.n &&
	       log_text.bytes[same] == model_text.bytes[same])
		same++;
	if (same == log_text.n && same == model_text.n && log_text.writes == model_text.writes)
		return NULL;
	snprintf(fault, sizeof fault,
		 "%zu bytes, max_line %zu: the log has %zu bytes, the model %zu, the first %zu "
		 "alike",
		 n, max_line, log_text.n, model_text.n, same);
	return fault;
}

static void random_streams_are_logged_as_the_model_does(void **state)
{
	(void)state;
	print_message("TEST_SEED=%#llx\n", (unsigned long long)dice_seed());
	assert_null(dice_run("cri_logger", 200000, a_random_stream_is_logged_as_the_model_does));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_becomes_one_full_log_line),
		cmocka_unit_test(what_the_end_leaves_over_is_partial),
		cmocka_unit_test(a_carriage_return_goes_only_right_before_a_newline),
		cmocka_unit_test(a_carriage_return_goes_also_across_the_window_border),
		cmocka_unit_test(a_line_over_the_limit_is_cut_there),
		cmocka_unit_test(a_limit_below_the_smallest_window_is_kept_all_the_same),
		cmocka_unit_test(a_nul_byte_is_a_byte_like_any_other),
		cmocka_unit_test(an_endless_line_is_held_and_not_a_byte_written),
		cmocka_unit_test(a_finished_line_is_written_at_once),
		cmocka_unit_test(random_streams_are_logged_as_the_model_does),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("cri_logger", tests, NULL, NULL);
}
