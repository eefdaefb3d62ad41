/* parents WITHOUT.so WITH.so ROUNDS PROGRAM WORD…: how long PROGRAM takes from spawn to its end, as
 * two processes start it in turn: one with the one library in LD_PRELOAD, and so PROGRAM too, and
 * one with the other. The figures go to stderr (see medians.h): stdout is PROGRAM's. */
#include <string.h>
#include <unistd.h>

#include "cpu.h"
#include "medians.h"
#include "spawn.h"

enum { ROUNDS_LEAST = 9, ORDERS = 3, ANSWERS = 4 };

/* In the process that starts PROGRAM: once for each byte, and says how many seconds it took. */
static int obey(char **argv)
{
	char order;

	while (read(ORDERS, &order, 1) == 1) {
		double start = now();

		run_once(argv);
		double seconds = now() - start;

		if (write(ANSWERS, &seconds, sizeof seconds) != sizeof seconds)
			err(1, "write");
	}
	return 0;
}

struct parent {
	int orders, answers;
};

/* "obey" stands in the libraries' place. */
static struct parent start(const char *library, char **argv)
{
	int orders[2], answers[2];

	if (pipe(orders) || pipe(answers))
		err(1, "pipe");
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	if (!child) {
		int from = dup(orders[0]), to = dup(answers[1]);

		dup2(from, ORDERS);
		dup2(to, ANSWERS);
		closefrom(ANSWERS + 1);
		setenv("LD_PRELOAD", library, 1);
		argv[3] = (char *)"obey";
		execv("/proc/self/exe", argv + 3);
		err(1, "/proc/self/exe");
	}
	close(orders[0]);
	close(answers[1]);
	return (struct parent){orders[1], answers[0]};
}

static double time_of(struct parent parent)
{
	double seconds;

	if (write(parent.orders, "", 1) != 1 ||
	    read(parent.answers, &seconds, sizeof seconds) != sizeof seconds)
		errx(1, "a parent has ended");
	return seconds;
}

int main(int argc, char **argv)
{
	if (!strcmp(argv[0], "obey"))
		return obey(argv + 1);
	int rounds = argc > 4 ? atoi(argv[3]) : 0;

	if (rounds < ROUNDS_LEAST)
		errx(64,
		     "usage: parents WITHOUT.so WITH.so ROUNDS PROGRAM WORD... (at least %d "
		     "rounds)",
		     ROUNDS_LEAST);
	struct times times = times_of(rounds);

	stay_on_cpu(0);
	struct parent sides[SIDES] = {start(argv[1], argv), start(argv[2], argv)};

	for (int round = 0; round < rounds; round++)
		for (int turn = 0; turn < SIDES; turn++) {
			enum side side = side_of(round, turn);

			times.seconds[side][round] = time_of(sides[side]);
		}
	print_medians(stderr, times, 1);
	fputc('\n', stderr);
	return 0;
}
