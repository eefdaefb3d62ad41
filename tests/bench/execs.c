/* execs WITHOUT.so WITH.so ROUNDS PROGRAM: how long PROGRAM takes from spawn to its end, with one
 * and with the other library in LD_PRELOAD, in turn. The rest of the environment is that of execs
 * itself. The figures go to stdout (see medians.h). */
#include <err.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpu.h"
#include "medians.h"

enum { ROUNDS_LEAST = 9 };

extern char **environ;

static double time_of(char *program, const char *library)
{
	char *argv[] = {program, NULL};
	pid_t child;
	int status;

	setenv("LD_PRELOAD", library, 1);
	double start = now();

	if (posix_spawn(&child, program, NULL, NULL, argv, environ))
		errx(1, "cannot start %s", program);
	if (waitpid(child, &status, 0) < 0 || status)
		errx(1, "%s failed", program);
	return now() - start;
}

int main(int argc, char **argv)
{
	int rounds = argc == 5 ? atoi(argv[3]) : 0;

	if (rounds < ROUNDS_LEAST)
		errx(64, "usage: execs WITHOUT.so WITH.so ROUNDS PROGRAM (at least %d rounds)",
		     ROUNDS_LEAST);
	struct times times = times_of(rounds);

	stay_on_cpu(0);
	for (int round = 0; round < rounds; round++)
		for (int turn = 0; turn < SIDES; turn++) {
			enum side side = side_of(round, turn);

			times.seconds[side][round] = time_of(argv[4], argv[1 + side]);
		}
	print_medians(stdout, times, 1);
	putchar('\n');
	return 0;
}
