/* What the storms share: a guarded pipe with its reader here and its writers in processes that have
 * the library, and lines of TAP. The storm itself runs without the library.
 *
 *   LIBLINECAP      the library
 *   STORM_WORD      only the cases whose names hold it
 *   TEST_SEED    a run again */
#ifndef LINECAP_TESTS_STORM_WORLD_H
#define LINECAP_TESTS_STORM_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/dice.h"

enum { WORLD_SECONDS = 170 /* without a byte: it hangs */, WORLD_ENV = 512 };

static inline void world_fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

/* --- TAP -------------------------------------------------------------------------------------- */

struct world_case {
	const char *name;
	void (*run)(void);
};

static const char *world_name = "nothing";
static bool world_failed;

static inline bool world_wants(const char *name)
{
	const char *word = getenv("STORM_WORD");

	world_name = name;
	return !word || strstr(name, word);
}

/* The case's one line: whether it held, and its figures. */
static inline void world_report(bool held, const char *figures, ...)
	__attribute__((format(printf, 2, 3)));

static inline void world_report(bool held, const char *figures, ...)
{
	va_list ap;

	va_start(ap, figures);
	printf("%sok - %s (", held ? "" : "not ", world_name);
	vprintf(figures, ap);
	printf(")\n");
	va_end(ap);
	fflush(stdout);
	world_failed = world_failed || !held;
}

static inline void world_hangs(int sig)
{
	static const char before[] = "not ok - ", after[] = " (it hangs)\n";

	(void)sig;
	(void)!write(1, before, sizeof before - 1);
	(void)!write(1, world_name, strlen(world_name));
	(void)!write(1, after, sizeof after - 1);
	_exit(1);
}

/* Runs the cases; the exit status. Whatever hangs ends with it: see world_child. */
static inline int world_run(const struct world_case *cases, size_t count)
{
	printf("# TEST_SEED=%#llx\n", (unsigned long long)dice_seed());
	fflush(stdout);
	signal(SIGALRM, world_hangs);
	alarm(WORLD_SECONDS);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		world_fail("PR_SET_CHILD_SUBREAPER");
	for (size_t i = 0; i < count; i++)
		if (world_wants(cases[i].name))
			cases[i].run();
	return world_failed;
}

/* --- a guarded pipe --------------------------------------------------------------------------- */

enum world_library { WORLD_BARE, WORLD_GUARDED };

struct world {
	int reader, writer;
	char *bytes; /* that came out so far */
	size_t length, size;
	char preload[WORLD_ENV], target[WORLD_ENV], max[WORLD_ENV], mark[WORLD_ENV];
	char *env[5]; /* of a writer */
};

static inline struct world world_open(enum world_library library, unsigned max, const char *mark)
{
	struct world world = {0};
	struct stat st;
	const char *so = getenv("LIBLINECAP");
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) || fstat(ends[0], &st))
		world_fail("pipe");
	world.reader = ends[0];
	world.writer = ends[1];
	if (!so || access(so, R_OK))
		world_fail("LIBLINECAP");
	snprintf(world.preload, WORLD_ENV, "LD_PRELOAD=%s", library == WORLD_BARE ? "" : so);
	snprintf(world.target, WORLD_ENV, "LINECAP_TARGET=%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	snprintf(world.max, WORLD_ENV, "LINECAP_MAX=%u", max);
	snprintf(world.mark, WORLD_ENV, "LINECAP_MARK=%s", mark);
	return world;
}

/* The world may have been copied since it was opened. */
static inline char **world_env(struct world *world)
{
	world->env[0] = world->preload;
	world->env[1] = world->target;
	world->env[2] = world->max;
	world->env[3] = world->mark;
	world->env[4] = NULL;
	return world->env;
}

/* In the child: the pipe is stdout. */
static inline void world_child(const struct world *world)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGALRM, SIG_DFL);
	if (dup2(world->writer, 1) != 1)
		_exit(3);
}

/* This very program with those arguments, as a writer. */
static inline pid_t world_spawn(struct world *world, uid_t uid, const char *const argv[])
{
	char **env = world_env(world);
	pid_t child = fork();

	if (child)
		return child;
	if (uid && (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		_exit(3);
	world_child(world);
	execve("/proc/self/exe", (char **)(uintptr_t)argv, env);
	_exit(3);
}

/* At most `most` more bytes. False: nobody holds the pipe any more. */
static inline bool world_read_some(struct world *world, size_t most)
{
	if (world->size - world->length < 65536) {
		world->size = 2 * world->size + 65536;
		world->bytes = realloc(world->bytes, world->size);
		if (!world->bytes)
			world_fail("realloc");
	}
	ssize_t n = read(world->reader, world->bytes + world->length, most < 65536 ? most : 65536);

	alarm(WORLD_SECONDS);
	if (n < 0 && errno != EINTR)
		world_fail("read");
	world->length += n > 0 ? (size_t)n : 0;
	return n;
}

static inline bool world_read(struct world *world)
{
	return world_read_some(world, 65536);
}

/* All that comes until nobody holds the pipe any more. */
static inline void world_drain(struct world *world)
{
	close(world->writer);
	while (world_read(world))
		;
	close(world->reader);
}

/* Waits for all children. False: one of them came to a bad end (signal `but` is none). */
static inline bool world_reap(int but)
{
	bool well = true;
	int status;

	while (wait(&status) > 0)
		well = well && (!status || (WIFSIGNALED(status) && WTERMSIG(status) == but));
	return well && errno == ECHILD;
}

static inline void world_close(struct world *world)
{
	free(world->bytes);
}

/* --- what came out ---------------------------------------------------------------------------- */

struct world_lines {
	size_t count, longest;
};

static inline struct world_lines world_lines(const struct world *world)
{
	struct world_lines lines = {0};
	const char *at = world->bytes, *end = at + world->length;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);

		lines.count++;
		lines.longest = n > lines.longest ? n : lines.longest;
		at += n + 1;
	}
	return lines;
}

/* Writes it all, as write(2) has it. */
static inline void write_all(const char *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t written = write(1, bytes + done, n - done);

		if (written < 0 && errno != EINTR)
			_exit(4);
		done += written > 0 ? (size_t)written : 0;
	}
}

#endif
