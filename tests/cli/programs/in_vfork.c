/* in_vfork FILE: a vfork child has its parent's memory, so what linecap notes there is the
 * parent's, but fds of its own. It makes FILE of its stdout and writes an endless line to it, first
 * behind linecap's back, then through dup2; the parent writes one to its own stdout before and
 * after. */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"
#include "write_all.h"

enum { BYTES = 50000 };

static char bytes[BYTES];

static int run_child(int file, int unseen)
{
	int status;
	pid_t child = vfork();

	if (child == 0) {
		if (unseen)
			raw_dup2(file, 1);
		else
			dup2(file, 1);
		_exit(write_all(bytes, BYTES));
	}
	return child < 0 || waitpid(child, &status, 0) != child ? 4 : status;
}

int main(int argc, char **argv)
{
	int file = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;

	if (file < 0)
		return 2;
	memset(bytes, 'v', BYTES);
	return write_all(bytes, BYTES) || run_child(file, 1) || write_all(bytes, BYTES) ||
	       run_child(file, 0) || write_all(bytes, BYTES);
}
