/* drain CPU: reads stdin to its end and prints how many bytes that were. CPU is a number from 0, of
 * the CPUs that it may use. */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cpu.h"

static char buffer[1 << 20];

int main(int argc, char **argv)
{
	uintmax_t total = 0;
	ssize_t n;

	if (argc != 2)
		errx(64, "usage: drain CPU");
	stay_on_cpu(atoi(argv[1]));
	while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
		total += (uintmax_t)n;
	if (n < 0)
		err(1, "read");
	printf("%ju\n", total);
	return 0;
}
