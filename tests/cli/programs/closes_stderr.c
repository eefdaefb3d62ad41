/* closes_stderr HOW: writes a line of 20,000 bytes to stdout, then closes stderr: by close,
 * close_range, closefrom, fclose, or by its number; in a child of fork, vfork or clone, which for
 * "own" has written such a line, too; marks it to be closed by an exec only; or none of these. */
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE = 20000 };

#ifdef __GLIBC__
#define HAS_CLOSEFROM __GLIBC_PREREQ(2, 34)
#else
#define HAS_CLOSEFROM 0
#endif

static char line[LINE + 1];

static pid_t child_of(const char *how)
{
	if (strstr(how, "clone"))
		return (pid_t)syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
	return fork();
}

static int close_in_child(const char *how)
{
	pid_t child;

	if (!strcmp(how, "vfork")) {
		child = vfork();
		if (child == 0) {
			close(2);
			_exit(0);
		}
	} else {
		child = child_of(how);
		if (child == 0) {
			if (strstr(how, "own") && write(1, line, sizeof line) != sizeof line)
				_exit(2);
			close(2);
			_exit(0);
		}
	}
	return child < 0 || waitpid(child, NULL, 0) != child;
}

static int close_here(const char *how)
{
	if (!strcmp(how, "close"))
		return close(2);
	if (!strcmp(how, "close_range"))
		return (int)syscall(SYS_close_range, 2L, 2L, 0L);
	if (!strcmp(how, "mark"))
		return (int)syscall(SYS_close_range, 2L, 2L, (long)CLOSE_RANGE_CLOEXEC);
	if (!strcmp(how, "number"))
		return (int)syscall(SYS_close, 2L);
	if (!strcmp(how, "fclose"))
		return fclose(stderr);
#if HAS_CLOSEFROM
	if (!strcmp(how, "closefrom"))
		closefrom(2);
#endif
	return 0;
}

int main(int argc, char **argv)
{
	const char *how = argc == 2 ? argv[1] : "";

	memset(line, 'c', LINE);
	line[LINE] = '\n';
	if (write(1, line, sizeof line) != sizeof line)
		return 2;
	if (strstr(how, "fork") || strstr(how, "clone"))
		return close_in_child(how);
	return close_here(how) != 0;
}
