/* starts NAME WORD…: starts the program WORD by the function NAME, by a spawn or in its own place.
 * The exit status is the program's; 126 if it could not be started. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int status_of(int error, const pid_t *child)
{
	int status;

	if (error || waitpid(*child, &status, 0) != *child)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What each of them answers to a path and to words that can't be read: 14, if all is right. */
static int bad(char *path)
{
	char **words = (char **)8, *good[] = {path, NULL}, *nowhere = (char *)8;
	pid_t child;

	if (!execve(path, words, environ) || errno != EFAULT)
		return 1;
	if (!execve(nowhere, good, environ) || errno != EFAULT)
		return 2;
	if (!syscall(SYS_execveat, AT_FDCWD, nowhere, good, environ, 0) || errno != EFAULT)
		return 3;
	if (!syscall(SYS_execveat, 0, nowhere, good, environ, AT_EMPTY_PATH) || errno != EFAULT)
		return 4;
	return posix_spawn(&child, nowhere, NULL, NULL, good, environ);
}

/* `opens`, `dups` and `moves`: the program's stdout is a file, or what fd 5 is; and it starts in
 * the folder `sub`. */
static int spawn(const char *name, char **words)
{
	posix_spawn_file_actions_t actions;
	pid_t child;

	posix_spawn_file_actions_init(&actions);
	if (!strcmp(name, "posix_spawnp"))
		return status_of(posix_spawnp(&child, *words, NULL, NULL, words, environ), &child);
	if (!strcmp(name, "opens"))
		posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT, 0600);
	if (!strcmp(name, "dups"))
		posix_spawn_file_actions_adddup2(&actions, 5, 1);
	if (!strcmp(name, "moves"))
		posix_spawn_file_actions_addchdir_np(&actions, "sub");
	return status_of(posix_spawn(&child, *words, &actions, NULL, words, environ), &child);
}

static int in_vfork(char **words)
{
	pid_t child = vfork();

	if (!child) {
		execv(*words, words);
		_exit(126);
	}
	return status_of(child < 0, &child);
}

int main(int argc, char **argv)
{
	const char *name = argv[1];
	char **words = argv + 2, *a = *words, *b = argc > 3 ? words[1] : NULL;

	if (!strcmp(name, "posix_spawn") || !strcmp(name, "posix_spawnp") ||
	    !strcmp(name, "opens") || !strcmp(name, "dups") || !strcmp(name, "moves"))
		return spawn(name, words);
	if (!strcmp(name, "vfork"))
		return in_vfork(words);
	if (!strcmp(name, "execve"))
		execve(a, words, environ);
	if (!strcmp(name, "bad"))
		return bad(a);
	if (!strcmp(name, "wordless"))
		execve(a, NULL, environ);
	if (!strcmp(name, "execv"))
		execv(a, words);
	if (!strcmp(name, "execvp"))
		execvp(a, words);
	if (!strcmp(name, "execvpe"))
		execvpe(a, words, environ);
	if (!strcmp(name, "execl"))
		execl(a, a, b, NULL);
	if (!strcmp(name, "execlp"))
		execlp(a, a, b, NULL);
	if (!strcmp(name, "execle"))
		execle(a, a, b, NULL, environ);
	if (!strcmp(name, "fexecve"))
		fexecve(open(a, O_RDONLY), words, environ);
	if (!strcmp(name, "closed"))
		fexecve(open(a, O_RDONLY | O_CLOEXEC), words, environ);
	if (!strcmp(name, "syscall"))
		syscall(SYS_execve, a, words, environ);
	if (!strcmp(name, "syscall_at"))
		syscall(SYS_execveat, AT_FDCWD, a, words, environ, 0);
#ifdef __GLIBC__
	if (!strcmp(name, "execveat"))
		execveat(open(a, O_RDONLY), "", words, environ, AT_EMPTY_PATH);
	if (!strcmp(name, "below"))
		execveat(open(".", O_PATH), a, words, environ, 0);
#endif
	perror(name);
	return 126;
}
