/* no_memory: writes an endless line when the address space has been used up to the last byte. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LONG = 100000 };

int main(void)
{
	static char bytes[LONG];

	memset(bytes, 'n', LONG);
	if (setrlimit(RLIMIT_AS, &(struct rlimit){4096, 4096}))
		return 2;
	for (size_t size = 1 << 20; size; size /= 2)
		for (void *volatile block; (block = malloc(size));)
			;
	return write(1, bytes, LONG) == LONG ? 0 : 3;
}
