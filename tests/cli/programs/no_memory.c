/* no_memory [dprintf]: writes an endless line when the address space has been used up to the last
 * byte, or the first 2000 of its bytes by dprintf(3) and 100 more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LONG = 100000, PRINTED = 2000, MORE = 100 };

int main(int argc, char **argv)
{
	static char bytes[LONG + 1];

	memset(bytes, 'n', LONG);
	if (setrlimit(RLIMIT_AS, &(struct rlimit){4096, 4096}))
		return 2;
	for (size_t size = 1 << 20; size; size /= 2)
		for (void *volatile block; (block = malloc(size));)
			;
	if (argc > 1 && !strcmp(argv[1], "dprintf"))
		return dprintf(1, "%s", bytes + LONG - PRINTED) != PRINTED ||
		       write(1, bytes, MORE) != MORE;
	return write(1, bytes, LONG) == LONG ? 0 : 3;
}
