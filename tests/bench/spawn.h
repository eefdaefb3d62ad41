/* One program, from its spawn to its end. */
#ifndef BENCH_SPAWN_H
#define BENCH_SPAWN_H

#include <err.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>

extern char **environ;

static inline void run_once(char **argv)
{
	pid_t child;
	int status;

	if (posix_spawn(&child, *argv, NULL, NULL, argv, environ))
		errx(1, "cannot start %s", *argv);
	if (waitpid(child, &status, 0) < 0 || status)
		errx(1, "%s failed", *argv);
}

#endif
