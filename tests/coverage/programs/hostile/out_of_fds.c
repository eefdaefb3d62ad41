/* No file descriptor is left when the first byte is written. */
#include "endless.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

int main(void)
{
	if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 64}))
		return 2;
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	if (errno != EMFILE)
		return 3;
	say(1);
	fputs(endless, stdout);
	say(2);
	return 0;
}
