/* A library whose constructor runs before linecap's, and writes there in several ways. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LONG = 30000 };

__attribute__((constructor)) static void early(void)
{
	static char bytes[LONG];

	memset(bytes, 'e', LONG);
	bytes[LONG - 1] = '\n';
	if (write(1, bytes, LONG) != LONG || writev(1, &(struct iovec){bytes, LONG}, 1) != LONG ||
	    syscall(SYS_write, 1, bytes, LONG) != LONG || dprintf(1, "%.*s", LONG, bytes) != LONG ||
	    fwrite(bytes, 1, LONG, stdout) != LONG || fflush(stdout))
		abort();
}
