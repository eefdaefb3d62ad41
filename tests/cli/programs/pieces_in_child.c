/* pieces_in_child: a child writes a line in two pieces of 40 bytes; it is made by its system call,
 * so that no handler of fork(3) runs. */
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	static const char piece[] = "0123456789012345678901234567890123456789";
	int status = 1;

	if (write(1, "parent\n", 7) != 7)
		return 2;
	pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);

	if (child == 0)
		_exit(write(1, piece, 40) != 40 || write(1, piece, 40) != 40 ||
		      write(1, "\n", 1) != 1);
	return child < 0 || waitpid(child, &status, 0) != child ? 3 : status != 0;
}
