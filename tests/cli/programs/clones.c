/* clones HOW ROUNDS: a child, made so that no handler of fork(3) runs, writes ROUNDS lines to
 * stdout and to a file that only it has. HOW: _Fork, clone (fork(2) by its number), or fork. strace
 * sees where the rounds begin by a call of access(2). */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __GLIBC__
#define HAS__FORK __GLIBC_PREREQ(2, 34)
#else
#define HAS__FORK 1 /* musl, since 1.2.2 */
#endif

static pid_t child_of(const char *how)
{
	if (!strcmp(how, "clone"))
		return (pid_t)syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
#if HAS__FORK
	if (!strcmp(how, "_Fork"))
		return _Fork();
#endif
	return fork();
}

int main(int argc, char **argv)
{
	int status = 1;

	if (argc != 3 || write(1, "parent\n", 7) != 7)
		return 2;
	pid_t child = child_of(argv[1]);

	if (child == 0) {
		int file = open("file", O_WRONLY | O_CREAT, 0600);

		access("/the rounds begin", F_OK);
		for (long i = atol(argv[2]); i > 0; i--)
			if (write(1, "line\n", 5) != 5 || write(file, "line\n", 5) != 5 ||
			    write(2, "line\n", 5) != 5)
				_exit(3);
		_exit(0);
	}
	return child < 0 || waitpid(child, &status, 0) != child ? 4 : status != 0;
}
