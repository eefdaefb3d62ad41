/* prints_once: dprintf(3) to a file, short and long. A conversion of the program's own, which glibc
 * has (register_printf_specifier), shows whether it was formatted once. What belongs to the start
 * is done before the first call of access(2) that strace can see. */
#include <fcntl.h>
#include <printf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int conversions;

static int convert(FILE *stream, const struct printf_info *info, const void *const *arguments)
{
	(void)info;
	(void)arguments;
	conversions++;
	return fputs("-", stream) < 0 ? -1 : 1;
}

static int arguments_of(const struct printf_info *info, size_t n, int *types, int *sizes)
{
	(void)info;
	(void)n;
	(void)types;
	(void)sizes;
	return 0;
}

int main(void)
{
	static const char *volatile format = "%Y\n";
	int file = open("printed", O_WRONLY | O_CREAT, 0600);
	char *volatile block = malloc(100000); /* the heap is there */

	register_printf_specifier('Y', convert, arguments_of);
	dprintf(file, "%5000d\n", 1);
	free(block);
	conversions = 0;
	access("/the start is over", F_OK);
	for (int round = 1; round <= 10; round++) {
		dprintf(file, format);
		if (conversions != round)
			return puts("not once") < 0;
		dprintf(file, "%1000d\n", round);
	}
	access("/the end begins", F_OK);
	return puts("once") < 0;
}
