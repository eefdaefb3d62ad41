/* Tests of the emitter: examples, a fault at each byte of each call in turn, and random cases, all
 * watched by the naive model (naive.h, trial.h). */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dice.h"
#include "emitter.h"
#include "trial.h"

#define X8  "abcdefgh"
#define X16 X8 X8
#define X32 X16 X16
#define X48 X32 X16
#define X56 X48 X8
#define X60 X56 "abcd"
#define X62 X60 "ef"
#define X63 X62 "g"
#define X64 X56 X8

#define COLUMN(account) line_of(line_word(&(account))).column

/* An account whose line has come to a column: by a write, as any other. */
static struct account account_at(size_t column)
{
	struct account account = {0};
	struct turn turn = line_begin(&account, column);

	line_extend(&account, &turn, column);
	return account;
}

/* n bytes of iov pass as they are. */
static void pass(struct account *account, const struct iovec *iov, size_t n)
{
	whole_note(&(struct limits){0}, account, line_begin(account, n), iov, n, (ssize_t)n, 0);
}

enum { WRITES = 6, RANDOM_CASES = 600000, LYING_CASES = 400000, RACES = 20000 };

static struct trial trial;

static void hold(const char *broken)
{
	if (broken)
		fail_msg("%s", broken);
}

static struct iovec iovec_of(const char *text)
{
	return (struct iovec){.iov_base = (char *)text, .iov_len = strlen(text)};
}

static ssize_t accept_all(void *context, size_t offered)
{
	(void)context;
	return (ssize_t)offered;
}

/* ---- Examples: the sink takes all, max is 64. ---- */

struct example {
	const char *claim;
	enum limiter_mode mode;
	enum emitter_first first;
	const char *mark, *writes[WRITES], *out;
};

static const struct example examples[] = {
	{"contract_2_a_line_of_max_bytes_passes", 0, 0, "", {X64 "\n"}, X64 "\n"},
	{"contract_2_lines_within_max_pass", 0, 0, "", {"a\n\n" X64 "\nb\n"}, "a\n\n" X64 "\nb\n"},
	{"contract_2_a_line_of_max_bytes_passes_though_a_mark_is_set",
	 0,
	 0,
	 "~~",
	 {X64 "\n"},
	 X64 "\n"},
	{"contract_1_a_line_of_max_plus_1_is_broken_at_max", 0, 0, "", {X64 "x\n"}, X64 "\nx\n"},
	{"contract_1_a_line_is_broken_each_max_bytes",
	 0,
	 0,
	 "",
	 {X64 X64 X64 X8},
	 X64 "\n" X64 "\n" X64 "\n" X8},
	{"an_open_line_of_max_bytes_waits_for_its_newline", 0, 0, "", {X64, "\n"}, X64 "\n"},
	{"an_open_line_of_max_bytes_is_broken_by_the_next_one",
	 0,
	 0,
	 "",
	 {X64, "x", "\n"},
	 X64 "\nx\n"},
	{"writes_of_few_bytes_add_up", 0, 0, "", {X32, X16, X8, X8, "x", "y"}, X64 "\nxy"},
	{"a_mark_counts_toward_max", 0, 0, "~~", {X64 "x\n"}, X62 "~~\nghx\n"},
	{"an_open_line_leaves_room_for_the_mark", 0, 0, "~~", {X64, "\n"}, X62 "~~\ngh\n"},
	{"a_mark_of_32_bytes_leaves_half_of_64", 0, 0, X32, {X64 "x"}, X32 X32 "\n" X32 X32 "\nx"},
	{"a_cut_never_stands_between_cr_and_nl", 0, 0, "", {X63 "\r\n"}, X63 "\r\n"},
	{"a_cr_beyond_max_takes_its_nl_along", 0, 0, "", {X64 "\r\n"}, X64 "\n\r\n"},
	{"a_cr_at_max_goes_with_what_may_follow", 0, 0, "", {X63 "\r", "\n"}, X63 "\n\r\n"},
	{"a_cut_does_not_stand_behind_a_cr", 0, 0, "", {X63 "\rab\n"}, X63 "\n\rab\n"},
	{"a_cut_behind_four_crs_stays", 0, 0, "", {X60 "\r\r\r\rab\n"}, X60 "\r\r\r\r\nab\n"},
	{"with_a_mark_a_cut_may_stand_behind_a_cr", 0, 0, "~", {X62 "\rab\n"}, X62 "\r~\nab\n"},
	{"a_character_is_not_cut", 0, 0, "", {X62 "\u20ac" X8 "\n"}, X62 "\n\u20ac" X8 "\n"},
	{"a_character_of_4_bytes_is_not_cut",
	 0,
	 0,
	 "",
	 {X63 "\U0001f600" X8},
	 X63 "\n\U0001f600" X8},
	{"a_character_that_just_fits_stays",
	 0,
	 0,
	 "",
	 {X60 "\U0001f600" X8},
	 X60 "\U0001f600\n" X8},
	{"a_character_in_two_writes_is_judged_by_its_lead_byte",
	 0,
	 0,
	 "",
	 {X62 "\xe2", "\x82\xac\n"},
	 X62 "\n\u20ac\n"},
	{"a_character_in_four_writes_is_judged_by_its_lead_byte",
	 0,
	 0,
	 "",
	 {X62, "\xf0", "\x9f", "\x98", "\x80\n"},
	 X62 "\n\U0001f600\n"},
	{"bytes_that_only_look_like_a_lead_are_cut_at_max",
	 0,
	 0,
	 "",
	 {X63 "\xe2(\xa1"},
	 X63 "\xe2\n(\xa1"},
	{"an_overlong_form_is_cut_at_max", 0, 0, "", {X63 "\xe0\x80\x80"}, X63 "\xe0\n\x80\x80"},
	{"a_surrogate_is_cut_at_max", 0, 0, "", {X63 "\xed\xa0\x80"}, X63 "\xed\n\xa0\x80"},
	{"what_is_beyond_unicode_is_cut_at_max",
	 0,
	 0,
	 "",
	 {X63 "\xf4\x90\x80\x80"},
	 X63 "\xf4\n\x90\x80\x80"},
	{"lone_continuation_bytes_are_cut_at_max",
	 0,
	 0,
	 "",
	 {X62 "\x80\x80\x80\x80"},
	 X62 "\x80\x80\n\x80\x80"},
	{"a_whole_line_goes_on_a_line_of_its_own",
	 0,
	 EMITTER_FIRST_WHOLE,
	 "",
	 {"abc", X62 "\n"},
	 "abc\n" X62 "\n"},
	{"a_whole_line_is_cut_where_that_is_asked_for",
	 0,
	 EMITTER_FIRST_CUT,
	 "",
	 {"abcd", X62 "\n"},
	 "abcd" X60 "\nef\n"},
	{"a_whole_line_that_fits_stays_where_it_is",
	 0,
	 EMITTER_FIRST_WHOLE,
	 "",
	 {"ab", X62 "\n"},
	 "ab" X62 "\n"},
	{"an_open_line_gets_no_line_of_its_own",
	 0,
	 EMITTER_FIRST_WHOLE,
	 "",
	 {"abcd", X62},
	 "abcd" X60 "\nef"},
	{"a_line_over_max_gets_no_line_of_its_own",
	 0,
	 EMITTER_FIRST_WHOLE,
	 "",
	 {"abcd", X64 "x\n"},
	 "abcd" X60 "\nefghx\n"},
	{"a_characters_second_half_gets_no_line_of_its_own",
	 0,
	 EMITTER_FIRST_WHOLE,
	 "",
	 {X60 "\xe2", "\x82\xac" X8 "\n"},
	 X60 "\u20aca\nbcdefgh\n"},
	{"truncate_drops_the_rest_and_says_how_much",
	 LIMITER_TRUNCATE,
	 0,
	 "",
	 {X64 "xyz\nab\n"},
	 X64 "\n[linecap: 3 bytes dropped]\nab\n"},
	{"truncate_counts_over_several_writes",
	 LIMITER_TRUNCATE,
	 0,
	 "",
	 {X64, X8, X8, "x", "\n", "y\n"},
	 X64 "\n[linecap: 17 bytes dropped]\ny\n"},
	{"truncate_passes_a_line_of_max_bytes", LIMITER_TRUNCATE, 0, "", {X64 "\n"}, X64 "\n"},
	{"truncate_ends_what_it_keeps_with_the_mark",
	 LIMITER_TRUNCATE,
	 0,
	 "...",
	 {X64 X8 "\n"},
	 X60 "e...\n[linecap: 11 bytes dropped]\n"},
	{"truncate_drops_in_one_line_after_the_other",
	 LIMITER_TRUNCATE,
	 0,
	 "",
	 {X64 "x\n" X64 "\n" X64 "yz\n"},
	 X64 "\n[linecap: 1 bytes dropped]\n" X64 "\n" X64 "\n[linecap: 2 bytes dropped]\n"},
};

static void example_holds(void **state)
{
	const struct example *example = *state;

	trial_begin(&trial, 64, example->mode, example->mark, strlen(example->mark));
	trial.accepts = accept_all;
	for (int i = 0; i < WRITES && example->writes[i]; i++) {
		struct iovec iov = iovec_of(example->writes[i]);

		hold(trial_write(&trial, &iov, 1, example->first, TRIAL_AS_HOOK));
	}
	assert_int_equal(trial.out_length, strlen(example->out));
	assert_memory_equal(trial.out, example->out, trial.out_length);
	hold(trial_verdict(&trial));
}

/* ---- Sinks that do as they are told. ---- */

/* Call number `call` (from 0) takes `taken` bytes; where that is 0, it fails. If it took some, the
 * next one fails. Then `dribbles` calls take a byte each. error 0: no call fails. */
struct fault {
	size_t call, taken, dribbles;
	int error;
	size_t calls;
	bool reached;
};

static ssize_t accept_but_for_fault(void *context, size_t offered)
{
	struct fault *fault = context;
	size_t call = fault->calls++;

	if (call == fault->call)
		fault->reached = fault->taken < offered;
	if (!fault->reached)
		return (ssize_t)offered;
	if (call == fault->call)
		return fault->taken ? (ssize_t)fault->taken : -fault->error;
	size_t since = call - fault->call;

	if (fault->error && fault->taken && since == 1)
		return -fault->error;
	return since <= fault->dribbles + 1 ? 1 : (ssize_t)offered;
}

static void begin_with_fault(enum limiter_mode mode, const char *mark, struct fault *fault)
{
	trial_begin(&trial, 64, mode, mark, strlen(mark));
	trial.accepts = accept_but_for_fault;
	trial.context = fault;
}

static ssize_t call(const char *text)
{
	struct iovec iov = iovec_of(text);

	hold(trial_call(&trial, &iov, 1, EMITTER_FIRST_CUT, TRIAL_AS_HOOK));
	return trial.result;
}

static void assert_out(const char *out)
{
	assert_int_equal(trial.out_length, strlen(out));
	assert_memory_equal(trial.out, out, strlen(out));
}

static void contract_3_a_break_cut_short_is_finished_first(void **state)
{
	struct fault fault = {.taken = 62};

	(void)state;
	begin_with_fault(LIMITER_SPLIT, "~~~~", &fault);
	assert_int_equal(call(X60 X8 "\n"), 60);
	assert_out(X60 "~~");
	fault.reached = false;
	assert_int_equal(call("efghabcdefgh\n"), 13);
	assert_out(X60 "~~~~\nefghabcdefgh\n");
	assert_int_equal(trial.sink_calls, 2); /* in one go with what follows */
}

static void contract_3_a_break_is_finished_even_by_an_empty_write(void **state)
{
	struct fault fault = {.taken = 62};

	(void)state;
	begin_with_fault(LIMITER_SPLIT, "~~~~", &fault);
	assert_int_equal(call(X60 X8 "\n"), 60);
	fault.reached = false;
	assert_int_equal(call(""), 0);
	assert_out(X60 "~~~~\n");
}

static void contract_4_break_bytes_alone_are_no_answer(void **state)
{
	struct fault fault = {.taken = 61, .dribbles = 2};

	(void)state;
	begin_with_fault(LIMITER_SPLIT, "~~~~", &fault);
	assert_int_equal(call(X60 X8 "\n"), 60);
	assert_int_equal(call("efgh\n"), -1);
	assert_int_equal(trial.error, TRIAL_STALLED);
	assert_out(X60 "~~");
}

static void contract_4_a_failure_after_the_first_byte_is_a_short_count(void **state)
{
	static char text[4096];
	struct fault fault = {.call = 1, .error = EAGAIN};
	struct iovec iov = {text, sizeof text};

	(void)state;
	memset(text, 'x', sizeof text);
	begin_with_fault(LIMITER_SPLIT, "", &fault);
	hold(trial_call(&trial, &iov, 1, EMITTER_FIRST_CUT, TRIAL_AS_HOOK));
	assert_true(fault.reached);
	assert_int_equal(trial.result, SINK_IOVECS / 2 * 64);
}

static void contract_2_a_failure_before_the_first_byte_is_the_sinks(void **state)
{
	static const int errors[] = {EAGAIN, EINTR, EPIPE, ENOSPC, EBADF};

	(void)state;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct fault fault = {.error = errors[i]};

		begin_with_fault(LIMITER_SPLIT, "", &fault);
		assert_int_equal(call(X64 X8 "\n"), -1);
		assert_int_equal(trial.error, errors[i]);
	}
}

static void contract_4_a_report_stands_for_the_callers_newline(void **state)
{
	struct fault fault = {.call = 1, .taken = 3};

	(void)state;
	begin_with_fault(LIMITER_TRUNCATE, "", &fault);
	assert_int_equal(call(X64 "xyz\nab\n"), 68);
	assert_out(X64 "\n[li");
	fault.reached = false;
	assert_int_equal(call("ab\n"), 3);
	assert_out(X64 "\n[linecap: 3 bytes dropped]\nab\n");
}

static void an_endless_line_goes_out_in_full_batches(void **state)
{
	static char text[64 * 128];
	struct iovec iov = {text, sizeof text};

	(void)state;
	memset(text, 'x', sizeof text);
	trial_begin(&trial, 64, LIMITER_SPLIT, "", 0);
	trial.accepts = accept_all;
	hold(trial_write(&trial, &iov, 1, EMITTER_FIRST_CUT, TRIAL_AS_HOOK));
	assert_int_equal(trial.sink_calls, 128 * 2 / SINK_IOVECS);
}

static void contract_2_bytes_that_pass_may_come_in_any_number_of_iovecs(void **state)
{
	struct iovec iov[TRIAL_IOVECS];

	(void)state;
	for (int i = 0; i < TRIAL_IOVECS; i++)
		iov[i] = iovec_of(i % 60 ? i % 3 ? "x" : "" : "\n");
	trial_begin(&trial, 64, LIMITER_SPLIT, "", 0);
	trial.accepts = accept_all;
	hold(trial_write(&trial, iov, TRIAL_IOVECS, EMITTER_FIRST_CUT, TRIAL_AS_HOOK));
	assert_int_equal(trial.direct, 1);
	assert_int_equal(trial.sink_calls, 1);
}

static void a_break_among_many_iovecs_is_still_a_batch_of_64(void **state)
{
	struct iovec iov[TRIAL_IOVECS];

	(void)state;
	for (int i = 0; i < TRIAL_IOVECS; i++)
		iov[i] = iovec_of(i % 3 ? "x" : "");
	trial_begin(&trial, 64, LIMITER_SPLIT, "~", 1);
	trial.accepts = accept_all;
	hold(trial_write(&trial, iov, TRIAL_IOVECS, EMITTER_FIRST_CUT, TRIAL_AS_HOOK));
	hold(trial_verdict(&trial));
	assert_int_equal(trial.direct, 0);
}

/* Single bytes push the breaks, and a torn one, to each place of a batch. */
static void a_batch_is_full_at_64_wherever_its_breaks_fall(void **state)
{
	static char text[64 * 64];

	(void)state;
	memset(text, 'x', sizeof text);
	for (int ahead = 0; ahead < 140; ahead++) {
		struct fault fault = {.taken = 65};
		struct iovec iov[TRIAL_IOVECS];

		for (int i = 0; i < ahead; i++)
			iov[i] = iovec_of(i % 50 ? "y" : "\n");
		iov[ahead] = (struct iovec){text, sizeof text};
		begin_with_fault(LIMITER_SPLIT, ahead % 2 ? "~" : "", &fault);
		hold(trial_write(&trial, iov + ahead, 1, EMITTER_FIRST_CUT, TRIAL_AS_HOOK));
		hold(trial_write(&trial, iov, ahead + 1, EMITTER_FIRST_CUT, TRIAL_AS_HOOK));
		hold(trial_verdict(&trial));
	}
}

/* ---- A fault at each byte of each call of the sink. ---- */

static const struct example scripts[] = {
	{"split", 0, 0, "", {"a\n" X64 X8 "\n", X64, X62 "\u20ac", "\n\n", "x\n"}, NULL},
	{"split, mark", 0, 0, "<cut>", {X64 X64 X64, "\n" X60, X62 "\r\n", X32}, NULL},
	{"split, mark of 32", 0, 0, X32, {X64 X16 "\n", X64, "x", X64 "\n"}, NULL},
	{"split, whole lines",
	 0,
	 EMITTER_FIRST_WHOLE,
	 "~",
	 {"ab", X62 "\n", X32, X60 "\n", X64 X64},
	 NULL},
	{"truncate", 1, 0, "", {X64 "xyz\nab\n", X64, X64, "x\n\n" X64 X8 "\n" X64 X8 "\n"}, NULL},
	{"truncate, mark",
	 1,
	 0,
	 "<cut>",
	 {X64 X64, X8, "\n" X64 "\n" X60 "\n", X64 X8 "\n\n"},
	 NULL},
};

/* A write goes in three iovecs, the second of them empty. */
static const char *write_halves(const struct example *script, const char *text)
{
	struct iovec whole = iovec_of(text);
	char *bytes = whole.iov_base;
	size_t half = whole.iov_len / 2;
	struct iovec iov[] = {{bytes, half}, {NULL, 0}, {bytes + half, whole.iov_len - half}};
	const char *broken = trial_write(&trial, iov, 3, script->first, TRIAL_EMITTER_ONLY);

	return broken ? broken : trial_verdict(&trial);
}

/* At the end comes an empty write: a report cut short behind the caller's last byte is finished. */
static void run_script(const struct example *script, struct fault *fault)
{
	const char *broken = NULL;

	begin_with_fault(script->mode, script->mark, fault);
	for (int i = 0; i < WRITES && script->writes[i] && !broken; i++)
		broken = write_halves(script, script->writes[i]);
	if (!broken)
		broken = write_halves(script, "");
	if (broken)
		fail_msg("%s, call %zu, %zu taken, %zu dribbles, errno %d: %s", script->claim,
			 fault->call, fault->taken, fault->dribbles, fault->error, broken);
}

/* The fault changes nothing in what the reader sees; EPIPE only ends it. */
static void assert_same_stream(const struct example *script, const char *out, size_t length)
{
	if (trial.gone)
		assert_true(trial.out_length <= length);
	else if (script->first == EMITTER_FIRST_CUT)
		assert_int_equal(trial.out_length, length);
	if (script->first == EMITTER_FIRST_CUT)
		assert_memory_equal(trial.out, out, trial.out_length);
}

/* One kind of fault at each byte of each call; returns how many there were. A fault that isn't
 * reached is the end of that call's bytes, or of the calls. */
static size_t walk_faults(const struct example *script, struct fault kind, const char *out,
			  size_t length)
{
	size_t faults = 0;

	for (size_t number = 0;; number++)
		for (size_t taken = kind.error ? 0 : 1;; taken++, faults++) {
			struct fault fault = kind;

			fault.call = number;
			fault.taken = taken;
			run_script(script, &fault);
			if (fault.calls <= number)
				return faults;
			if (!fault.reached)
				break;
			assert_same_stream(script, out, length);
		}
}

static void contract_3_a_fault_at_each_byte_of_each_call_loses_nothing(void **state)
{
	static const int errors[] = {0, EAGAIN, EINTR, EPIPE};
	static char out[TRIAL_STREAM];

	(void)state;
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		struct fault none = {.call = SIZE_MAX};

		run_script(&scripts[i], &none);
		size_t length = trial.out_length;

		memcpy(out, trial.out, length);
		for (size_t j = 0; j < 4 * sizeof errors / sizeof *errors; j++) {
			struct fault kind = {.error = errors[j / 4], .dribbles = j % 4};

			/* Every byte was reached, or the test says nothing. */
			assert_int_equal(walk_faults(&scripts[i], kind, out, length),
					 kind.error ? length : length - none.calls);
		}
	}
}

/* ---- Random cases. ---- */

enum mood { EAGER, DRIBBLING, MOODY, BREAKING, MOODS };

struct moody {
	struct dice *dice;
	enum mood mood;
};

static ssize_t accept_by_mood(void *context, size_t offered)
{
	struct moody *moody = context;
	struct dice *dice = moody->dice;

	if (moody->mood == EAGER)
		return (ssize_t)offered;
	if (moody->mood == DRIBBLING)
		return 1;
	switch (dice_below(dice, 4)) {
	case 0:
		return (ssize_t)offered;
	case 1:
		return -(dice_one_in(dice, 2) ? EAGAIN : EINTR);
	case 2: /* near the end, where the last break is */
		return (ssize_t)(offered - (offered > 40 ? dice_below(dice, 40) : 0));
	}
	if (moody->mood == BREAKING && dice_one_in(dice, 4))
		return -EPIPE;
	return (ssize_t)(1 + dice_below(dice, offered));
}

static enum mood dice_mood(struct dice *dice)
{
	if (dice_one_in(dice, 256))
		return DRIBBLING;
	return dice_one_in(dice, 3) ? EAGER : dice_one_in(dice, 8) ? BREAKING : MOODY;
}

enum { IOVECS = 6 };

/* Buffers of the exact size, so that ASan sees a look beyond them. */
static int make_iovecs(struct dice *dice, struct iovec iov[IOVECS], size_t max)
{
	int count = dice_one_in(dice, 2) ? 1 : (int)dice_below(dice, IOVECS + 1);

	for (int i = 0; i < count; i++) {
		size_t n = 0;

		switch (dice_below(dice, 5)) {
		case 0:
			break;
		case 1:
			n = dice_below(dice, 6);
			break;
		case 2:
			n = max - 5 + dice_below(dice, 10);
			break;
		default:
			n = dice_below(dice, 2 * max);
		}
		iov[i] = (struct iovec){n ? malloc(n) : NULL, n};
		dice_text(dice, iov[i].iov_base, n, max);
	}
	return count;
}

static void free_iovecs(struct iovec iov[IOVECS], int count)
{
	for (int i = 0; i < count; i++)
		free(iov[i].iov_base);
}

static void begin_random(struct dice *dice, struct moody *moody)
{
	enum limiter_mode mode = dice_one_in(dice, 3) ? LIMITER_TRUNCATE : LIMITER_SPLIT;
	char mark[LIMITER_MARK_MOST];
	size_t length = dice_mark(dice, mark);

	trial_begin(&trial, 64 + dice_below(dice, 17), mode, mark, length);
	*moody = (struct moody){dice, dice_mood(dice)};
	trial.accepts = accept_by_mood;
	trial.context = moody;
}

static const char *random_writes(struct dice *dice)
{
	size_t writes = 1 + dice_below(dice, 5);
	const char *broken = NULL;
	struct moody moody;

	begin_random(dice, &moody);
	for (size_t i = 0; i < writes && !broken && !trial.gone; i++) {
		struct iovec iov[IOVECS];
		int count = make_iovecs(dice, iov, trial.limits.max);

		broken = trial_write(&trial, iov, count,
				     dice_one_in(dice, 2) ? EMITTER_FIRST_CUT : EMITTER_FIRST_WHOLE,
				     dice_one_in(dice, 2) ? TRIAL_AS_HOOK : TRIAL_EMITTER_ONLY);
		free_iovecs(iov, count);
	}
	return broken ? broken : trial_verdict(&trial);
}

static void contracts_1_to_4_random_writes_come_out_as_the_model_says(void **state)
{
	(void)state;
	hold(dice_run(__func__, RANDOM_CASES, random_writes));
}

/* A word of any bits, its fields biased to what they could mean. */
static uint64_t lying_word(struct dice *dice)
{
	uint64_t word = dice_next(dice);

	switch (dice_below(dice, 4)) {
	case 0:
		return word;
	case 1:
		return word >> dice_below(dice, 64);
	case 2:
		return UINT64_MAX - dice_below(dice, 200);
	}
	return dice_below(dice, 100) << LINE_COLUMN_SHIFT | (word & 7) << 61;
}

/* The whole account lies in a page that others may have written. */
static void lie(struct dice *dice, struct account *account)
{
	atomic_store(&account->word, lying_word(dice));
	atomic_store(&account->flight, dice_next(dice) >> dice_below(dice, 64));
	atomic_store(&account->before, lying_word(dice));
	atomic_store(&account->dropping, lying_word(dice));
	atomic_store(&account->owner, dice_below(dice, 2));
	atomic_store(&account->torn, dice_below(dice, 80));
	atomic_store(&account->torn_text, dice_below(dice, 4));
}

static const char *lying_words(struct dice *dice)
{
	const char *broken = NULL;
	struct moody moody;

	begin_random(dice, &moody);
	if (moody.mood == DRIBBLING)
		moody.mood = MOODY;
	for (size_t i = 0; i < 3 && !broken; i++) {
		struct iovec iov[IOVECS];
		int count = make_iovecs(dice, iov, trial.limits.max);

		if (!i || dice_one_in(dice, 2))
			lie(dice, &trial.account);
		broken = trial_lying_call(&trial, iov, count,
					  (enum emitter_first)dice_below(dice, 2));
		free_iovecs(iov, count);
	}
	return broken;
}

static void contract_3_a_word_that_lies_loses_no_byte(void **state)
{
	(void)state;
	hold(dice_run(__func__, LYING_CASES, lying_words));
}

static void contract_3_split_drops_nothing_though_another_writer_truncates(void **state)
{
	struct limits split = limits_of(64, LIMITER_SPLIT, "", 0);
	struct iovec iov = iovec_of("abc\n");

	(void)state;
	trial_begin(&trial, 64, LIMITER_SPLIT, "", 0);
	trial.accepts = accept_all;
	struct turn turn = line_begin(&trial.account, 0);

	line_renew(&trial.account, &turn, &(struct line){.dropping = true});
	assert_false(whole_passes(&split, &trial.account, line_word(&trial.account), &iov, 1));
	hold(trial_lying_call(&trial, &iov, 1, EMITTER_FIRST_CUT));
	assert_int_equal(trial.accepted, 4);
	assert_int_equal(COLUMN(trial.account), 0);
	assert_false(line_of(line_word(&trial.account)).dropping);
}

/* ---- Several writers on one word. ---- */

static void a_column_is_added_to_where_no_newline_passed(void **state)
{
	struct iovec iov[] = {iovec_of("abc"), iovec_of(""), iovec_of("defg")};
	struct account account = account_at(10);

	(void)state;
	pass(&account, iov, 7);
	assert_int_equal(COLUMN(account), 17);
	pass(&account, iov, 4);
	assert_int_equal(COLUMN(account), 21);
	pass(&account, iov, 0);
	assert_int_equal(COLUMN(account), 21);
}

static void a_column_is_stored_where_a_newline_passed(void **state)
{
	struct iovec iov[] = {iovec_of("a\nbc"), iovec_of(""), iovec_of("de\nfg")};
	struct account account = account_at(10);

	(void)state;
	pass(&account, iov, 6);
	assert_int_equal(COLUMN(account), 4);
	pass(&account, iov, 7);
	assert_int_equal(COLUMN(account), 0);
	pass(&account, iov, 9);
	assert_int_equal(COLUMN(account), 2);
	pass(&account, iov, 1);
	assert_int_equal(COLUMN(account), 3);
}

/* Another writer passes 7 bytes while a call is in the sink. */
struct beside {
	struct sink sink;
	struct account account;
};

static ssize_t writev_beside_another(const struct sink *sink, const struct iovec *iov, int count)
{
	struct beside *beside = (struct beside *)sink;
	struct iovec other = iovec_of("another");
	ssize_t n = 0;

	pass(&beside->account, &other, 7);
	for (int i = 0; i < count; i++)
		n += (ssize_t)iov[i].iov_len;
	return n;
}

static void what_another_writer_adds_meanwhile_counts(void **state)
{
	struct beside beside = {
		{.writev = writev_beside_another, .stalled = trial_stalled, .gone = steady_gone},
		account_at(10)};
	struct limits limits = limits_of(64, LIMITER_SPLIT, "", 0);
	struct iovec open = iovec_of("abc"), ended = iovec_of("abc\nd"), long_one = iovec_of(X64);

	(void)state;
	emitter_writev(&limits, &beside.account, &beside.sink, &open, 1, EMITTER_FIRST_CUT);
	assert_int_equal(COLUMN(beside.account), 20);
	emitter_writev(&limits, &beside.account, &beside.sink, &ended, 1, EMITTER_FIRST_CUT);
	assert_int_equal(COLUMN(beside.account), 8);
	emitter_writev(&limits, &beside.account, &beside.sink, &long_one, 1, EMITTER_FIRST_CUT);
	assert_int_equal(COLUMN(beside.account), 15);
}

enum { IN_FLIGHT = 40 };

/* Two writers of newline-free text: one writes while the other is in the sink. */
struct race {
	struct sink sink;
	struct limits limits;
	struct account account;
	struct dice *dice;
	bool second;
	uint64_t column, longest;
};

static void race_write(struct race *race)
{
	char text[IN_FLIGHT];
	struct iovec iov = {text, 1 + dice_below(race->dice, sizeof text)};

	memset(text, 'x', sizeof text);
	emitter_writev(&race->limits, &race->account, &race->sink, &iov, 1, EMITTER_FIRST_CUT);
}

static void race_in_between(struct race *race)
{
	if (race->second || dice_one_in(race->dice, 2))
		return;
	race->second = true;
	race_write(race);
	race->second = false;
}

static ssize_t race_writev(const struct sink *sink, const struct iovec *iov, int count)
{
	struct race *race = (struct race *)sink;
	ssize_t n = 0;

	race_in_between(race);
	for (int i = 0; i < count; i++)
		for (size_t j = 0; j < iov[i].iov_len; j++, n++) {
			race->column =
				((const char *)iov[i].iov_base)[j] == '\n' ? 0 : race->column + 1;
			race->longest = race->column > race->longest ? race->column : race->longest;
		}
	race_in_between(race);
	return n;
}

static const char *race_of_two(struct dice *dice)
{
	struct race race = {
		.sink = {.writev = race_writev, .stalled = trial_stalled, .gone = steady_gone},
		.limits = limits_of(64, LIMITER_SPLIT, "", 0),
		.dice = dice};

	for (int i = 0; i < 20; i++)
		race_write(&race);
	TRIAL_CLAIM(race.longest <= 64 + IN_FLIGHT);
	return NULL;
}

static void contract_1_writers_who_race_exceed_max_only_by_what_was_in_flight(void **state)
{
	(void)state;
	hold(dice_run(__func__, RACES, race_of_two));
}

/* ---- A reader that goes while bytes are dropped. ---- */

enum { ASK_EVERY = 64 * 1024 };

struct reader {
	struct sink sink; /* first: the emitter hands it back */
	bool gone, comes_back;
	size_t asked, writes, after_gone;
};

static ssize_t reader_writev(const struct sink *sink, const struct iovec *iov, int count)
{
	struct reader *reader = (struct reader *)sink;
	ssize_t n = 0;

	reader->writes++;
	if (reader->gone && !reader->comes_back) {
		errno = EPIPE;
		return -1;
	}
	for (int i = 0; i < count; i++)
		n += (ssize_t)iov[i].iov_len;
	return n;
}

static bool reader_gone(const struct sink *sink)
{
	struct reader *reader = (struct reader *)sink;

	reader->asked++;
	return reader->gone;
}

static const size_t write_sizes[] = {100, 4096, 5000, ASK_EVERY, 100000, 1 << 20};

/* Writes of n bytes without a newline, until one fails or `total` bytes are done with. */
static size_t write_endless(struct reader *reader, struct account *account, size_t n, size_t total)
{
	struct limits limits = limits_of(64, LIMITER_TRUNCATE, "", 0);
	static char text[1 << 20];
	size_t done = 0;

	while (done < total) {
		struct iovec iov = {memset(text, 'x', n), n};
		ssize_t answer =
			emitter_writev(&limits, account, &reader->sink, &iov, 1, EMITTER_FIRST_CUT);

		if (answer < 0)
			return done;
		done += (size_t)answer;
	}
	return done;
}

static void truncate_asks_for_its_reader_each_64_KiB(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof write_sizes / sizeof *write_sizes; i++) {
		struct reader reader = {.sink = {.writev = reader_writev,
						 .stalled = trial_stalled,
						 .gone = reader_gone}};
		struct account account = {.word = 0};
		size_t done = write_endless(&reader, &account, write_sizes[i], 8 << 20);

		assert_true(reader.asked >= (done - 64) / ASK_EVERY);
		assert_true(reader.asked <= (done - 64) / ASK_EVERY + 1);
		assert_int_equal(reader.writes, 1);
	}
}

static void
contract_2_truncate_tells_a_writer_who_ignores_sigpipe_that_its_reader_has_gone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof write_sizes / sizeof *write_sizes; i++) {
		struct reader reader = {.sink = {.writev = reader_writev,
						 .stalled = trial_stalled,
						 .gone = reader_gone}};
		struct account account = {.word = 0};

		write_endless(&reader, &account, write_sizes[i], 1000);
		reader.gone = true;
		errno = 0;
		size_t done = write_endless(&reader, &account, write_sizes[i], 8 << 20);

		assert_int_equal(errno, EPIPE);
		assert_true(done <= ASK_EVERY);
		assert_true(reader.writes >= 2);
	}
}

static void truncate_goes_on_where_another_reader_has_come(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof write_sizes / sizeof *write_sizes; i++) {
		struct reader reader = {.sink = {.writev = reader_writev,
						 .stalled = trial_stalled,
						 .gone = reader_gone},
					.gone = true,
					.comes_back = true};
		struct account account = {.word = 0};

		assert_true(write_endless(&reader, &account, write_sizes[i], 1 << 20) >= 1 << 20);
	}
}

/* ---- Truncate, several writers. ---- */

struct one_of {
	struct sink sink;
	uint64_t writer;
	size_t takes; /* this much, once; 0: all */
	char out[512];
	size_t length;
};

static ssize_t one_of_writev(const struct sink *sink, const struct iovec *iov, int count)
{
	struct one_of *one = (struct one_of *)sink;
	size_t before = one->length;

	for (int i = 0; i < count; one->length += iov[i++].iov_len)
		memcpy(one->out + one->length, iov[i].iov_base, iov[i].iov_len);
	if (one->takes)
		one->length = before + one->takes;
	one->takes = 0;
	return (ssize_t)(one->length - before);
}

static uint64_t one_of_writer(const struct sink *sink)
{
	return ((const struct one_of *)sink)->writer;
}

static void contract_3_no_writers_line_is_dropped_for_anothers(void **state)
{
	static const struct {
		uint64_t writer;
		const char *bytes;
	} writes[] = {{1, X64 "abc"}, {1, "def"}, {2, "whole\n"}, {1, X64 "g"}, {2, "piece"},
		      {1, "h"},	      {2, "\n"},  {1, X64 X64},	  {3, "\n"},	{3, "end\n"}};
	struct limits limits = limits_of(64, LIMITER_TRUNCATE, "", 0);
	struct account account = {0};
	struct one_of one = {.sink = {.writev = one_of_writev,
				      .stalled = trial_stalled,
				      .gone = steady_gone,
				      .writer = one_of_writer}};

	(void)state;
	for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
		struct iovec iov = iovec_of(writes[i].bytes);

		one.writer = writes[i].writer;
		if (whole_pass(&limits, &account, &one.sink, &iov, 1, one.writer) == WHOLE_NEVER)
			emitter_writev(&limits, &account, &one.sink, &iov, 1, EMITTER_FIRST_WHOLE);
	}
	one.out[one.length] = '\0';
	assert_string_equal(one.out, X64 "\n[linecap: 6 bytes dropped]\nwhole\n" /* 2 came by */
			    X64 "\n[linecap: 1 bytes dropped]\npieceh\n"	 /* and again */
			    X64 "\n[linecap: 64 bytes dropped]\nend\n");	 /* 3 ended it */
}

/* A stream socket takes a part of the break before the other writer's line. */
static void contract_3_no_line_is_dropped_behind_a_torn_break(void **state)
{
	static const struct {
		enum limiter_mode mode;
		const char *begun, *closed;
	} rows[] = {{LIMITER_TRUNCATE, X32, X32 "~~~~"},
		    {LIMITER_JSON, "{\"a\":[\"" X16,
		     "{\"a\":[\"" X16 "\"],\"linecap_truncated\":true}"}};
	static const char line[] = X32 X16 "\n";

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t torn = 1; torn < strlen(rows[i].closed) + 1 - strlen(rows[i].begun);
		     torn++) {
			struct limits limits = limits_of(64, rows[i].mode, "~~~~", 4);
			struct account account = {0};
			struct iovec begun = iovec_of(rows[i].begun), whole = iovec_of(line);
			struct one_of one = {.sink = {.writev = one_of_writev,
						      .stalled = trial_stalled,
						      .gone = steady_gone,
						      .writer = one_of_writer},
					     .writer = 1};

			emitter_writev(&limits, &account, &one.sink, &begun, 1,
				       EMITTER_FIRST_WHOLE);
			one.writer = 2;
			one.takes = torn;
			assert_int_equal(emitter_writev(&limits, &account, &one.sink, &whole, 1,
							EMITTER_FIRST_WHOLE),
					 -1);
			assert_int_equal(emitter_writev(&limits, &account, &one.sink, &whole, 1,
							EMITTER_FIRST_WHOLE),
					 whole.iov_len);
			one.out[one.length] = '\0';
			assert_int_equal(strncmp(one.out, rows[i].closed, strlen(rows[i].closed)),
					 0);
			assert_string_equal(one.out + strlen(rows[i].closed), "\n" X32 X16 "\n");
		}
}

/* A writer's piece is counted on the line, but not out, or not put down as another's: it is in
 * flight, or its writer is dead. */
static void contract_3_no_byte_is_dropped_for_what_another_has_counted(void **state)
{
	static const char *const writes[] = {X32, X16, "end\n"};
	struct limits limits = limits_of(64, LIMITER_TRUNCATE, "", 0);
	struct account account = {0};
	struct one_of one = {.sink = {.writev = one_of_writev,
				      .stalled = trial_stalled,
				      .gone = steady_gone,
				      .writer = one_of_writer},
			     .writer = 1};

	(void)state;
	for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
		struct iovec iov = iovec_of(writes[i]);

		if (whole_pass(&limits, &account, &one.sink, &iov, 1, one.writer) == WHOLE_NEVER)
			emitter_writev(&limits, &account, &one.sink, &iov, 1, EMITTER_FIRST_WHOLE);
		if (!i) {
			struct turn turn = line_begin(&account, 24);

			assert_true(line_reserve(&account, &turn, 24));
		}
	}
	one.out[one.length] = '\0';
	assert_string_equal(one.out, X32 "\n" X16 "end\n");
}

/* Many pieces in one write go out in several calls of the sink. Another writer comes between the
 * first two. */
struct piecemeal {
	struct one_of one;
	struct account account;
	struct turn late;
	int calls, renewed_in;
	size_t longest;
};

enum { PIECES = 120 };

static void note_longest(struct piecemeal *piecemeal)
{
	const char *out = piecemeal->one.out;
	size_t column = 0;

	for (size_t i = 0; i < piecemeal->one.length; i++) {
		column = out[i] == '\n' ? 0 : column + 1;
		if (column > piecemeal->longest)
			piecemeal->longest = column;
	}
}

/* Another writer's newline goes out between our first two batches, and is noted some batches later.
 */
static ssize_t writev_beside_late(const struct sink *sink, const struct iovec *iov, int count)
{
	struct piecemeal *piecemeal = (struct piecemeal *)sink;
	ssize_t n = one_of_writev(sink, iov, count);

	if (!piecemeal->calls) {
		piecemeal->late = line_begin(&piecemeal->account, 1);
		piecemeal->one.out[piecemeal->one.length++] = '\n';
	}
	if (piecemeal->calls++ == piecemeal->renewed_in)
		line_renew(&piecemeal->account, &piecemeal->late, &(struct line){0});
	return n;
}

/* Another writer's piece comes between our first two batches. */
static ssize_t writev_beside_a_piece(const struct sink *sink, const struct iovec *iov, int count)
{
	struct piecemeal *piecemeal = (struct piecemeal *)sink;
	ssize_t n = one_of_writev(sink, iov, count);

	if (!piecemeal->calls++) {
		struct turn turn = line_begin(&piecemeal->account, 30);

		assert_true(line_reserve(&piecemeal->account, &turn, 30));
		memset(piecemeal->one.out + piecemeal->one.length, 'x', 30);
		piecemeal->one.length += 30;
		line_extend(&piecemeal->account, &turn, 30);
	}
	return n;
}

/* A newline-free write of `pieces` bytes, each an iovec of its own; a newline behind them. */
static void write_piecemeal(struct piecemeal *piecemeal, const struct limits *limits, int pieces)
{
	struct iovec iov[PIECES + 1];

	for (int i = 0; i < pieces; i++)
		iov[i] = iovec_of("a");
	iov[pieces] = iovec_of("\n");
	piecemeal->one.writer = 1;
	assert_int_equal(emitter_writev(limits, &piecemeal->account, &piecemeal->one.sink, iov,
					pieces + 1, EMITTER_FIRST_WHOLE),
			 pieces + 1);
}

static void contract_1_each_batch_of_a_write_counts_as_in_flight(void **state)
{
	struct limits limits = limits_of(64, LIMITER_SPLIT, "", 0);

	(void)state;
	for (int i = 1; i < 5; i++) {
		struct piecemeal piecemeal = {.one.sink = {.writev = writev_beside_late,
							   .stalled = trial_stalled,
							   .gone = steady_gone},
					      .renewed_in = i};

		write_piecemeal(&piecemeal, &limits, PIECES);
		note_longest(&piecemeal);
		assert_true(piecemeal.calls > i);
		assert_in_range(piecemeal.longest, 1, 64 + SINK_IOVECS);
	}
}

static void contract_3_no_byte_is_dropped_for_what_came_between_two_batches(void **state)
{
	struct limits limits = limits_of(64, LIMITER_TRUNCATE, "", 0);
	struct piecemeal piecemeal = {.one.sink = {.writev = writev_beside_a_piece,
						   .stalled = trial_stalled,
						   .gone = steady_gone,
						   .writer = one_of_writer}};

	(void)state;
	write_piecemeal(&piecemeal, &limits, 40);
	size_t kept = 0;

	for (size_t i = 0; i < piecemeal.one.length; i++)
		kept += piecemeal.one.out[i] == 'a';
	assert_int_equal(kept, 40);
	assert_int_equal(line_figure(&piecemeal.account.dropped), 0);
	note_longest(&piecemeal);
	assert_in_range(piecemeal.longest, 1, 64);
}

/* ---- A pipe whose last page has room for what is no whole page. ---- */

struct page {
	struct sink sink;
	const struct iovec *iov;
	bool alone; /* a byte of ours was all that went out */
};

static ssize_t page_writev(const struct sink *sink, const struct iovec *iov, int count)
{
	struct page *page = (struct page *)sink;
	const char *base = iov->iov_base, *callers = page->iov->iov_base;
	size_t n = 0;

	for (int i = 0; i < count; i++)
		n += iov[i].iov_len;
	if (n > PIPE_BUF)
		n %= PIPE_BUF;
	page->alone = page->alone || (n && n <= iov->iov_len &&
				      (base < callers || base >= callers + page->iov->iov_len));
	errno = EINTR;
	return n ? (ssize_t)n : -1;
}

static void contract_2_a_break_is_never_all_that_a_full_pipe_takes(void **state)
{
	static char text[32 * 1024];

	(void)state;
	memset(text, 'x', sizeof text);
	for (size_t max = 4000; max < 4200; max++)
		for (size_t n = PIPE_BUF + 1; n < sizeof text; n += 61) {
			struct limits limits = limits_of(max, LIMITER_SPLIT, "", 0);
			struct account account = account_at(max);
			struct iovec iov = {text, n};
			struct page page = {.sink = {.writev = page_writev,
						     .stalled = trial_stalled,
						     .gone = steady_gone},
					    .iov = &iov};

			emitter_writev(&limits, &account, &page.sink, &iov, 1, EMITTER_FIRST_WHOLE);
			assert_false(page.alone);
		}
}

/* ---- The figures. ---- */

struct blamed {
	struct sink sink;
	int times;
	char start[8];
};

static ssize_t blamed_writev(const struct sink *sink, const struct iovec *iov, int count)
{
	ssize_t n = 0;

	(void)sink;
	for (int i = 0; i < count; i++)
		n += (ssize_t)iov[i].iov_len;
	return n;
}

static void blamed_broken(const struct sink *sink, const char *bytes, size_t n)
{
	struct blamed *blamed = (struct blamed *)sink;

	blamed->times++;
	memset(blamed->start, 0, sizeof blamed->start);
	memcpy(blamed->start, bytes, n < sizeof blamed->start ? n : sizeof blamed->start - 1);
}

static void write_through(const struct limits *limits, struct account *account,
			  struct blamed *blamed, const char *text)
{
	struct iovec iov = iovec_of(text);

	if (whole_pass(limits, account, &blamed->sink, &iov, 1, 0) == WHOLE_NEVER)
		emitter_writev(limits, account, &blamed->sink, &iov, 1, EMITTER_FIRST_CUT);
}

#define BLAMED                                                                                     \
	{                                                                                          \
		.sink = {                                                                          \
			.writev = blamed_writev,                                                   \
			.stalled = trial_stalled,                                                  \
			.gone = steady_gone,                                                       \
			.broken = blamed_broken                                                    \
		}                                                                                  \
	}

static void a_broken_line_is_counted_once_and_in_its_full_length(void **state)
{
	struct limits limits = limits_of(64, LIMITER_SPLIT, "", 0);
	struct account account = {.word = 0};
	struct blamed blamed = BLAMED;

	(void)state;
	write_through(&limits, &account, &blamed, "short\nabc" X64);
	write_through(&limits, &account, &blamed, X64);
	write_through(&limits, &account, &blamed, "tail\nnext\n");
	assert_int_equal(account.broken, 1);
	assert_int_equal(account.breaks, 2);
	assert_int_equal(account.longest, 3 + 64 + 64 + 4);
	assert_int_equal(line_bytes(&account), 9 + 64 + 64 + 10);
	assert_int_equal(account.lines, 1);
	assert_int_equal(COLUMN(account), 0);
	assert_int_equal(blamed.times, 1);
	assert_string_equal(blamed.start, "abcabcd");
}

static void two_broken_lines_of_one_write_are_two(void **state)
{
	struct limits limits = limits_of(64, LIMITER_SPLIT, "", 0);
	struct account account = {.word = 0};
	struct blamed blamed = BLAMED;

	(void)state;
	write_through(&limits, &account, &blamed, "a" X64 "\nbc" X64 X64 "\n");
	assert_int_equal(account.broken, 2);
	assert_int_equal(account.breaks, 3);
	assert_int_equal(account.longest, 2 + 64 + 64);
	assert_int_equal(blamed.times, 2);
	assert_string_equal(blamed.start, "bcabcde");
}

static void a_truncated_line_counts_what_was_dropped(void **state)
{
	struct limits limits = limits_of(64, LIMITER_TRUNCATE, "", 0);
	struct account account = {.word = 0};
	struct blamed blamed = BLAMED;

	(void)state;
	write_through(&limits, &account, &blamed, X64);
	assert_int_equal(account.broken, 0);
	write_through(&limits, &account, &blamed, X64 "abc");
	write_through(&limits, &account, &blamed, "def\n");
	assert_int_equal(account.broken, 1);
	assert_int_equal(account.breaks, 1);
	assert_int_equal(account.dropped, 64 + 6);
	assert_int_equal(account.longest, 64 + 64 + 6);
	assert_int_equal(COLUMN(account), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(contract_3_a_break_cut_short_is_finished_first),
	cmocka_unit_test(contract_3_a_break_is_finished_even_by_an_empty_write),
	cmocka_unit_test(contract_4_break_bytes_alone_are_no_answer),
	cmocka_unit_test(contract_4_a_failure_after_the_first_byte_is_a_short_count),
	cmocka_unit_test(contract_2_a_failure_before_the_first_byte_is_the_sinks),
	cmocka_unit_test(contract_4_a_report_stands_for_the_callers_newline),
	cmocka_unit_test(an_endless_line_goes_out_in_full_batches),
	cmocka_unit_test(contract_2_bytes_that_pass_may_come_in_any_number_of_iovecs),
	cmocka_unit_test(a_break_among_many_iovecs_is_still_a_batch_of_64),
	cmocka_unit_test(a_batch_is_full_at_64_wherever_its_breaks_fall),
	cmocka_unit_test(contract_3_a_fault_at_each_byte_of_each_call_loses_nothing),
	cmocka_unit_test(contract_3_split_drops_nothing_though_another_writer_truncates),
	cmocka_unit_test(a_column_is_added_to_where_no_newline_passed),
	cmocka_unit_test(a_column_is_stored_where_a_newline_passed),
	cmocka_unit_test(what_another_writer_adds_meanwhile_counts),
	cmocka_unit_test(contract_1_writers_who_race_exceed_max_only_by_what_was_in_flight),
	cmocka_unit_test(truncate_asks_for_its_reader_each_64_KiB),
	cmocka_unit_test(
		contract_2_truncate_tells_a_writer_who_ignores_sigpipe_that_its_reader_has_gone),
	cmocka_unit_test(truncate_goes_on_where_another_reader_has_come),
	cmocka_unit_test(contract_3_no_writers_line_is_dropped_for_anothers),
	cmocka_unit_test(contract_3_no_line_is_dropped_behind_a_torn_break),
	cmocka_unit_test(contract_3_no_byte_is_dropped_for_what_another_has_counted),
	cmocka_unit_test(contract_1_each_batch_of_a_write_counts_as_in_flight),
	cmocka_unit_test(contract_3_no_byte_is_dropped_for_what_came_between_two_batches),
	cmocka_unit_test(contract_2_a_break_is_never_all_that_a_full_pipe_takes),
	cmocka_unit_test(a_broken_line_is_counted_once_and_in_its_full_length),
	cmocka_unit_test(two_broken_lines_of_one_write_are_two),
	cmocka_unit_test(a_truncated_line_counts_what_was_dropped),
	cmocka_unit_test(contracts_1_to_4_random_writes_come_out_as_the_model_says),
	cmocka_unit_test(contract_3_a_word_that_lies_loses_no_byte),
};

int main(int argc, char **argv)
{
	enum { EXAMPLES = sizeof examples / sizeof *examples };
	struct CMUnitTest all[EXAMPLES + sizeof tests / sizeof *tests];

	for (size_t i = 0; i < EXAMPLES; i++)
		all[i] = (struct CMUnitTest){.name = examples[i].claim,
					     .test_func = example_holds,
					     .initial_state = (void *)&examples[i]};
	memcpy(all + EXAMPLES, tests, sizeof tests);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	print_message("TEST_SEED=%#llx\n", (unsigned long long)dice_seed());
	return cmocka_run_group_tests(all, NULL, NULL);
}
