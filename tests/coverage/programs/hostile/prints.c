/* A library that prints, for opens_a_library.c. */
#include "endless.h"

#include <stdio.h>

void print_by_write(void);
void print_by_printf(void);

void print_by_write(void)
{
	say(1);
}

void print_by_printf(void)
{
	fill();
	printf("%s", endless);
	fflush(stdout);
}
