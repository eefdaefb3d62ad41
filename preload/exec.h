/* Programs that the library can't get into, as a process with linecap starts them: each is noted in
 * the ledger, or started by way of `linecap run --via pipe` (LINECAP_EXEC; DESIGN §4, "exec").
 *
 * All but exec_prepare runs between vfork(2) and exec, too, in the parent's memory: no heap, no
 * lock, and nothing of the process's state is written (contract 5). errno is kept. */
#ifndef LINECAP_EXEC_H
#define LINECAP_EXEC_H

#include <spawn.h>

#include "process.h"

/* A program that is about to be started. */
struct start {
	int folder; /* where a relative path begins; a path of its own is behind an exec as before
		     */
	const char *file;
	bool searched; /* in PATH, where it has no slash */
	bool passing;  /* the path is good for this process only */
	bool nameless; /* the path is that of an fd */
	char *const *argv, *const *envp;
	const struct spawn *spawn; /* NULL: it takes this process's place */
};

/* The rest of what posix_spawn(3) is given. */
struct spawn {
	pid_t *pid;
	const posix_spawn_file_actions_t *actions;
	const posix_spawnattr_t *attributes;
};

/* For the constructor. */
void exec_prepare(const struct settings *settings);

/* Looks at the program, if its stdout or stderr is to be a guarded pipe, and does what LINECAP_EXEC
 * says. True: it has been spawned. Where it takes this process's place, that needs no answer.
 * False: start it. */
bool exec_ahead(const struct start *start);

/* The same for fexecve(3), and for execveat(2). */
void exec_ahead_of_fd(int fd, char *const *argv, char *const *envp);
void exec_ahead_at(int folder, const char *path, char *const *argv, char *const *envp, int flags);

#endif
