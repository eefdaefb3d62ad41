/* Dice: random cases that can be run again.
 *
 * A case's numbers follow from the seed and the case's own number alone, so a failing one runs by
 * itself: TEST_SEED=… TEST_CASE=… program [test]. Facts: splitmix64 (Steele, Lea, Flood
 * 2014). */
#ifndef LINECAP_TESTS_DICE_H
#define LINECAP_TESTS_DICE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct dice {
	uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0…n-1 */
static inline size_t dice_below(struct dice *dice, size_t n)
{
	return (size_t)((dice_next(dice) >> 32) * n >> 32);
}

static inline bool dice_one_in(struct dice *dice, size_t n)
{
	return !dice_below(dice, n);
}

/* The run's seed: TEST_SEED, or a new one. It is settled at the first call: let that be one that no
 * other thread makes, too. */
static inline uint64_t dice_seed(void)
{
	static uint64_t seed;
	const char *given = seed ? NULL : getenv("TEST_SEED");

	if (given)
		seed = strtoull(given, NULL, 0);
	while (!seed)
		if (getrandom(&seed, sizeof seed, 0) < 0)
			seed = 1;
	return seed;
}

static inline struct dice dice_of_case(uint64_t number)
{
	struct dice dice = {dice_seed() ^ number * UINT64_C(0xd1342543de82ef95)};

	dice_next(&dice);
	return dice;
}

/* A case: NULL, or the claim that didn't hold. */
typedef const char *dice_case(struct dice *dice);

/* Runs cases 0…count-1, or TEST_CASE alone; returns the first claim that didn't hold. */
static inline const char *dice_run(const char *name, uint64_t count, dice_case *one)
{
	const char *alone = getenv("TEST_CASE");
	uint64_t number = alone ? strtoull(alone, NULL, 0) : 0;

	if (alone)
		count = number + 1;
	for (; number < count; number++) {
		struct dice dice = dice_of_case(number);
		const char *broken = one(&dice);

		if (!broken)
			continue;
		fprintf(stderr, "%s: TEST_SEED=%#llx TEST_CASE=%llu: %s\n", name,
			(unsigned long long)dice_seed(), (unsigned long long)number, broken);
		return broken;
	}
	return NULL;
}

static inline size_t dice_code_point(struct dice *dice, char bytes[4])
{
	static const uint32_t ends[] = {0x80, 0x800, 0x10000, 0x110000};
	uint32_t end = ends[dice_below(dice, 4)], point;

	do
		point = (uint32_t)dice_below(dice, end);
	while ((point >= 0xd800 && point < 0xe000) || point == '\n');
	if (point < 0x80) {
		bytes[0] = (char)point;
		return 1;
	}
	size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

	for (size_t i = length - 1; i; i--, point >>= 6)
		bytes[i] = (char)(0x80 | (point & 0x3f));
	bytes[0] = (char)(0xf00 >> length | point);
	return length;
}

/* What makes a limiter stumble: line ends, and bytes on the edges of UTF-8's grammar. */
static inline char dice_awkward(struct dice *dice)
{
	static const char bytes[] = "\n\r\naz \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xed\xa0\x9f\xe0"
				    "\x9f\xf4\x8f\x90\xc0\xc1\xc2\xdf\xef\xf5\xff\x80\xbf";

	return bytes[dice_below(dice, sizeof bytes - 1)];
}

/* The end of what stands here becomes a run of \r. */
static inline void dice_end_in_returns(struct dice *dice, char *bytes, size_t n)
{
	size_t count = 1 + dice_below(dice, 8);

	while (count-- && n)
		bytes[--n] = '\r';
}

/* Fills n bytes with one kind of text after the other. `near` is a length that many lines come
 * close to. */
static inline void dice_text(struct dice *dice, char *bytes, size_t n, size_t near)
{
	static const char smile[] = "\xf0\x9f\x98\x80";

	for (size_t i = 0; i < n;) {
		size_t stretch = dice_one_in(dice, 2) ? near - 5 + dice_below(dice, 10)
						      : dice_below(dice, 2 * near);
		size_t start = i, end = stretch < n - i ? i + stretch : n;
		size_t kind = dice_below(dice, 6);
		char code_point[4];
		size_t length;

		for (; i < end; i += length) {
			length = 1;
			if (kind == 0)
				code_point[0] = (char)dice_next(dice);
			else if (kind == 1)
				code_point[0] = dice_awkward(dice);
			else if (kind == 2)
				length = dice_code_point(dice, code_point);
			else if (kind == 3)
				memcpy(code_point, smile, length = 4);
			else
				code_point[0] = (char)('a' + i % 26);
			memcpy(bytes + i, code_point, length < end - i ? length : end - i);
		}
		i = end;
		if (dice_one_in(dice, 4))
			dice_end_in_returns(dice, bytes + start, end - start);
		if (i < n && dice_one_in(dice, 2))
			bytes[i++] = '\n';
	}
}

/* A mark of 0…32 bytes without a newline: often none, often one that the text can't hold. */
static inline size_t dice_mark(struct dice *dice, char mark[32])
{
	size_t length = dice_one_in(dice, 2) ? 0 : dice_one_in(dice, 4) ? 32 : dice_below(dice, 33);

	for (size_t i = 0; i < length; i++)
		do
			mark[i] = i ? dice_awkward(dice) : '~';
		while (mark[i] == '\n');
	if (length && dice_one_in(dice, 3))
		mark[0] = 'a';
	return length;
}

#endif
