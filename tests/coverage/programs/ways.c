/* src/ways as a program of its own: `ways WAY 1|2`; `ways --list` prints "NAME STREAMS OUTPUT". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../src/ways/ways.h"

int main(int argc, char **argv)
{
	if (argc == 3)
		return ways_take((struct ways_program){.path = argv[0]}, argv[1], atoi(argv[2]));
	if (argc != 2 || strcmp(argv[1], "--list") != 0) {
		fputs("usage: ways WAY 1|2\n       ways --list\n", stderr);
		return 2;
	}
	for (const struct way *way = NULL; (way = ways_next(way));)
		printf("%s %s %s\n", way->name, ways_streams(way), ways_output(way));
	return 0;
}
