/* Tests of the target: how it is written, what it holds, and how `stdio` is resolved. (`auto` asks
 * for PID 1, so it is tried in containers.) */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "dice.h"
#include "scratch.h"
#include "target.h"

enum { ROUND_TRIPS = 200000, GARBAGE_CASES = 200000 };

#define MOST_NUMBER "18446744073709551615"
#define MOST_PIPE   MOST_NUMBER ":" MOST_NUMBER

static void assert_round_trip(const char *text, enum target_kind kind, unsigned count)
{
	struct target target = {0};
	char back[TARGET_TEXT];

	assert_true(target_parse(&target, text));
	assert_int_equal(target.kind, kind);
	assert_int_equal(target.count, count);
	target_format(&target, back);
	assert_string_equal(back, text);
}

static void a_word_reads_and_writes_as_itself(void **state)
{
	(void)state;
	assert_round_trip("auto", TARGET_AUTO, 0);
	assert_round_trip("stdio", TARGET_STDIO, 0);
	assert_round_trip("none", TARGET_NONE, 0);
}

static void a_list_reads_and_writes_as_itself(void **state)
{
	(void)state;
	assert_round_trip("13:4711", TARGET_LIST, 1);
	assert_round_trip("0:0", TARGET_LIST, 1);
	assert_round_trip("13:1,13:2,14:3", TARGET_LIST, 3);
	assert_round_trip("1:1,1:2,1:3,1:4,1:5,1:6,1:7,1:8", TARGET_LIST, 8);
}

static void a_list_of_the_largest_numbers_just_fits(void **state)
{
	(void)state;
	assert_round_trip(MOST_PIPE "," MOST_PIPE "," MOST_PIPE "," MOST_PIPE "," MOST_PIPE
				    "," MOST_PIPE "," MOST_PIPE "," MOST_PIPE,
			  TARGET_LIST, 8);
}

static void a_list_names_each_pipe(void **state)
{
	struct target target;

	(void)state;
	assert_true(target_parse(&target, "13:4711,0014:2"));
	assert_int_equal(target.pipes[0].dev, 13);
	assert_int_equal(target.pipes[0].ino, 4711);
	assert_int_equal(target.pipes[1].dev, 14);
	assert_int_equal(target.pipes[1].ino, 2);
}

static void a_bad_list_leaves_the_target_as_it_was(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"Auto",
		"auto ",
		" auto",
		"autos",
		"stdio,none",
		"1",
		"1:",
		":",
		":1",
		"1:2,",
		",1:2",
		"1:2,,3:4",
		"1:2;3:4",
		"1:2 ",
		" 1:2",
		"1: 2",
		"1:2,3",
		"1:2,3:",
		"1:2:3",
		"-1:2",
		"+1:2",
		"1:-2",
		"0x1:2",
		"1.5:2",
		"1:2\n",
		"1:2,auto",
		"18446744073709551616:1",
		"1:18446744073709551616",
		"1:99999999999999999999999",
		"1:1,1:2,1:3,1:4,1:5,1:6,1:7,1:8,1:9",
		"1:1,1:2,1:3,1:4,1:5,1:6,1:7,1:8,",
	};
	struct target target, before;

	(void)state;
	assert_true(target_parse(&target, "1:2,3:4"));
	before = target;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (target_parse(&target, bad[i]))
			fail_msg("\"%s\"", bad[i]);
		assert_memory_equal(&target, &before, sizeof target);
	}
}

static const char *round_trip(struct dice *dice)
{
	struct target target = {.kind = TARGET_LIST, .count = 1 + (unsigned)dice_below(dice, 8)};
	struct target back = {.kind = TARGET_NONE};
	char text[TARGET_TEXT];

	for (unsigned i = 0; i < target.count; i++) {
		target.pipes[i].dev = dice_next(dice) >> dice_below(dice, 64);
		target.pipes[i].ino = dice_next(dice) >> dice_below(dice, 64);
	}
	target_format(&target, text);
	if (!target_parse(&back, text) || memcmp(&back, &target, sizeof back) != 0)
		return "a list reads as it was written";
	return NULL;
}

static void any_list_reads_as_it_was_written(void **state)
{
	(void)state;
	if (dice_run(__func__, ROUND_TRIPS, round_trip))
		fail();
}

/* What is accepted at all means what it says: it is written back but for leading zeros. */
static const char *garbage(struct dice *dice)
{
	static const char *const pieces[] = {"auto", "none", "1", "23", ":", ":", ",", "4:5", " "};
	char text[128] = "", back[TARGET_TEXT];
	struct target target;

	for (size_t n = dice_below(dice, 16); n; n--)
		strcat(text, pieces[dice_below(dice, sizeof pieces / sizeof *pieces)]);
	if (!target_parse(&target, text))
		return NULL;
	target_format(&target, back);
	return strcmp(text, back) != 0 ? "what is accepted means what it says" : NULL;
}

static void what_is_accepted_means_what_it_says(void **state)
{
	(void)state;
	if (dice_run(__func__, GARBAGE_CASES, garbage))
		fail();
}

/* ---- What a target holds. ---- */

static struct stat status_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st;
}

static struct target list_of(const struct stat *st)
{
	return (struct target){
		.kind = TARGET_LIST, .count = 2, .pipes = {{1, 1}, {st->st_dev, st->st_ino}}};
}

static bool holds_itself(int fd)
{
	struct stat st = status_of(fd);
	struct target target = list_of(&st);

	return target_holds(&target, &st);
}

static void contract_2_a_target_holds_the_pipes_that_it_names_and_no_others(void **state)
{
	int named[2], other[2];

	(void)state;
	assert_int_equal(pipe(named), 0);
	assert_int_equal(pipe(other), 0);
	struct stat st = status_of(named[1]), others = status_of(other[1]);
	struct target target = list_of(&st);

	assert_true(target_holds(&target, &st));
	assert_false(target_holds(&target, &others));
	target.count = 1;
	assert_false(target_holds(&target, &st));
	for (int i = 0; i < 2; i++) {
		close(named[i]);
		close(other[i]);
	}
}

static void a_fifo_is_known_by_its_device_too(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	struct stat st = status_of(fds[1]);
	struct target target = list_of(&st);

	st.st_dev++;
	assert_false(target_holds(&target, &st));
	close(fds[0]);
	close(fds[1]);
}

static void a_named_fifo_and_a_named_socket_are_held(void **state)
{
	char *directory = scratch_template(), path[PATH_MAX + 8];
	int sockets[2];

	(void)state;
	assert_non_null(mkdtemp(directory));
	strcat(strcpy(path, directory), "/fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	int fifo = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fifo >= 0);
	assert_true(holds_itself(fifo));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	assert_true(holds_itself(sockets[0]));
	close(fifo);
	close(sockets[0]);
	close(sockets[1]);
	unlink(path);
	rmdir(directory);
}

static void contract_2_a_file_a_terminal_and_a_device_are_never_held(void **state)
{
	char *path = scratch_template();
	int fds[] = {mkstemp(path), posix_openpt(O_RDWR | O_NOCTTY), open("/dev/null", O_RDWR),
		     open("/tmp", O_RDONLY | O_DIRECTORY)};

	(void)state;
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		assert_true(fds[i] >= 0);
		assert_false(holds_itself(fds[i]));
		close(fds[i]);
	}
	unlink(path);
}

static void what_names_no_pipe_holds_none(void **state)
{
	static const char *const words[] = {"auto", "stdio", "none"};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	struct stat st = status_of(fds[1]);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct target target;

		assert_true(target_parse(&target, words[i]));
		assert_false(target_holds(&target, &st));
	}
	close(fds[0]);
	close(fds[1]);
}

/* ---- Resolving. ---- */

/* Resolves `stdio` with these as fd 1 and 2 (-1: closed). */
static struct target resolve_with(int out, int err)
{
	struct target target = {.kind = TARGET_STDIO};
	int saved[] = {dup(1), dup(2)}, given[] = {out, err};

	for (int i = 0; i < 2; i++)
		if (given[i] < 0)
			close(i + 1);
		else
			dup2(given[i], i + 1);
	enum target_reason reason = target_resolve(&target);

	for (int i = 0; i < 2; i++) {
		dup2(saved[i], i + 1);
		close(saved[i]);
	}
	assert_int_equal(reason, TARGET_OWN_STDIO);
	return target;
}

static void assert_names(const struct target *target, unsigned i, int fd)
{
	struct stat st = status_of(fd);

	assert_int_equal(target->pipes[i].dev, st.st_dev);
	assert_int_equal(target->pipes[i].ino, st.st_ino);
}

static void stdio_is_the_pipes_behind_fd_1_and_2(void **state)
{
	int one[2], two[2];

	(void)state;
	assert_int_equal(pipe(one) | pipe(two), 0);
	struct target target = resolve_with(one[1], two[1]);

	assert_int_equal(target.kind, TARGET_LIST);
	assert_int_equal(target.count, 2);
	assert_names(&target, 0, one[1]);
	assert_names(&target, 1, two[1]);
	target = resolve_with(one[1], one[1]);
	assert_int_equal(target.count, 1);
	target = resolve_with(-1, two[1]);
	assert_int_equal(target.count, 1);
	assert_names(&target, 0, two[1]);
	for (int i = 0; i < 2; i++) {
		close(one[i]);
		close(two[i]);
	}
}

static void stdio_covers_a_stream_socket_but_no_datagrams(void **state)
{
	int stream[2], datagrams[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams), 0);
	struct target target = resolve_with(stream[0], datagrams[0]);

	assert_int_equal(target.kind, TARGET_LIST);
	assert_int_equal(target.count, 1);
	assert_names(&target, 0, stream[0]);
	for (int i = 0; i < 2; i++) {
		close(stream[i]);
		close(datagrams[i]);
	}
}

static void contract_2_stdio_is_none_where_files_or_terminals_stand(void **state)
{
	int null = open("/dev/null", O_RDWR), terminal = posix_openpt(O_RDWR | O_NOCTTY);

	(void)state;
	assert_true(null >= 0 && terminal >= 0);
	struct target target = resolve_with(null, terminal);

	assert_int_equal(target.kind, TARGET_NONE);
	assert_int_equal(target.count, 0);
	target = resolve_with(-1, -1);
	assert_int_equal(target.kind, TARGET_NONE);
	close(null);
	close(terminal);
}

static void a_list_and_none_stand_as_they_are_given(void **state)
{
	static const char *const given[] = {"none", "1:2,3:4"};

	(void)state;
	for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
		struct target target;
		char text[TARGET_TEXT];

		assert_true(target_parse(&target, given[i]));
		assert_int_equal(target_resolve(&target), TARGET_GIVEN);
		target_format(&target, text);
		assert_string_equal(text, given[i]);
	}
}

static void auto_becomes_a_list_or_none_and_can_be_handed_on(void **state)
{
	struct target target = {.kind = TARGET_AUTO}, back = {.kind = TARGET_AUTO};
	char text[TARGET_TEXT];

	(void)state;
	enum target_reason reason = target_resolve(&target);

	assert_true(reason == TARGET_OF_FIRST || reason == TARGET_EXEC ||
		    reason == TARGET_OWN_DEFAULT);
	assert_true(target.kind == TARGET_LIST ? target.count > 0 : target.kind == TARGET_NONE);
	target_format(&target, text);
	assert_true(target_parse(&back, text));
	assert_memory_equal(&back, &target, sizeof back);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_word_reads_and_writes_as_itself),
	cmocka_unit_test(a_list_reads_and_writes_as_itself),
	cmocka_unit_test(a_list_of_the_largest_numbers_just_fits),
	cmocka_unit_test(a_list_names_each_pipe),
	cmocka_unit_test(a_bad_list_leaves_the_target_as_it_was),
	cmocka_unit_test(any_list_reads_as_it_was_written),
	cmocka_unit_test(what_is_accepted_means_what_it_says),
	cmocka_unit_test(contract_2_a_target_holds_the_pipes_that_it_names_and_no_others),
	cmocka_unit_test(a_fifo_is_known_by_its_device_too),
	cmocka_unit_test(a_named_fifo_and_a_named_socket_are_held),
	cmocka_unit_test(contract_2_a_file_a_terminal_and_a_device_are_never_held),
	cmocka_unit_test(what_names_no_pipe_holds_none),
	cmocka_unit_test(stdio_is_the_pipes_behind_fd_1_and_2),
	cmocka_unit_test(stdio_covers_a_stream_socket_but_no_datagrams),
	cmocka_unit_test(contract_2_stdio_is_none_where_files_or_terminals_stand),
	cmocka_unit_test(a_list_and_none_stand_as_they_are_given),
	cmocka_unit_test(auto_becomes_a_list_or_none_and_can_be_handed_on),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	print_message("TEST_SEED=%#llx\n", (unsigned long long)dice_seed());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
