/* onpipe COMMAND…: runs it with a pipe as stdout, whose read end it has as well: see pipe.h. */
#include <unistd.h>

int main(int argc, char **argv)
{
	int ends[2];

	if (argc < 2 || dup2(1, 9) != 9 || pipe(ends))
		return 2;
	if (dup2(ends[0], 8) != 8 || dup2(ends[1], 1) != 1)
		return 2;
	close(ends[0]);
	close(ends[1]);
	if (dup2(8, 3) != 3 || dup2(9, 4) != 4)
		return 2;
	close(8);
	close(9);
	execvp(argv[1], argv + 1);
	return 127;
}
