/* The ways in which another process, or the program that takes this one's place, prints the line.
 */
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The arguments of this program for the plain way to the same stream. A program that the ways were
 * loaded into is told so by its environment, and its arguments are never read. */
static char **again(int fd)
{
	static char *arguments[4], way[] = WAYS_WAY "=" WAYS_AGAIN;

	for (char **entry = environ; *entry; entry++)
		if (!strncmp(*entry, way, sizeof WAYS_WAY))
			*entry = way;
	arguments[0] = (char *)self.path;
	arguments[1] = self.loaded ? "--version" : "write";
	arguments[2] = self.loaded ? NULL : (char *)(fd == 1 ? "1" : "2");
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
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	need_file("/dev/null");
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
	char **arguments = again(fd);

	need_file("/bin/sh");
	snprintf(words, sizeof words, "'%s' %s %s", arguments[0], arguments[1],
		 arguments[2] ? arguments[2] : "");
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

/* What looks in PATH finds this program there by the name that this returns. */
static const char *name_in_path(void)
{
	static char folder[4096];
	char *slash;

	snprintf(folder, sizeof folder, "%s", self.path);
	slash = strrchr(folder, '/');
	if (!slash)
		return self.path;
	*slash = '\0';
	setenv("PATH", slash > folder ? folder : "/", 1);
	return slash + 1;
}

static void by_spawnp(int fd)
{
	pid_t child;

	errno = posix_spawnp(&child, name_in_path(), NULL, NULL, again(fd), environ);
	if (errno)
		broken("posix_spawnp");
	wait_for(child);
}

static void by_execve(int fd)
{
	execve(self.path, again(fd), environ);
	broken("execve");
}

static void by_execvp(int fd)
{
	execvp(name_in_path(), again(fd));
	broken("execvp");
}

static void by_execvpe(int fd)
{
	execvpe(name_in_path(), again(fd), environ);
	broken("execvpe");
}

static void by_execl(int fd)
{
	char **words = again(fd);

	execl(self.path, words[0], words[1], words[2], NULL);
	broken("execl");
}

static void by_execlp(int fd)
{
	char **words = again(fd);

	execlp(name_in_path(), words[0], words[1], words[2], NULL);
	broken("execlp");
}

static void by_execle(int fd)
{
	char **words = again(fd);

	if (words[2])
		execle(self.path, words[0], words[1], words[2], NULL, environ);
	else
		execle(self.path, words[0], words[1], NULL, environ);
	broken("execle");
}

/* Neither musl nor glibc before 2.34 has it. */
int execveat(int folder, const char *path, char *const argv[], char *const envp[], int flags)
	__attribute__((weak));

static void by_execveat(int fd)
{
	need(execveat);
	execveat(AT_FDCWD, self.path, again(fd), environ, 0);
	broken("execveat");
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
	{"posix_spawnp", EITHER, PIPE, NULL, by_spawnp},
	{"execve", EITHER, PIPE, NULL, by_execve},
	{"execv", EITHER, PIPE, NULL, by_execv},
	{"execvp", EITHER, PIPE, NULL, by_execvp},
	{"execvpe", EITHER, PIPE, NULL, by_execvpe},
	{"execl", EITHER, PIPE, NULL, by_execl},
	{"execlp", EITHER, PIPE, NULL, by_execlp},
	{"execle", EITHER, PIPE, NULL, by_execle},
	{"execveat", EITHER, PIPE, NULL, by_execveat},
	{"fexecve", EITHER, PIPE, NULL, by_fexecve},
	{0},
};
