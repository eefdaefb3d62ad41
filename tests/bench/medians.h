/* Two sides timed in turn, and what their times amount to. One ratio a round, since what else the
 * machine does comes and goes: the two sides of a round see the same of it. */
#ifndef BENCH_MEDIANS_H
#define BENCH_MEDIANS_H

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum side { WITHOUT, WITH, SIDES };

struct times {
	int rounds;
	double *seconds[SIDES]; /* of each round */
};

static inline struct times times_of(int rounds)
{
	struct times times = {.rounds = rounds};

	for (int side = 0; side < SIDES; side++)
		if (!(times.seconds[side] = calloc((size_t)rounds, sizeof(double))))
			err(1, "%d rounds", rounds);
	return times;
}

/* Which side goes first changes from round to round. */
static inline enum side side_of(int round, int turn)
{
	return (round + turn) % SIDES ? WITH : WITHOUT;
}

static inline double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static inline int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The value below which the given part of them lies. Sorts them. */
static inline double quantile(double *values, int count, double part)
{
	qsort(values, (size_t)count, sizeof *values, by_value);
	return values[(int)((double)(count - 1) * part + 0.5)];
}

/* The median of the rounds' time with / without, its quartiles, and the median time in µs that
 * either side took for one of the `items` of a round. No newline. */
static inline void print_medians(FILE *out, struct times times, double items)
{
	struct times ratio = times_of(times.rounds);
	double *with = ratio.seconds[WITH];

	for (int i = 0; i < times.rounds; i++)
		with[i] = times.seconds[WITH][i] / times.seconds[WITHOUT][i];
	fprintf(out, "%.4f %.4f %.4f", quantile(with, times.rounds, 0.5),
		quantile(with, times.rounds, 0.25), quantile(with, times.rounds, 0.75));
	for (int side = 0; side < SIDES; side++)
		fprintf(out, " %.4f",
			quantile(times.seconds[side], times.rounds, 0.5) / items * 1e6);
}

#endif
