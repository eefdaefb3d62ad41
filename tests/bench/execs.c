/* execs WITHOUT.so WITH.so ROUNDS PROGRAM WORD…: how long PROGRAM takes from spawn to its end, with
 * one and with the other library in LD_PRELOAD, in turn. The rest of the environment is that of
 * execs itself. The figures go to stderr (see medians.h): stdout is PROGRAM's. */
#include <unistd.h>

#include "cpu.h"
#include "medians.h"
#include "spawn.h"

enum { ROUNDS_LEAST = 9 };

static double time_of(char **argv, const char *library)
{
	setenv("LD_PRELOAD", library, 1);
	double start = now();

	run_once(argv);
	return now() - start;
}

int main(int argc, char **argv)
{
	int rounds = argc > 4 ? atoi(argv[3]) : 0;

	if (rounds < ROUNDS_LEAST)
		errx(64,
		     "usage: execs WITHOUT.so WITH.so ROUNDS PROGRAM WORD... (at least %d rounds)",
		     ROUNDS_LEAST);
	struct times times = times_of(rounds);

	stay_on_cpu(0);
	for (int round = 0; round < rounds; round++)
		for (int turn = 0; turn < SIDES; turn++) {
			enum side side = side_of(round, turn);

			times.seconds[side][round] = time_of(argv + 4, argv[1 + side]);
		}
	print_medians(stderr, times, 1);
	fputc('\n', stderr);
	return 0;
}
