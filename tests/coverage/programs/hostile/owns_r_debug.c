/* A program with variables of its own under the names by which the loaders give their list of
 * objects to debuggers. */
#include "endless.h"

#include <stdio.h>

#ifdef DEBUG_zeros
long _r_debug[5], _dl_debug_addr;
#else
/* Flags, as a program named r may have them. */
int _r_debug[10] = {1, 0, 8, 0, 16, 0, 2, 0, 24, 0};
int _dl_debug_addr[2] = {1, 0};
#endif

int main(void)
{
	fill();
	if (fputs(endless, stdout) == EOF || fflush(stdout))
		return 1;
	return fputs(endless, stderr) == EOF;
}
