/* odd_arrays empty|bad: one endless line on stdout, by writev(2) of arrays that the kernel takes
 * and nobody else would: with an empty buffer at an address where nothing is, or, every other time,
 * with a buffer behind the good one that can't be read. */
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { GOOD = 12000, WRITES = 20 };

int main(int argc, char **argv)
{
	static char good[GOOD];
	size_t length = argc > 1 && !strcmp(argv[1], "bad") ? 300 : 0;
	const struct iovec array[] = {{good, GOOD}, {(void *)9, length}};

	memset(good, 'o', GOOD);
	for (int i = 0; i < WRITES; i++)
		if (writev(1, array, length && i % 2 ? 1 : 2) <= 0)
			return 2;
	return 0;
}
