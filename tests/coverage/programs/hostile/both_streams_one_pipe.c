/* stderr is stdout's pipe, as with 2>&1: the two make one line together. */
#include "endless.h"

#include <stdio.h>

int main(void)
{
	fill();
	if (dup2(1, 2) != 2)
		return 2;
	setvbuf(stdout, NULL, _IONBF, 0);
	for (size_t at = 0; at < LENGTH; at += 10) {
		fwrite(endless + at, 1, 5, stdout);
		fwrite(endless + at + 5, 1, 5, stderr);
	}
	puts("");
	return 0;
}
