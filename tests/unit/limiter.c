/* Tests of the limiter: examples of its edges, and random cases against the naive model, in memory
 * that ends where the bytes do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "dice.h"
#include "limiter.h"
#include "naive.h"

enum { MOST = 4096, RANDOM_CASES = 1000000, TEXT_CASES = 200000, NEWLINE_CASES = 300000 };

#define X8  "abcdefgh"
#define X32 X8 X8 X8 X8
#define X60 X32 X8 X8 X8 "abcd"
#define X61 X60 "e"
#define X62 X61 "f"
#define X63 X62 "g"
#define X64 X32 X32

#define CLAIM(claim)                                                                               \
	do {                                                                                       \
		if (!(claim))                                                                      \
			return #claim;                                                             \
	} while (0)

/* A page between two that can't be read: bytes may start where it starts or end where it ends. */
static char *page;

static int map_page(void **state)
{
	char *pages = mmap(NULL, 3 * MOST, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (pages == MAP_FAILED || mprotect(pages + MOST, MOST, PROT_READ | PROT_WRITE))
		return -1;
	page = pages + MOST;
	return 0;
}

static char *at_end(const char *bytes, size_t n)
{
	return memcpy(page + MOST - n, bytes, n);
}

static struct limits limits_64(const char *mark)
{
	return limits_of(64, LIMITER_SPLIT, mark, strlen(mark));
}

static const struct row {
	const char *claim, *mark;
	uint64_t column;
	const char *bytes;
	uint64_t ahead;
	size_t run;
} rows[] = {
	{"contract_2_a_line_of_max_bytes_passes", "", 0, X64 "\n", LIMITER_OPEN, 65},
	{"contract_2_a_line_of_max_bytes_whose_newline_is_ahead_passes", "", 0, X64, 0, 64},
	{"contract_2_a_line_of_max_bytes_passes_though_a_mark_is_set", "~~", 0, X64 "\n", 0, 65},
	{"contract_2_a_line_that_ends_ahead_within_max_passes", "~~", 0, X62, 2, 62},
	{"contract_1_a_line_that_ends_ahead_beyond_max_is_cut", "~~", 0, X63, 2, 62},
	{"contract_1_a_line_of_max_plus_1_is_cut_at_max", "", 0, X64 "x\n", LIMITER_OPEN, 64},
	{"contract_1_a_line_that_goes_on_counts_from_its_column", "", 60, "abcdefgh", LIMITER_OPEN,
	 4},
	{"contract_1_a_line_at_max_is_cut_before_its_next_byte", "", 64, "x", LIMITER_OPEN, 0},
	{"contract_1_a_line_beyond_max_is_cut_at_once", "", 1000, "x\n", LIMITER_OPEN, 0},
	{"contract_1_a_mark_counts_toward_max", "~~", 0, X64 "x\n", LIMITER_OPEN, 62},
	{"contract_1_an_open_line_leaves_room_for_the_mark", "~~", 0, X63, LIMITER_OPEN, 62},
	{"an_open_line_may_fill_all_but_the_mark", "~~", 0, X62, LIMITER_OPEN, 62},
	{"an_open_line_of_max_bytes_may_wait", "", 0, X64, LIMITER_OPEN, 64},
	{"a_newline_passes_at_max", "", 64, "\n", LIMITER_OPEN, 1},
	{"a_newline_passes_beyond_max", "", 1000, "\n", LIMITER_OPEN, 1},
	{"a_cr_at_max_keeps_its_newline", "", 63, "\r\n", LIMITER_OPEN, 2},
	{"a_cr_beyond_max_is_cut_off_with_its_newline", "", 64, "\r\n", LIMITER_OPEN, 0},
	{"only_the_line_that_is_too_long_is_cut", "", 10, "a\n" X64 "\nb\n" X64 "x", 0, 69 + 64},
	{"a_line_is_cut_though_the_next_ones_are_short", "", 0, X64 "x\na\nb\n", 0, 64},
	{"a_character_is_not_cut", "", 62, "\u20ac", LIMITER_OPEN, 0},
	{"a_character_that_just_fits_passes", "", 61, "\u20ac", LIMITER_OPEN, 3},
	{"a_character_that_fits_without_the_mark_only_is_not_cut", "~", 61, "\u20ac", LIMITER_OPEN,
	 0},
	{"a_character_of_2_bytes_is_not_cut", "", 62, "a\u00e9", LIMITER_OPEN, 1},
	{"a_character_of_4_bytes_is_not_cut", "", 60, "a\U0001f600", LIMITER_OPEN, 1},
	{"half_a_character_is_judged_by_its_lead_byte", "", 60, "ab\xe2", LIMITER_OPEN, 2},
	{"a_third_of_a_character_is_judged_by_its_lead_byte", "", 60, "a\xf0\x9f", LIMITER_OPEN, 1},
	{"a_lead_byte_whose_character_fits_passes", "", 60, "\xf0", LIMITER_OPEN, 1},
	{"an_overlong_lead_is_none", "", 63, "\xc1\x80", LIMITER_OPEN, 1},
	{"a_lead_beyond_unicode_is_none", "", 63, "\xf5\x80\x80\x80", LIMITER_OPEN, 1},
	{"an_overlong_second_byte_undoes_its_lead", "", 63, "\xe0\x9f\x80", LIMITER_OPEN, 1},
	{"a_surrogates_second_byte_undoes_its_lead", "", 63, "\xed\xa0\x80", LIMITER_OPEN, 1},
	{"a_second_byte_beyond_unicode_undoes_its_lead", "", 63, "\xf4\x90\x80\x80", LIMITER_OPEN,
	 1},
	{"an_overlong_form_of_4_bytes_undoes_its_lead", "", 63, "\xf0\x8f\x80\x80", LIMITER_OPEN,
	 1},
	{"a_letter_in_third_place_undoes_a_lead", "", 62, "\xe2\x82z", LIMITER_OPEN, 2},
	{"continuation_bytes_alone_are_cut_at_max", "", 62, "\x80\x80\x80\x80\x80", LIMITER_OPEN,
	 2},
	{"a_lead_before_another_is_cut_at_max", "", 62, "\xe2\xe2\x82\xac", LIMITER_OPEN, 1},
	{"no_bytes_pass", "", 64, "", LIMITER_OPEN, 0},
};

static void row_holds(void **state)
{
	const struct row *row = *state;
	struct limits limits = limits_64(row->mark);
	size_t n = strlen(row->bytes);

	assert_int_equal(
		limiter_run(&limits, row->column, at_end(row->bytes, n), n, row->ahead).length,
		row->run);
}

static void limits_hold_the_mark_and_a_newline(void **state)
{
	struct limits limits = limits_of(100, LIMITER_TRUNCATE, X32, 32);

	(void)state;
	assert_int_equal(limits.max, 100);
	assert_int_equal(limits.open, 68);
	assert_int_equal(limits.mode, LIMITER_TRUNCATE);
	assert_int_equal(limits.break_length, 33);
	assert_memory_equal(limits.break_bytes, X32 "\n", 33);
}

static void the_largest_max_is_no_overflow(void **state)
{
	struct limits limits = limits_of(LIMITER_MAX_MOST, LIMITER_SPLIT, "", 0);

	(void)state;
	assert_int_equal(limiter_run(&limits, 0, "abc", 3, LIMITER_OPEN).length, 3);
	assert_int_equal(limiter_run(&limits, LIMITER_MAX_MOST - 1, "abc", 3, LIMITER_OPEN).length,
			 1);
	assert_int_equal(
		limiter_run(&limits, (UINT64_C(1) << 48) - 1, "abc", 3, LIMITER_OPEN).length, 0);
}

/* ---- Random cases. ---- */

static char *random_place(struct dice *dice, size_t n)
{
	switch (dice_below(dice, 3)) {
	case 0:
		return page;
	case 1:
		return page + MOST - n;
	}
	return page + dice_below(dice, MOST - n + 1);
}

static uint64_t random_ahead(struct dice *dice, uint64_t max)
{
	if (dice_one_in(dice, 2))
		return LIMITER_OPEN;
	return dice_one_in(dice, 8) ? dice_next(dice) : dice_below(dice, (size_t)max + 3);
}

static uint64_t random_column(struct dice *dice, uint64_t max)
{
	switch (dice_below(dice, 4)) {
	case 0:
		return 0;
	case 1:
		return dice_below(dice, (size_t)max);
	case 2:
		return max - 4 + dice_below(dice, 6);
	}
	return dice_one_in(dice, 4) ? dice_next(dice) >> 16 : max - 36 + dice_below(dice, 36);
}

static size_t random_length(struct dice *dice, size_t max)
{
	switch (dice_below(dice, 4)) {
	case 0:
		return dice_below(dice, 6);
	case 1:
		return max - 5 + dice_below(dice, 10);
	}
	return dice_below(dice, 3 * max);
}

static const char *random_run(struct dice *dice)
{
	uint64_t max = 64 + dice_below(dice, 17), column = random_column(dice, max);
	uint64_t ahead = random_ahead(dice, max);
	char mark[LIMITER_MARK_MOST];
	size_t mark_length = dice_mark(dice, mark), n = random_length(dice, max);
	struct limits limits = limits_of(max, LIMITER_SPLIT, mark, mark_length);
	struct naive naive = naive_of(max, LIMITER_SPLIT, mark, mark_length);
	char *bytes = random_place(dice, n), *elsewhere = random_place(dice, n);

	dice_text(dice, bytes, n, max);
	size_t run = limiter_run(&limits, column, bytes, n, ahead).length;

	CLAIM(run == naive_run(&naive, column, bytes, n, ahead));
	CLAIM(run || !n || column);
	CLAIM(limiter_column(column, bytes, n) >= limiter_column(0, bytes, n));
	memmove(elsewhere, bytes, n);
	CLAIM(run ==
	      limiter_run(&limits, column, elsewhere, n, ahead).length); /* wherever they lie */
	return NULL;
}

static void contracts_1_to_3_random_runs_end_where_the_model_says(void **state)
{
	(void)state;
	if (dice_run(__func__, RANDOM_CASES, random_run))
		fail();
}

/* Valid text in random writes: the cuts stand between characters, and pieces are filled. */
static const char *random_characters(struct dice *dice)
{
	char text[600], mark[LIMITER_MARK_MOST];
	bool starts[sizeof text + 4] = {false};
	size_t n = 0, at = 0, mark_length = dice_mark(dice, mark);
	uint64_t max = 64 + dice_below(dice, 17), column = 0;
	struct limits limits = limits_of(max, LIMITER_SPLIT, mark, mark_length);

	while (n < sizeof text - 4) {
		starts[n] = true;
		n += dice_code_point(dice, text + n);
	}
	starts[n] = true;
	while (at < n) {
		size_t left = n - at,
		       write = dice_one_in(dice, 2) ? left : 1 + dice_below(dice, left);
		size_t run =
			limiter_run(&limits, column, at_end(text + at, write), write, LIMITER_OPEN)
				.length;

		CLAIM(run || column);
		at += run;
		column += run;
		CLAIM(column + mark_length <= max);
		if (run == write)
			continue;
		CLAIM(starts[at]);
		CLAIM(column + mark_length + 2 * LIMITER_MOVE_MOST >=
		      max); /* a character, returns before */
		column = 0;
	}
	return NULL;
}

static void no_character_is_ever_cut_however_it_comes(void **state)
{
	(void)state;
	if (dice_run(__func__, TEXT_CASES, random_characters))
		fail();
}

static const char *random_newlines(struct dice *dice)
{
	size_t n = dice_below(dice, dice_one_in(dice, 8) ? MOST + 1 : 200);
	uint64_t column = dice_below(dice, 1000), expected = column;
	char *bytes = random_place(dice, n);
	const char *last = NULL;

	memset(bytes, dice_one_in(dice, 2) ? 'x' : '\n' + 0x80, n);
	for (size_t newlines = n ? dice_below(dice, 3) : 0; newlines; newlines--)
		bytes[dice_below(dice, n)] = '\n';
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n')
			last = bytes + i;
		expected = bytes[i] == '\n' ? 0 : expected + 1;
	}
	CLAIM(limiter_last_newline(bytes, n) == last);
	CLAIM(limiter_column(column, bytes, n) == expected);
	return NULL;
}

static void the_last_newline_and_the_column_are_found_wherever_they_are(void **state)
{
	(void)state;
	if (dice_run(__func__, NEWLINE_CASES, random_newlines))
		fail();
}

/* Every length, every place of a newline, every alignment. */
static void one_newline_is_found_at_each_place(void **state)
{
	(void)state;
	for (size_t n = 0; n < 150; n++) {
		char *bytes = memset(page + MOST - n, 'x', n);

		assert_null(limiter_last_newline(bytes, n));
		for (size_t i = 0; i < n; i++) {
			bytes[i] = '\n';
			assert_ptr_equal(limiter_last_newline(bytes, n), bytes + i);
			bytes[i] = 'x';
		}
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(limits_hold_the_mark_and_a_newline),
	cmocka_unit_test(the_largest_max_is_no_overflow),
	cmocka_unit_test(one_newline_is_found_at_each_place),
	cmocka_unit_test(the_last_newline_and_the_column_are_found_wherever_they_are),
	cmocka_unit_test(no_character_is_ever_cut_however_it_comes),
	cmocka_unit_test(contracts_1_to_3_random_runs_end_where_the_model_says),
};

int main(int argc, char **argv)
{
	enum { ROWS = sizeof rows / sizeof *rows };
	struct CMUnitTest all[ROWS + sizeof tests / sizeof *tests];

	for (size_t i = 0; i < ROWS; i++)
		all[i] = (struct CMUnitTest){.name = rows[i].claim,
					     .test_func = row_holds,
					     .initial_state = (void *)&rows[i]};
	memcpy(all + ROWS, tests, sizeof tests);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	print_message("TEST_SEED=%#llx\n", (unsigned long long)dice_seed());
	return cmocka_run_group_tests(all, map_page, NULL);
}
