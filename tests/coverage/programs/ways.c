/* src/cmd/ways as a program of its own, for systems that have no linecap(1). */
#include "../../../src/cmd/ways/ways.h"

int main(int argc, char **argv)
{
	return ways_run((struct ways_program){.path = argv[0]}, argc - 1, argv + 1);
}
