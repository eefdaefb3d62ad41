/* Writes when main has returned: in an atexit function, in a destructor, and what stdio still
 * holds. */
#include "endless.h"

#include <stdio.h>
#include <stdlib.h>

static void at_exit(void)
{
	say(1);
}

__attribute__((destructor)) static void after(void)
{
	say(1);
	fputs(endless, stdout);
	fputs(endless, stderr);
}

int main(void)
{
	return atexit(at_exit);
}
