/* A pipe has no offsets: each call that wants one says ESPIPE and writes nothing. */
#include "endless.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#ifdef __GLIBC__
#define AT_OFFSET_2(piece) pwritev2(1, piece, 1, 0, 0)
#else
#define AT_OFFSET_2(piece) syscall(SYS_pwritev2, 1, piece, 1, 0L, 0L, 0)
#endif

static int is_refused(long result)
{
	return result == -1 && errno == ESPIPE;
}

int main(void)
{
	struct iovec piece = {endless, LENGTH};

	fill();
	if (!is_refused(pwrite(1, endless, LENGTH, 0)) ||
	    !is_refused(pwrite64(1, endless, LENGTH, 0)) || !is_refused(pwritev(1, &piece, 1, 0)) ||
	    !is_refused(AT_OFFSET_2(&piece)) ||
	    !is_refused(syscall(SYS_pwrite64, 1, endless, LENGTH, 0L)))
		return 1;
	say(1);
	return 0;
}
