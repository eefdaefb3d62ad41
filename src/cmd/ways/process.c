/* The ways in which another process, or the program that takes this one's place, prints the line.
 */
#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The arguments of this program for the plain way to the same stream. */
static char **again(int fd)
{
	static char *arguments[5];
	int n = 0;

	arguments[n++] = (char *)self.path;
	if (self.subcommand)
		arguments[n++] = (char *)self.subcommand;
	arguments[n++] = "write";
	arguments[n] = fd == 1 ? "1" : "2";
	return arguments;
}

static void ends_well(int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		errno = 0;
		broken("the child failed");
	}
}

static void wait_for(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		broken("start a child");
	ends_well(status);
}

static void by_fork(int fd)
{
	pid_t child = fork();

	if (child == 0) {
		push(fd, write);
		_exit(0);
	}
	wait_for(child);
}

static void by_vfork(int fd)
{
	char **arguments = again(fd);
	pid_t child = vfork();

	if (child == 0) {
		execv(self.path, arguments);
		_exit(1);
	}
	wait_for(child);
}

static void by_spawn(int fd)
{
	pid_t child;

	errno = posix_spawn(&child, self.path, NULL, NULL, again(fd), environ);
	if (errno)
		broken("posix_spawn");
	wait_for(child);
}

/* A child whose stdout is put in place by the spawn itself. */
static void by_spawn_with_actions(int fd)
{
	posix_spawn_file_actions_t actions;
	pid_t child;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 50);

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, copy, fd);
	errno = posix_spawnp(&child, self.path, &actions, NULL, again(fd), environ);
	if (errno)
		broken("posix_spawnp");
	wait_for(child);
}

static const char *command(int fd)
{
	static char words[4096];

	snprintf(words, sizeof words, "'%s' %s write %d", self.path,
		 self.subcommand ? self.subcommand : "", fd);
	return words;
}

static void by_system(int fd)
{
	ends_well(system(command(fd)));
}

static void by_popen(int fd)
{
	FILE *child = popen(command(fd), "w");

	if (!child)
		broken("popen");
	ends_well(pclose(child));
}

static void by_execv(int fd)
{
	execv(self.path, again(fd));
	broken("execv");
}

static void by_fexecve(int fd)
{
	fexecve(open(self.path, O_RDONLY | O_CLOEXEC), again(fd), environ);
	broken("fexecve");
}

const struct way process_ways[] = {
	{"fork", EITHER, PIPE, NULL, by_fork},
	{"vfork and exec", EITHER, PIPE, NULL, by_vfork},
	{"posix_spawn", EITHER, PIPE, NULL, by_spawn},
	{"posix_spawnp with actions", EITHER, PIPE, NULL, by_spawn_with_actions},
	{"system", EITHER, PIPE, NULL, by_system},
	{"popen", EITHER, PIPE, NULL, by_popen},
	{"execv", EITHER, PIPE, NULL, by_execv},
	{"fexecve", EITHER, PIPE, NULL, by_fexecve},
	{0},
};
