/* The reader of a container log: kubelet's rules one by one, then against a model on random logs.
 *
 * The model goes over the log's records one at a time as kubelet's ReadLogs does (k8s.io/cri-client
 * v0.37.0-beta.0, pkg/logs/logs.go), each whole in memory; it has no parser, since it knows what
 * the records were made of. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <unistd.h>

#include <cmocka.h>

#include "cri/reader.h"
#include "dice.h"

#define AT(second) "2016-10-06T00:17:0" #second ".000000000Z "

enum { RECORDS_MAX = 12, CONTENT_MAX = 140 * 1000, LOG_MAX = 400 * 1000 };

struct bytes {
	size_t n;
	char bytes[2 * LOG_MAX];
};

/* What the sink got. */
struct output {
	struct bytes streams[CRI_STREAMS];
	size_t faults;
	off_t where; /* of the last malformed line */
	char excerpt[80];
	bool refuses; /* to write */
};

static struct output output, expected;

static void append(struct bytes *to, const char *bytes, size_t n)
{
	assert_true(to->n + n <= sizeof to->bytes);
	memcpy(to->bytes + to->n, bytes, n);
	to->n += n;
}

static int collect(void *state, enum cri_stream stream, const char *bytes, size_t n)
{
	struct output *out = state;

	if (out->refuses) {
		errno = ENOSPC;
		return -1;
	}
	append(&out->streams[stream], bytes, n);
	return 0;
}

static void note_malformed(void *state, off_t where, const char *fault, const char *excerpt,
			   size_t n)
{
	struct output *out = state;

	assert_non_null(fault);
	assert_true(n < sizeof out->excerpt);
	memcpy(out->excerpt, excerpt, n);
	out->excerpt[n] = '\0';
	out->faults++;
	out->where = where;
}

static void forget(struct output *out)
{
	out->streams[CRI_STDOUT].n = out->streams[CRI_STDERR].n = out->faults = 0;
	out->refuses = false;
}

static struct cri_wanted everything(void)
{
	return (struct cri_wanted){.streams = {true, true},
				   .since = {.tv_sec = INT64_MIN},
				   .limit = UINT64_MAX,
				   .lines = UINT64_MAX};
}

static int new_file(const char *text, size_t n)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, text, n, 0), n);
	return fd;
}

static struct cri_reader *reader_of(int fd, off_t offset, struct cri_wanted wanted)
{
	static struct cri_reader reader;
	const struct cri_sink sink = {collect, note_malformed, &output};

	forget(&output);
	cri_reader_init(&reader, &wanted, &sink);
	cri_reader_open(&reader, fd, offset);
	return &reader;
}

static enum cri_outcome read_log(const char *log, struct cri_wanted wanted)
{
	int fd = new_file(log, strlen(log));
	enum cri_outcome outcome = cri_reader_run(reader_of(fd, 0, wanted));

	close(fd);
	return outcome;
}

static void assert_output(enum cri_stream stream, const char *text)
{
	const struct bytes *got = &output.streams[stream];

	if (got->n != strlen(text) || memcmp(got->bytes, text, got->n) != 0)
		fail_msg("%s: expected:\n%s\ngot:\n%.*s", cri_stream_name(stream), text,
			 (int)got->n, got->bytes);
}

static void partial_lines_are_joined_with_what_follows(void **state)
{
	(void)state;
	read_log(AT(1) "stdout P one, \n" AT(2) "stdout P two, \n" AT(3) "stdout F three\n",
		 everything());
	assert_output(CRI_STDOUT, "one, two, three\n");
	assert_int_equal(output.faults, 0);
}

static void each_stream_goes_its_own_way(void **state)
{
	struct cri_wanted wanted = everything();
	const char *log = AT(1) "stdout F out\n" AT(2) "stderr F err\n";

	(void)state;
	read_log(log, wanted);
	assert_output(CRI_STDOUT, "out\n");
	assert_output(CRI_STDERR, "err\n");
	wanted.streams[CRI_STDOUT] = false;
	read_log(log, wanted);
	assert_output(CRI_STDOUT, "");
	assert_output(CRI_STDERR, "err\n");
}

static void a_timestamp_stands_only_at_a_lines_start(void **state)
{
	struct cri_wanted wanted = everything();

	(void)state;
	wanted.timestamps = true;
	read_log(AT(1) "stdout P a\n" AT(2) "stdout F b\n" AT(3) "stdout P \n" AT(4) "stdout F c\n",
		 wanted);
	/* An empty partial line ends its line, as kubelet sees it. */
	assert_output(CRI_STDOUT, AT(1) "ab\n" AT(3) AT(4) "c\n");
	/* Nor does kubelet tell the streams apart there. */
	read_log(AT(1) "stdout P a\n" AT(2) "stderr F b\n" AT(3) "stderr F c\n", wanted);
	assert_output(CRI_STDERR, "b\n" AT(3) "c\n");
}

static void log_lines_before_since_are_left_out(void **state)
{
	struct cri_wanted wanted = everything();

	(void)state;
	wanted.since = (struct timespec){.tv_sec = 1475713022};
	read_log("2016-10-06T00:17:01.999999999Z stdout F early\n" AT(2) "stdout F just\n" AT(
			 3) "stdout F late\n",
		 wanted);
	assert_output(CRI_STDOUT, "just\nlate\n");
	wanted.since.tv_nsec = 1;
	read_log(AT(2) "stdout F early\n" AT(3) "stdout F late\n", wanted);
	assert_output(CRI_STDOUT, "late\n");
}

static void the_limit_cuts_a_line_and_counts_timestamps(void **state)
{
	const char *log = AT(1) "stdout F one\n" AT(2) "stderr F two\n" AT(3) "stdout F three\n";
	struct cri_wanted wanted = everything();

	(void)state;
	wanted.limit = 10;
	assert_int_equal(read_log(log, wanted), CRI_DONE);
	assert_output(CRI_STDOUT, "one\nth");
	wanted.streams[CRI_STDERR] = false;
	read_log(log, wanted);
	assert_output(CRI_STDOUT, "one\nthree\n");
	wanted.timestamps = true;
	read_log(log, wanted);
	assert_output(CRI_STDOUT, "2016-10-06");
	wanted.limit = 0;
	assert_int_equal(read_log(log, wanted), CRI_DONE);
	assert_output(CRI_STDOUT, "");
}

static void a_malformed_line_is_reported_and_skipped(void **state)
{
	const char *log = AT(1) "stdout F one\nnonsense\n" AT(2) "stdout F two\n";

	(void)state;
	assert_int_equal(read_log(log, everything()), CRI_GO_ON);
	assert_output(CRI_STDOUT, "one\ntwo\n");
	assert_int_equal(output.faults, 1);
	assert_int_equal(output.where, strstr(log, "nonsense") - log);
	assert_string_equal(output.excerpt, "nonsense");
}

static void a_file_that_begins_malformed_is_no_log(void **state)
{
	(void)state;
	assert_int_equal(read_log("nonsense\n" AT(1) "stdout F one\n", everything()), CRI_NO_LOG);
	assert_output(CRI_STDOUT, "");
	assert_int_equal(output.faults, 1);
}

static void a_last_line_without_newline_goes_out_as_it_is(void **state)
{
	(void)state;
	read_log(AT(1) "stdout F one\n" AT(2) "stdout F tw", everything());
	assert_output(CRI_STDOUT, "one\ntw");
}

static void a_followed_line_waits_for_its_newline(void **state)
{
	static char long_line[3 * sizeof((struct cri_reader *)0)->buffer];
	struct cri_wanted wanted = everything();
	int fd = new_file(AT(1) "stdout F ", strlen(AT(1) "stdout F "));
	struct cri_reader *reader;
	off_t end = (off_t)strlen(AT(1) "stdout F ");

	(void)state;
	wanted.follow = true;
	reader = reader_of(fd, 0, wanted);
	memset(long_line, 'x', sizeof long_line);
	for (size_t part = 0; part < 3; part++) {
		assert_int_equal(cri_reader_run(reader), CRI_GO_ON);
		assert_output(CRI_STDOUT, "");
		assert_int_equal(pwrite(fd, long_line, sizeof long_line, end), sizeof long_line);
		end += (off_t)sizeof long_line;
	}
	assert_int_equal(cri_reader_run(reader), CRI_GO_ON);
	assert_output(CRI_STDOUT, "");
	assert_int_equal(pwrite(fd, "\n", 1, end), 1);
	assert_int_equal(cri_reader_run(reader), CRI_GO_ON);
	assert_int_equal(output.streams[CRI_STDOUT].n, 3 * sizeof long_line + 1);
	assert_int_equal(cri_reader_run(reader), CRI_GO_ON);
	assert_int_equal(output.streams[CRI_STDOUT].n, 3 * sizeof long_line + 1);
	close(fd);
}

static void a_write_error_ends_it(void **state)
{
	int fd = new_file(AT(1) "stdout F one\n", strlen(AT(1) "stdout F one\n"));
	struct cri_reader *reader = reader_of(fd, 0, everything());

	(void)state;
	output.refuses = true;
	assert_int_equal(cri_reader_run(reader), CRI_WRITE_ERROR);
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void a_read_error_ends_it(void **state)
{
	(void)state;
	assert_int_equal(cri_reader_run(reader_of(-1, 0, everything())), CRI_READ_ERROR);
	assert_int_equal(errno, EBADF);
	assert_int_equal(cri_find_tail(-1, 1), -1);
}

static void the_tail_counts_ended_lines_of_the_file(void **state)
{
	static const struct {
		const char *file;
		uint64_t n;
		off_t begin;
	} rows[] = {
		{"", 0, 0},	     {"", 5, 0},	   {"a\nb\nc\n", 0, 6},
		{"a\nb\nc\n", 1, 4}, {"a\nb\nc\n", 2, 2},  {"a\nb\nc\n", 3, 0},
		{"a\nb\nc\n", 4, 0}, {"a\nb\nrest", 0, 4}, {"a\nb\nrest", 1, 2},
		{"rest", 0, 0},	     {"\n\n\n", 2, 1},	   {"a\n", UINT64_MAX, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int fd = new_file(rows[i].file, strlen(rows[i].file));

		assert_int_equal(cri_find_tail(fd, rows[i].n), rows[i].begin);
		close(fd);
	}
}

/* A random log, and what it was made of. */
struct record {
	bool malformed, partial, ended;
	enum cri_stream stream;
	struct timespec at;
	size_t begin, end; /* of all of it in the file */
	size_t content;	   /* where its content begins */
};

static struct random_log {
	size_t records, n;
	struct record record[RECORDS_MAX];
	char bytes[LOG_MAX];
} random_log;

static size_t random_length(struct dice *dice)
{
	enum { BUFFER = sizeof((struct cri_reader *)0)->buffer };

	switch (dice_below(dice, 40)) {
	case 0:
		return BUFFER - 60 + dice_below(dice, 120);
	case 1:
		return dice_below(dice, CONTENT_MAX);
	default:
		return dice_below(dice, 30);
	}
}

static void add_record(struct random_log *log, struct dice *dice)
{
	static const char *const tags[] = {"P", "P:x", "F", "F:y"};
	struct record *record = &log->record[log->records++];
	size_t tag = dice_below(dice, 4), length = random_length(dice);

	/* Two neighbours in time, so that `since` often falls on one of them. */
	*record = (struct record){.malformed = log->records > 1 && dice_one_in(dice, 8),
				  .partial = tag < 2,
				  .ended = true,
				  .stream = (enum cri_stream)dice_below(dice, CRI_STREAMS),
				  .at = {.tv_sec = 1000000000 + (time_t)dice_below(dice, 2),
					 .tv_nsec = (long)dice_below(dice, 2)},
				  .begin = log->n};
	if (!record->malformed)
		log->n += (size_t)sprintf(log->bytes + log->n,
					  "2001-09-09T01:46:4%d.00000000%ldZ %s %s ",
					  (int)(record->at.tv_sec - 1000000000), record->at.tv_nsec,
					  cri_stream_name(record->stream), tags[tag]);
	record->content = log->n;
	for (; length; length--)
		log->bytes[log->n++] = "ab \r"[dice_below(dice, 4)];
	log->bytes[log->n++] = '\n';
	record->end = log->n;
}

static void make_random_log(struct random_log *log, struct dice *dice)
{
	struct record *last;

	log->n = log->records = 0;
	for (size_t left = 1 + dice_below(dice, RECORDS_MAX); left; left--)
		if (log->n + CONTENT_MAX + 100 < sizeof log->bytes)
			add_record(log, dice);
	last = &log->record[log->records - 1];
	if (!last->malformed && dice_one_in(dice, 4)) {
		last->ended = false;
		log->n = last->end = last->content + dice_below(dice, last->end - last->content);
	}
}

/* The model's write: false when reading ends there. */
static bool model_write(struct cri_wanted *wanted, const struct record *record, const char *bytes,
			size_t n, bool at_line_start)
{
	static char text[CRI_TIME_SIZE + 1 + LOG_MAX];
	size_t length = 0;

	if (record->at.tv_sec < wanted->since.tv_sec ||
	    (record->at.tv_sec == wanted->since.tv_sec &&
	     record->at.tv_nsec < wanted->since.tv_nsec))
		return true;
	if (wanted->timestamps && at_line_start)
		length = (size_t)sprintf(text, "2001-09-09T01:46:4%d.00000000%ldZ ",
					 (int)(record->at.tv_sec - 1000000000), record->at.tv_nsec);
	memcpy(text + length, bytes, n);
	length += n;
	if (!wanted->streams[record->stream])
		return true;
	length = MIN(length, wanted->limit);
	append(&expected.streams[record->stream], text, length);
	wanted->limit -= length;
	return wanted->limit > 0;
}

/* Reads the records that lie in bytes [begin, end) of the file. */
static void model(const struct random_log *log, struct cri_wanted wanted, size_t begin, size_t end)
{
	bool at_line_start = true, known = false;

	forget(&expected);
	for (size_t i = 0; i < log->records && wanted.lines; i++) {
		const struct record *record = &log->record[i];
		size_t n = record->end - record->content - (record->partial && record->ended);

		if (record->begin < begin || record->end > end)
			continue;
		expected.faults += record->malformed;
		if (record->malformed && !known)
			return;
		if (record->malformed)
			continue;
		known = true;
		if (!model_write(&wanted, record, log->bytes + record->content, n, at_line_start))
			return;
		wanted.lines--;
		at_line_start = !n || log->bytes[record->content + n - 1] == '\n';
	}
}

static const char *compare(void)
{
	for (enum cri_stream stream = CRI_STDOUT; stream < CRI_STREAMS; stream++)
		if (output.streams[stream].n != expected.streams[stream].n ||
		    memcmp(output.streams[stream].bytes, expected.streams[stream].bytes,
			   output.streams[stream].n) != 0)
			return "a stream's bytes are not the model's";
	return output.faults == expected.faults ? NULL
						: "so many malformed lines are not the model's";
}

static struct cri_wanted random_wanted(struct dice *dice)
{
	struct cri_wanted wanted = everything();

	wanted.timestamps = dice_one_in(dice, 2);
	if (dice_one_in(dice, 3))
		wanted.streams[dice_below(dice, CRI_STREAMS)] = false;
	if (dice_one_in(dice, 3))
		wanted.since = (struct timespec){1000000000 + (time_t)dice_below(dice, 2),
						 (long)dice_below(dice, 2)};
	if (dice_one_in(dice, 3))
		wanted.limit = dice_below(dice, dice_one_in(dice, 4) ? LOG_MAX : 200);
	return wanted;
}

static const char *a_random_log_is_read_as_the_model_does(struct dice *dice)
{
	struct cri_wanted wanted = random_wanted(dice);
	off_t begin = 0;
	int fd;

	make_random_log(&random_log, dice);
	fd = new_file(random_log.bytes, random_log.n);
	if (dice_one_in(dice, 3)) {
		wanted.lines = dice_below(dice, RECORDS_MAX);
		begin = cri_find_tail(fd, wanted.lines);
	}
	cri_reader_run(reader_of(fd, begin, wanted));
	close(fd);
	model(&random_log, wanted, (size_t)begin, random_log.n);
	return compare();
}

/* The file grows part by part; after each, what is out is what the ended lines say. */
static const char *a_random_growing_log_is_followed_as_the_model_does(struct dice *dice)
{
	struct cri_wanted wanted = random_wanted(dice);
	struct cri_reader *reader;
	const char *broken = NULL;
	enum cri_outcome outcome = CRI_GO_ON;
	int fd = new_file("", 0);

	wanted.follow = true;
	make_random_log(&random_log, dice);
	reader = reader_of(fd, 0, wanted);
	for (size_t size = 0; !broken && size < random_log.n && outcome == CRI_GO_ON;) {
		size_t most = dice_one_in(dice, 2) ? 40 + random_log.n / 20 : random_log.n;
		size_t part = MIN(random_log.n - size, most), ended;

		part = 1 + dice_below(dice, part);
		assert_int_equal(pwrite(fd, random_log.bytes + size, part, (off_t)size), part);
		size += part;
		outcome = cri_reader_run(reader);
		for (ended = size; ended && random_log.bytes[ended - 1] != '\n';)
			ended--;
		model(&random_log, wanted, 0, ended);
		broken = compare();
	}
	close(fd);
	return broken;
}

static void random_logs_are_read_as_the_model_does(void **state)
{
	(void)state;
	print_message("TEST_SEED=%#llx\n", (unsigned long long)dice_seed());
	assert_null(dice_run("cri_reader, whole", 20000, a_random_log_is_read_as_the_model_does));
}

static void random_growing_logs_are_followed_as_the_model_does(void **state)
{
	(void)state;
	assert_null(dice_run("cri_reader, growing", 4000,
			     a_random_growing_log_is_followed_as_the_model_does));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partial_lines_are_joined_with_what_follows),
		cmocka_unit_test(each_stream_goes_its_own_way),
		cmocka_unit_test(a_timestamp_stands_only_at_a_lines_start),
		cmocka_unit_test(log_lines_before_since_are_left_out),
		cmocka_unit_test(the_limit_cuts_a_line_and_counts_timestamps),
		cmocka_unit_test(a_malformed_line_is_reported_and_skipped),
		cmocka_unit_test(a_file_that_begins_malformed_is_no_log),
		cmocka_unit_test(a_last_line_without_newline_goes_out_as_it_is),
		cmocka_unit_test(a_followed_line_waits_for_its_newline),
		cmocka_unit_test(a_write_error_ends_it),
		cmocka_unit_test(a_read_error_ends_it),
		cmocka_unit_test(the_tail_counts_ended_lines_of_the_file),
		cmocka_unit_test(random_logs_are_read_as_the_model_does),
		cmocka_unit_test(random_growing_logs_are_followed_as_the_model_does),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("cri_reader", tests, NULL, NULL);
}
