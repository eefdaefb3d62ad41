/* stale FILE: stdout becomes FILE behind linecap's back, right after it has written to the guarded
 * pipe, and gets 100000 bytes without a newline; then it is the pipe again, and gets as many. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "raw.h"
#include "write_all.h"

enum { BYTES = 100000 };

static char bytes[BYTES];

int main(int argc, char **argv)
{
	int file = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
	int pipe = dup(1);

	memset(bytes, 's', BYTES);
	if (file < 0 || write_all(bytes, BYTES) || raw_dup2(file, 1) != 1 ||
	    write_all(bytes, BYTES))
		return 2;
	/* By stdio as well, whose write goes another way. */
	if (raw_dup2(pipe, 1) != 1 || write_all(bytes, BYTES) || raw_dup2(file, 1) != 1)
		return 2;
	if (fwrite(bytes, 1, BYTES, stdout) != BYTES || fflush(stdout))
		return 2;
	return raw_dup2(pipe, 1) != 1 || write_all(bytes, BYTES);
}
