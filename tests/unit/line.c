/* Tests of the line's protocol, step by step, as no process could be made to take the steps; the
 * whole of it is in tests/model/, and real writers are in tests/storm/. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dice.h"
#include "line.h"

enum { MAX = 16384, LYING_CASES = 200000 };

static struct limits limits;
static struct account account;

static int begin_anew(void **state)
{
	(void)state;
	limits = limits_of(MAX, LIMITER_SPLIT, "", 0);
	account = (struct account){0};
	return 0;
}

static uint64_t column(void)
{
	return line_of(line_word(&account)).column;
}

/* A writer that goes blind; what it saw. */
static struct turn enter(size_t n)
{
	struct turn turn;

	assert_true(line_fits(&limits, line_word(&account), n));
	assert_true(line_enter(&account, &limits, n, &turn));
	return turn;
}

static bool is_free(void)
{
	enum line_entry entry = line_enter_alone(&account, &limits, 1);

	if (entry != LINE_REFUSED)
		line_back_out(&account, 1);
	return entry == LINE_ENTERED;
}

static void renew(struct turn *turn, uint64_t tail)
{
	line_renew(&account, turn, &(struct line){.column = tail});
}

static void contract_1_what_a_writer_reserves_counts_before_it_writes(void **state)
{
	struct turn turn = line_begin(&account, 100);

	(void)state;
	assert_true(line_reserve(&account, &turn, 100));
	assert_int_equal(column(), 100);
	line_extend(&account, &turn, 100);
	assert_int_equal(column(), 100);
}

static void what_was_reserved_and_not_written_goes_back(void **state)
{
	struct turn turn = line_begin(&account, 100);

	(void)state;
	line_reserve(&account, &turn, 100);
	line_extend(&account, &turn, 30);
	assert_int_equal(column(), 30);
}

static void nothing_goes_back_on_a_line_that_another_has_begun(void **state)
{
	struct turn turn = line_begin(&account, 100), other;

	(void)state;
	line_reserve(&account, &turn, 100);
	other = line_begin(&account, 20);
	renew(&other, 20);
	line_extend(&account, &turn, 30);
	assert_int_equal(column(), 20);
}

static void a_reservation_fails_where_another_came_in_between(void **state)
{
	struct turn turn = line_begin(&account, 10), other = line_begin(&account, 7);

	(void)state;
	assert_true(line_reserve(&account, &other, 7));
	assert_false(line_reserve(&account, &turn, 10));
	assert_int_equal(line_of(turn.word).column, 7);
	assert_true(line_reserve(&account, &turn, 10));
	assert_int_equal(column(), 17);
}

static void contract_1_writers_that_die_blind_are_bounded_by_max(void **state)
{
	uint64_t died = 0;

	(void)state;
	for (struct turn turn; line_enter(&account, &limits, 1000, &turn); died += 1000)
		;
	assert_in_range(died, MAX - 1000, MAX);
	assert_int_equal(column(), 0); /* nobody's line is broken for it */
}

static void the_dead_are_forgotten_with_the_line_that_they_died_on(void **state)
{
	struct turn turn;

	(void)state;
	enter(1000);
	enter(2000);
	turn = enter(80);
	renew(&turn, 0);
	assert_true(is_free());
	turn = line_begin(&account, 5000);
	line_reserve(&account, &turn, 5000);
	assert_int_equal(column(), 5000);
	turn = enter(80);
	renew(&turn, 0);
	assert_int_equal(column(), 0);
}

static void contract_1_the_dead_are_not_forgotten_while_their_line_goes_on(void **state)
{
	uint64_t died = 0;

	(void)state;
	for (struct turn dead, turn;
	     line_enter(&account, &limits, 1000, &dead) && line_enter(&account, &limits, 1, &turn);
	     died += 1000) {
		line_extend(&account, &turn, 1);
		assert_in_range(died, 0, MAX);
	}
}

static void a_whole_line_alone_leaves_nothing_to_note(void **state)
{
	uint64_t word = line_word(&account);

	(void)state;
	assert_int_equal(line_enter_alone(&account, &limits, 80), LINE_ENTERED);
	line_leave_alone(&account, 80);
	assert_int_equal(line_word(&account), word);
	assert_true(is_free());
	assert_int_equal(line_bytes(&account), 80);
	assert_int_equal(account.lines, 1);
}

static void nobody_enters_alone_beside_another_or_on_a_line_that_has_begun(void **state)
{
	struct turn turn = enter(10);

	(void)state;
	assert_int_equal(line_enter_alone(&account, &limits, 80), LINE_CROWDED);
	line_back_out(&account, 80);
	line_extend(&account, &turn, 10);
	assert_int_equal(line_enter_alone(&account, &limits, 80), LINE_REFUSED);
	assert_int_equal(line_enter_alone(&account, &limits, 0), LINE_REFUSED);
}

/* A live writer's bytes were taken for a dead one's: it only costs others a look. */
static void a_writer_forgotten_in_its_flight_is_forgiven(void **state)
{
	struct turn turn;

	(void)state;
	assert_int_equal(line_enter_alone(&account, &limits, 80), LINE_ENTERED);
	turn = enter(20);
	renew(&turn, 0);
	line_leave_alone(&account, 80);
	turn = line_begin(&account, 80);
	renew(&turn, 0);
	assert_true(is_free());
	assert_int_equal(column(), 0);
}

static void what_others_add_behind_the_newline_stays(void **state)
{
	struct turn turn = enter(80), other = enter(7);

	(void)state;
	line_extend(&account, &other, 7);
	renew(&turn, 3);
	assert_int_equal(column(), 3 + 7);
}

/* Two writers whose turns always overlap, each with a tail: no tail is ever added to another. */
static void contract_2_tails_side_by_side_never_add_up(void **state)
{
	struct turn turns[2] = {enter(4096), {0}};

	(void)state;
	for (int i = 1; i < 1000; i++) {
		turns[i % 2] = enter(4096);
		renew(&turns[(i + 1) % 2], (uint64_t)(i * 37 % 1500));
		assert_in_range(column(), 0, 1500);
	}
}

/* An open writer among two that overlap and end lines: what it adds is forgotten with its line. */
static void contract_2_pieces_among_overlapping_lines_never_add_up(void **state)
{
	struct turn turns[2] = {enter(100), {0}};

	(void)state;
	for (int i = 1; i < 1000; i++) {
		struct turn piece = enter(50);

		line_extend(&account, &piece, 50);
		turns[i % 2] = enter(100);
		renew(&turns[(i + 1) % 2], 0);
		assert_in_range(column(), 0, 1000);
	}
}

static void a_closed_word_fits_nothing(void **state)
{
	(void)state;
	assert_false(line_fits(&limits, LINE_CLOSED, 0));
}

static void a_line_that_another_drops_is_still_dropped_when_this_one_ends(void **state)
{
	struct turn turn = enter(80), other = line_begin(&account, 9);

	(void)state;
	line_renew(&account, &other, &(struct line){.dropping = true});
	renew(&turn, 0);
	assert_true(line_of(line_word(&account)).dropping);
}

/* Whatever the words hold, each step comes to an end, and a column stays one. */
static const char *lying_words(struct dice *dice)
{
	atomic_store(&account.word, dice_next(dice) >> dice_below(dice, 64));
	atomic_store(&account.flight, dice_next(dice) >> dice_below(dice, 64));
	size_t n = dice_below(dice, 70000);
	struct turn turn = line_begin(&account, n), blind;

	if (!line_enter(&account, &limits, n % 65536, &blind))
		blind = line_turn_alone(&account, n % 65536);
	while (!line_reserve(&account, &turn, n))
		;
	if (dice_one_in(dice, 2))
		line_extend(&account, &turn, dice_below(dice, n + 1));
	else
		renew(&turn, n);
	if (dice_one_in(dice, 2))
		line_extend(&account, &blind, n % 65536);
	else
		renew(&blind, 0);
	return column() <= UINT32_MAX ? NULL : "a column beyond its bits";
}

static void contract_5_words_that_lie_hold_nobody_up(void **state)
{
	const char *broken = dice_run(__func__, LYING_CASES, lying_words);

	(void)state;
	if (broken)
		fail_msg("%s", broken);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup(name, begin_anew)
	const struct CMUnitTest tests[] = {
		TEST(contract_1_what_a_writer_reserves_counts_before_it_writes),
		TEST(what_was_reserved_and_not_written_goes_back),
		TEST(nothing_goes_back_on_a_line_that_another_has_begun),
		TEST(a_reservation_fails_where_another_came_in_between),
		TEST(contract_1_writers_that_die_blind_are_bounded_by_max),
		TEST(the_dead_are_forgotten_with_the_line_that_they_died_on),
		TEST(contract_1_the_dead_are_not_forgotten_while_their_line_goes_on),
		TEST(a_whole_line_alone_leaves_nothing_to_note),
		TEST(nobody_enters_alone_beside_another_or_on_a_line_that_has_begun),
		TEST(a_writer_forgotten_in_its_flight_is_forgiven),
		TEST(what_others_add_behind_the_newline_stays),
		TEST(contract_2_tails_side_by_side_never_add_up),
		TEST(contract_2_pieces_among_overlapping_lines_never_add_up),
		TEST(a_closed_word_fits_nothing),
		TEST(a_line_that_another_drops_is_still_dropped_when_this_one_ends),
		TEST(contract_5_words_that_lie_hold_nobody_up),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
