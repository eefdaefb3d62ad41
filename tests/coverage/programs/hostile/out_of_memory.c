/* No memory is left when the first byte is written: none to allocate, none to map. */
#include "endless.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void *volatile taken;

/* The stack can't grow later on. */
__attribute__((noinline)) static void touch_the_stack(void)
{
	volatile char pages[256 * 1024];

	for (size_t at = 0; at < sizeof pages; at += 1024)
		pages[at] = 0;
}

int main(void)
{
	static char buffer[4096];

	touch_the_stack();
	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	if (setrlimit(RLIMIT_AS, &(struct rlimit){4096, 4096}))
		return 2;
	for (size_t size = 1 << 20; size >= 16; size /= 2)
		while ((taken = malloc(size)))
			;
	say(1);
	fputs(endless, stdout);
	say(2);
	return 0;
}
