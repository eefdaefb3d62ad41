/* Contract 1, across processes: the longest line that leaves, however many write.
 *
 * With N writers of n bytes at a time, no line exceeds max plus what the others had in flight:
 * max + (N - 1) n. Each uid counts by itself (its page is its own), so U uids make U max of it. */
#include <pthread.h>
#include <spawn.h>

#include "world.h"

enum {
	RUNS = 20000, /* of printf(1) */
	BARE_RUNS = 1000,
	NOBODY = 65534,
	DAEMON = 1,
	SMALL = 64,
};

/* --- writers: bound threads|forks WRITERS TIMES SIZE ------------------------------------------ */

static size_t times, size;
static pthread_barrier_t barrier;

static void write_times(char byte)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char bytes[4096];

	memset(bytes, all[(unsigned char)byte % (sizeof all - 1)], sizeof bytes);
	for (size_t i = 0; i < times; i++)
		write_all(bytes, size);
}

static void *thread(void *byte)
{
	pthread_barrier_wait(&barrier);
	write_times(*(char *)byte);
	return NULL;
}

static int run_threads(unsigned count)
{
	static char bytes[64];
	pthread_t threads[64];

	pthread_barrier_init(&barrier, NULL, count);
	for (unsigned i = 0; i < count; i++) {
		bytes[i] = (char)i;
		if (pthread_create(&threads[i], NULL, thread, &bytes[i]))
			return 5;
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* They start as one: when the pipe that they wait for ends. */
static int run_forks(unsigned count)
{
	int start[2];
	char end;

	if (pipe(start))
		return 5;
	for (unsigned i = 0; i < count; i++)
		if (!fork()) {
			close(start[1]);
			if (read(start[0], &end, 1))
				_exit(5);
			write_times((char)i);
			_exit(0);
		}
	close(start[1]);
	return !world_reap(0);
}

static int run_writer(char **argv)
{
	unsigned count = (unsigned)atoi(argv[2]);

	times = (size_t)atol(argv[3]);
	size = (size_t)atol(argv[4]);
	return !strcmp(argv[1], "threads") ? run_threads(count) : run_forks(count);
}

/* --- cases ------------------------------------------------------------------------------------ */

static size_t longest_of_printf(enum world_library library, unsigned runs, bool *well)
{
	struct world world = world_open(library, 16384, "");
	char *const argv[] = {(char *)(uintptr_t) "printf", (char *)(uintptr_t) "x", NULL};
	char **env = world_env(&world);
	posix_spawn_file_actions_t actions;
	pid_t child, spawner = fork();

	if (!spawner) {
		world_child(&world);
		posix_spawn_file_actions_init(&actions);
		for (unsigned i = 0; i < runs; i++) {
			int status;

			if (posix_spawn(&child, "/usr/bin/printf", &actions, NULL, argv, env) ||
			    waitpid(child, &status, 0) != child || status)
				_exit(1);
		}
		_exit(0);
	}
	world_drain(&world);
	*well = world_reap(0) && world.length >= runs;
	size_t longest = world_lines(&world).longest;

	world_close(&world);
	return longest;
}

static void many_printfs(void)
{
	bool well, bare_well;
	size_t longest = longest_of_printf(WORLD_GUARDED, RUNS, &well);
	size_t bare = longest_of_printf(WORLD_BARE, BARE_RUNS, &bare_well);

	world_report(well && bare_well && longest == 16384 && bare == BARE_RUNS,
		     "longest %zu of %d bytes; without linecap %zu of %d", longest, RUNS, bare,
		     BARE_RUNS);
}

struct race {
	const char *way;
	unsigned max, writers, times, size;
};

static struct world_lines lines_of_race(enum world_library library, const struct race *race,
					const uid_t *uids, size_t uid_count, bool *well)
{
	struct world world = world_open(library, race->max, "");
	char writers[16], times_text[16], size_text[16];
	const char *const argv[] = {"bound", race->way, writers, times_text, size_text, NULL};
	size_t newlines = 0;

	snprintf(writers, sizeof writers, "%u", race->writers);
	snprintf(times_text, sizeof times_text, "%u", race->times);
	snprintf(size_text, sizeof size_text, "%u", race->size);
	for (size_t i = 0; i < uid_count; i++)
		world_spawn(&world, uids[i], argv);
	world_drain(&world);
	*well = world_reap(0);
	for (size_t i = 0; i < world.length; i++)
		newlines += world.bytes[i] == '\n';
	*well = *well && world.length - newlines ==
				 (size_t)race->writers * race->times * race->size * uid_count;
	struct world_lines lines = world_lines(&world);

	world_close(&world);
	return lines;
}

static void run_race(const struct race *race, const uid_t *uids, size_t uid_count)
{
	size_t bound = uid_count * (race->max + (size_t)(race->writers - 1) * race->size);
	bool well, bare_well;
	struct world_lines lines = lines_of_race(WORLD_GUARDED, race, uids, uid_count, &well);
	struct world_lines bare = lines_of_race(WORLD_BARE, race, uids, uid_count, &bare_well);

	world_report(well && bare_well && lines.longest <= bound && bare.longest > bound,
		     "longest %zu, bound %zu, max %u; without linecap %zu", lines.longest, bound,
		     race->max, bare.longest);
}

static const uid_t root[] = {0};

static void threads_of_bytes(void)
{
	run_race(&(struct race){"threads", SMALL, 16, 20000, 1}, root, 1);
}

static void threads_of_pieces(void)
{
	run_race(&(struct race){"threads", 1000, 16, 5000, 50}, root, 1);
}

static void workers_of_bytes(void)
{
	run_race(&(struct race){"forks", SMALL, 64, 5000, 1}, root, 1);
}

static void workers_of_pieces(void)
{
	run_race(&(struct race){"forks", 16384, 64, 1000, 200}, root, 1);
}

static void two_writers(void)
{
	run_race(&(struct race){"forks", SMALL, 2, 100000, 1}, root, 1);
}

static void three_uids(void)
{
	static const uid_t uids[] = {0, NOBODY, DAEMON};

	run_race(&(struct race){"forks", SMALL, 1, 50000, 1}, uids, 3);
}

static void three_uids_of_workers(void)
{
	static const uid_t uids[] = {0, NOBODY, DAEMON};

	run_race(&(struct race){"forks", 1000, 8, 5000, 20}, uids, 3);
}

int main(int argc, char **argv)
{
	static const struct world_case cases[] = {
		{"20000 runs of printf x on one pipe make no line over max", many_printfs},
		{"2 workers that write single bytes keep to the bound", two_writers},
		{"16 threads that write single bytes keep to the bound", threads_of_bytes},
		{"16 threads that write 50 bytes at a time keep to the bound", threads_of_pieces},
		{"64 workers that write single bytes keep to the bound", workers_of_bytes},
		{"64 workers that write 200 bytes at a time keep to the bound", workers_of_pieces},
		{"three uids with a writer each keep to three times max", three_uids},
		{"three uids with 8 workers each keep to three times the bound",
		 three_uids_of_workers},
	};

	if (argc == 5)
		return run_writer(argv);
	return world_run(cases, sizeof cases / sizeof *cases);
}
