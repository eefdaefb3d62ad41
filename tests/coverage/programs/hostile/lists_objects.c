/* A program, or as LISTED_BY_A_LIBRARY a library, with a dl_iterate_phdr of its own. It has no
 * object to tell of, tells of some that aren't there (LIST_garbage), or ends the process
 * (LIST_trap). The program itself never calls it. */
#ifndef LISTED_BY_A_LIBRARY
#include "endless.h"
#endif

#include <link.h>
#include <stdio.h>

#ifdef LIST_trap
__attribute__((noreturn))
#endif
int dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *data)
{
#if defined LIST_garbage
	struct dl_phdr_info info = {.dlpi_addr = 8, .dlpi_phdr = (void *)8, .dlpi_phnum = 3};

	return callback(&info, sizeof info, data);
#elif defined LIST_trap
	(void)callback;
	(void)data;
	__builtin_trap();
#else
	(void)callback;
	(void)data;
	return 0;
#endif
}

#ifndef LISTED_BY_A_LIBRARY
int main(void)
{
	fill();
	if (fputs(endless, stdout) == EOF || fflush(stdout))
		return 1;
	return fputs(endless, stderr) == EOF;
}
#endif
