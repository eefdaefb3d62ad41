/* spawns PROGRAM COUNT: starts PROGRAM that often, one after the other, for counting what a
 * spawn takes. */
#include <stdlib.h>

#include "spawn.h"

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(64, "usage: spawns PROGRAM COUNT");
	char *words[] = {argv[1], NULL};

	for (long count = atol(argv[2]); count > 0; count--)
		run_once(words);
	return 0;
}
