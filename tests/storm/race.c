/* Built with -fsanitize=thread, from the sources of the library but for its constructor and the
 * hooks that libc's names are on: threads that write, forget what their fds are and find it out
 * again, all on one pipe. ThreadSanitizer ends the program where two of them race on plain memory.
 */
#include <pthread.h>
#include <sys/mount.h>

#include "world.h"

#include "hooks.h"

enum { THREADS = 8, RECORDS = 3000, MAX = 100 };

static int ends[2];
static _Atomic size_t read_bytes, written_bytes;

static void *read_all(void *unused)
{
	char bytes[65536];
	ssize_t n;

	while ((n = read(ends[0], bytes, sizeof bytes)) > 0)
		atomic_fetch_add(&read_bytes, (size_t)n);
	return unused;
}

static void *write_records(void *number)
{
	struct dice dice = dice_of_case(*(unsigned *)number);
	char bytes[400];

	memset(bytes, 'a' + (int)*(unsigned *)number, sizeof bytes);
	for (unsigned i = 0; i < RECORDS; i++) {
		size_t n = 1 + dice_below(&dice, sizeof bytes - 1);
		struct iovec iov[] = {{bytes, n / 2}, {bytes + n / 2, n - n / 2}};
		ssize_t written;

		bytes[n - 1] = (char)(dice_one_in(&dice, 2) ? '\n' : 'z');
		written = i % 2 ? hook_write(ends[1], bytes, n) : hook_writev(ends[1], iov, 2);
		bytes[n - 1] = bytes[0];
		if (written != (ssize_t)n)
			_exit(4);
		atomic_fetch_add(&written_bytes, n);
		if (dice_one_in(&dice, 50))
			fdmap_forget(ends[1]);
	}
	return NULL;
}

/* As start.c does it. */
static void activate(void)
{
	struct stat st;

	if (pipe(ends) || fstat(ends[1], &st))
		world_fail("pipe");
	process.limits = limits_of(MAX, LIMITER_SPLIT, "+", 1);
	process.pipes_end = FD_GUARDED + 1;
	process.pipes[FD_GUARDED].id = (struct pipe_id){st.st_dev, st.st_ino};
	process.accounts[FD_GUARDED] = &process.pipes[FD_GUARDED].own;
	process_own.own.pid = getpid();
	process.active = true;
}

static void race(void)
{
	static unsigned numbers[THREADS];
	pthread_t reader, threads[THREADS];

	activate();
	if (pthread_create(&reader, NULL, read_all, NULL))
		world_fail("pthread_create");
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		if (pthread_create(&threads[i], NULL, write_records, &numbers[i]))
			world_fail("pthread_create");
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	close(ends[1]);
	pthread_join(reader, NULL);
	struct ledger *ledger = process.pipes[FD_GUARDED].ledger;
	size_t breaks = ledger ? (size_t)atomic_load(&ledger->account.breaks) : 0;

	/* As many breaks as the page says: where a break is counted, nobody loses a count. */
	world_report(breaks && read_bytes == written_bytes + 2 * breaks,
		     "%d threads, %zu bytes, %zu breaks", THREADS, (size_t)written_bytes, breaks);
}

int main(void)
{
	static const struct world_case cases[] = {
		{"under ThreadSanitizer nobody races on plain memory", race},
	};

	return world_run(cases, sizeof cases / sizeof *cases);
}
