/* The log line format: what is written can be read, what is malformed is not let through. Facts:
 * containerd's logger.go, kubelet's logs.go (see src/cri/line.h), RFC 3339. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cri/line.h"

#define STAMP	     "2016-10-06T00:17:09.669794202Z"
#define COUNT(table) (sizeof(table) / sizeof *(table))

static void a_header_is_written_as_containerd_writes_it(void **state)
{
	char text[CRI_HEADER_SIZE];
	struct timespec at = {.tv_sec = 1475713029, .tv_nsec = 669794202};

	(void)state;
	assert_int_equal(cri_format_header(text, at, CRI_STDERR, true), strlen(STAMP " stderr P "));
	assert_string_equal(text, STAMP " stderr P ");
	cri_format_header(text, at, CRI_STDOUT, false);
	assert_string_equal(text, STAMP " stdout F ");
}

static void nanoseconds_keep_their_leading_zeros(void **state)
{
	char text[CRI_TIME_SIZE];

	(void)state;
	cri_format_time(text, (struct cri_time){.at = {.tv_sec = 0, .tv_nsec = 7}});
	assert_string_equal(text, "1970-01-01T00:00:00.000000007Z");
}

static void a_time_is_read_and_shown_with_nine_digits_in_its_own_zone(void **state)
{
	static const struct {
		const char *given, *shown;
		time_t seconds;
		long nanoseconds;
	} rows[] = {
		{STAMP, STAMP, 1475713029, 669794202},
		{"2016-10-06T00:17:09Z", "2016-10-06T00:17:09.000000000Z", 1475713029, 0},
		{"2016-10-06T00:17:09.5Z", "2016-10-06T00:17:09.500000000Z", 1475713029, 500000000},
		{"2016-10-06T02:17:09.000000001+02:00", "2016-10-06T02:17:09.000000001+02:00",
		 1475713029, 1},
		{"2016-10-05T18:47:09.1-05:30", "2016-10-05T18:47:09.100000000-05:30", 1475713029,
		 100000000},
		{"2016-10-06T00:17:09+00:00", "2016-10-06T00:17:09.000000000Z", 1475713029, 0},
		{"2016-10-06T00:17:09-00:00", "2016-10-06T00:17:09.000000000Z", 1475713029, 0},
		{"2016-10-06T00:17:09.1234567899999Z", "2016-10-06T00:17:09.123456789Z", 1475713029,
		 123456789},
		{"2000-02-29T23:59:59Z", "2000-02-29T23:59:59.000000000Z", 951868799, 0},
		{"0000-01-01T00:00:00+23:59", "0000-01-01T00:00:00.000000000+23:59", -62167305540,
		 0},
		{"9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.000000000-23:59", 253402387139,
		 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[CRI_TIME_SIZE];
		struct cri_time time;

		if (!cri_parse_time(rows[i].given, strlen(rows[i].given), &time))
			fail_msg("not read: %s", rows[i].given);
		assert_int_equal(time.at.tv_sec, rows[i].seconds);
		assert_int_equal(time.at.tv_nsec, rows[i].nanoseconds);
		assert_int_equal(cri_format_time(text, time), strlen(rows[i].shown));
		assert_string_equal(text, rows[i].shown);
	}
}

static void what_is_no_rfc_3339_time_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"Z",
		"2016-10-06",
		"2016-10-06T00:17:09",
		"2016-10-06T00:17:09.Z",
		"2016-10-06T00:17:09.5",
		"2016-10-06T00:17:09,5Z",
		"2016-10-06 00:17:09Z",
		"2016-10-06t00:17:09z",
		"2016-10-06T00:17:09Zx",
		"2016-10-06T00:17:09+0200",
		"2016-10-06T00:17:09+02:0",
		"2016-10-06T00:17:09+24:00",
		"2016-10-06T00:17:09+00:60",
		"2016-10-06T00:17:09*02:00",
		"2016-10-06T24:00:00Z",
		"2016-10-06T00:60:00Z",
		"2016-12-31T23:59:60Z",
		"2016-00-06T00:17:09Z",
		"2016-13-06T00:17:09Z",
		"2016-10-00T00:17:09Z",
		"2016-10-32T00:17:09Z",
		"2015-02-29T00:17:09Z",
		"1900-02-29T00:17:09Z",
		"-016-10-06T00:17:09Z",
		" 2016-10-06T00:17:09Z",
		"20161-10-06T00:17:09Z",
	};
	struct cri_time time;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (cri_parse_time(rows[i], strlen(rows[i]), &time))
			fail_msg("read as a time: '%s'", rows[i]);
}

static void a_header_is_read_whatever_its_tags(void **state)
{
	static const struct {
		const char *line;
		enum cri_stream stream;
		bool partial;
		const char *content;
	} rows[] = {
		{STAMP " stdout F hello", CRI_STDOUT, false, "hello"},
		{STAMP " stderr P  two spaces", CRI_STDERR, true, " two spaces"},
		{STAMP " stdout F ", CRI_STDOUT, false, ""},
		{STAMP " stdout P:later ", CRI_STDOUT, true, ""},
		{STAMP " stdout F:P x", CRI_STDOUT, false, "x"},
		{STAMP " stdout PF x", CRI_STDOUT, false, "x"},
		{STAMP " stdout Q x", CRI_STDOUT, false, "x"},
		{STAMP " stdout  x", CRI_STDOUT, false, "x"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cri_header header = cri_parse_header(rows[i].line, strlen(rows[i].line));

		if (header.fault)
			fail_msg("'%s': %s", rows[i].line, header.fault);
		assert_int_equal(header.time.at.tv_nsec, 669794202);
		assert_int_equal(header.stream, rows[i].stream);
		assert_int_equal(header.partial, rows[i].partial);
		assert_string_equal(rows[i].line + header.length, rows[i].content);
	}
}

static void a_malformed_header_names_its_fault(void **state)
{
	static const struct {
		const char *line, *fault;
	} rows[] = {
		{"", "no timestamp"},
		{STAMP, "no timestamp"},
		{"yesterday stdout F x", "the timestamp is not RFC 3339"},
		{" stdout F x", "the timestamp is not RFC 3339"},
		{"{\"log\":\"x\", \"stream\":\"stdout\"}", "the timestamp is not RFC 3339"},
		{STAMP " stdout", "no stream"},
		{STAMP " stdin F x", "the stream is neither stdout nor stderr"},
		{STAMP " stdoutx F x", "the stream is neither stdout nor stderr"},
		{STAMP " std F x", "the stream is neither stdout nor stderr"},
		{STAMP "  F x", "the stream is neither stdout nor stderr"},
		{STAMP " stdout F", "no tag"},
		{STAMP " stdout ", "no tag"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cri_header header = cri_parse_header(rows[i].line, strlen(rows[i].line));

		if (!header.fault)
			fail_msg("nothing wrong with '%s'?", rows[i].line);
		assert_string_equal(header.fault, rows[i].fault);
	}
}

static void a_header_may_be_long_but_not_endless(void **state)
{
	char line[CRI_HEADER_MAX + 2];
	int n = snprintf(line, sizeof line, STAMP " stdout P:");

	(void)state;
	memset(line + n, 'x', sizeof line - (size_t)n);
	line[CRI_HEADER_MAX - 1] = ' ';
	assert_int_equal(cri_parse_header(line, sizeof line).length, CRI_HEADER_MAX);
	line[CRI_HEADER_MAX - 1] = 'x';
	line[CRI_HEADER_MAX] = ' ';
	assert_string_equal(cri_parse_header(line, sizeof line).fault, "no tag");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_written_as_containerd_writes_it),
		cmocka_unit_test(nanoseconds_keep_their_leading_zeros),
		cmocka_unit_test(a_time_is_read_and_shown_with_nine_digits_in_its_own_zone),
		cmocka_unit_test(what_is_no_rfc_3339_time_is_refused),
		cmocka_unit_test(a_header_is_read_whatever_its_tags),
		cmocka_unit_test(a_malformed_header_names_its_fault),
		cmocka_unit_test(a_header_may_be_long_but_not_endless),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("cri_line", tests, NULL, NULL);
}
