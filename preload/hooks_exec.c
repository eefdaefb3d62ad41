/* The hooks of what starts programs. libc's own ways from one of these names to another are inside
 * of it, so each name has its hook. system(3) and popen(3) start a shell in there, which is
 * reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "exec.h"
#include "hooks.h"

static int no_such_call(void)
{
	errno = ENOSYS;
	return -1;
}

int hook_execve(const char *path, char *const *argv, char *const *envp)
{
	exec_ahead(&(struct start){.folder = AT_FDCWD, .file = path, .argv = argv, .envp = envp});
	return next.execve(path, argv, envp);
}

int hook_execveat(int folder, const char *path, char *const *argv, char *const *envp, int flags)
{
	exec_ahead_at(folder, path, argv, envp, flags);
	return next.execveat(folder, path, argv, envp, flags);
}

int hook_execv(const char *path, char *const *argv)
{
	exec_ahead(
		&(struct start){.folder = AT_FDCWD, .file = path, .argv = argv, .envp = environ});
	return next_library(execv) ? next.execv(path, argv) : no_such_call();
}

int hook_execvp(const char *file, char *const *argv)
{
	exec_ahead(&(struct start){
		.folder = AT_FDCWD, .file = file, .searched = true, .argv = argv, .envp = environ});
	return next_library(execvp) ? next.execvp(file, argv) : no_such_call();
}

int hook_execvpe(const char *file, char *const *argv, char *const *envp)
{
	exec_ahead(&(struct start){
		.folder = AT_FDCWD, .file = file, .searched = true, .argv = argv, .envp = envp});
	return next_library(execvpe) ? next.execvpe(file, argv, envp) : no_such_call();
}

int hook_fexecve(int fd, char *const *argv, char *const *envp)
{
	exec_ahead_of_fd(fd, argv, envp);
	return next_library(fexecve) ? next.fexecve(fd, argv, envp) : no_such_call();
}

int hook_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		     const posix_spawnattr_t *attributes, char *const *argv, char *const *envp)
{
	const struct spawn spawn = {pid, actions, attributes};
	const struct start start = {
		.folder = AT_FDCWD, .file = path, .argv = argv, .envp = envp, .spawn = &spawn};

	if (exec_ahead(&start))
		return 0;
	return next_library(posix_spawn)
		       ? next.posix_spawn(pid, path, actions, attributes, argv, envp)
		       : ENOSYS;
}

int hook_posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
		      const posix_spawnattr_t *attributes, char *const *argv, char *const *envp)
{
	const struct spawn spawn = {pid, actions, attributes};
	const struct start start = {.folder = AT_FDCWD,
				    .file = file,
				    .searched = true,
				    .argv = argv,
				    .envp = envp,
				    .spawn = &spawn};

	if (exec_ahead(&start))
		return 0;
	return next_library(posix_spawnp)
		       ? next.posix_spawnp(pid, file, actions, attributes, argv, envp)
		       : ENOSYS;
}

/* ---- The variadic ones: their words as an array on the stack, as in libc. ---- */

static size_t count_words(const char *word, va_list ap)
{
	size_t count = 0;

	for (; word; word = va_arg(ap, const char *))
		count++;
	return count;
}

/* With the NULL behind them; that is what ap has read last, if the first isn't it. */
static void gather(char **argv, const char *word, va_list *ap)
{
	while ((*argv++ = (char *)word))
		word = va_arg(*ap, const char *);
}

#define GATHER(argv, word, ap)                                                                     \
	va_start(ap, word);                                                                        \
	char *argv[count_words(word, ap) + 1];                                                     \
	va_end(ap);                                                                                \
	va_start(ap, word);                                                                        \
	gather(argv, word, &(ap))

int hook_execl(const char *path, const char *word, ...)
{
	va_list ap;

	GATHER(argv, word, ap);
	va_end(ap);
	return hook_execv(path, argv);
}

int hook_execlp(const char *file, const char *word, ...)
{
	va_list ap;

	GATHER(argv, word, ap);
	va_end(ap);
	return hook_execvp(file, argv);
}

/* The environment follows behind the NULL. */
int hook_execle(const char *path, const char *word, ...)
{
	va_list ap;

	GATHER(argv, word, ap);
	char *const *envp = word ? va_arg(ap, char *const *) : NULL;

	va_end(ap);
	return hook_execve(path, argv, envp);
}
