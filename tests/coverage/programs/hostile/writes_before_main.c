/* Writes in a constructor, ahead of main. */
#include "endless.h"

#include <stdio.h>

__attribute__((constructor)) static void before(void)
{
	say(1);
	fputs(endless, stdout);
	fputs(endless, stderr);
}

int main(void)
{
	say(1);
	return 0;
}
