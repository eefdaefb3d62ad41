/* The storm: processes of threads that write, are interrupted by handlers that write, are cancelled
 * in a blocked write, fork and vfork children that write, and are killed on the way; all on one
 * small pipe. Whatever a writer says that it has written has come, once, in its turn and whole; one
 * that was ended may have lost the record that it was about to write, and no more.
 *
 * Each record and its breaks are one write of at most PIPE_BUF bytes, which a pipe takes whole or
 * not at all (pipe(7)). Signal handlers: signal-safety(7); cancellation: pthreads(7). */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "world.h"

#include "records.h"

enum {
	ROUNDS = 100,
	PROCESSES = 4, /* the last of them is killed */
	MAX = 300,
	PIPE_BYTES = 4096, /* so that writers block */

	/* Writers of a process, from PROCESS_IDS times its number. */
	PROCESS_IDS = 128,
	THREADS = 3,
	HANDLERS = 8,	/* a thread's handler has its thread's number and this */
	CANCELLED = 16, /* threads */
	CANCELS = 12,
	FORKED = 32,
	FORKS = 12,
	VFORKED = 48, /* write by themselves, or as another program */
	VFORKS = 12,
	EXECUTED = 64,

	RECORDS_OF_THREAD = 150,
	RECORDS_OF_FORK = 10,
	RECORDS_BEFORE_KILL = 60,
	PAYLOAD = 1500,
};

static struct records_writer *writers;
static unsigned base; /* of this process's writers */

static void write_record(unsigned id, size_t payload, enum records_kind kind)
{
	struct records_writer *writer = &writers[base + id];
	uint32_t sequence = atomic_load(&writer->done);
	char record[RECORDS_MOST];
	size_t n = records_make(record, base + id, sequence, payload, kind);
	ssize_t written;

	atomic_store(&writer->begun, sequence + 1);
	do
		written = write(1, record, n);
	while (written < 0 && errno == EINTR);
	if (written != (ssize_t)n)
		_exit(4);
	atomic_store(&writer->done, sequence + 1);
}

/* --- a process of the storm: storm PROCESS SEED ----------------------------------------------- */

static _Thread_local unsigned self;

static void handle(int sig)
{
	int error = errno;

	(void)sig;
	write_record(HANDLERS + self, self * 40, self ? RECORDS_ENDLESS : RECORDS_LINES);
	errno = error;
}

static struct dice dice_of_writer(unsigned id)
{
	return dice_of_case(base + id);
}

static void mask_alarm(int how)
{
	sigset_t alarm_only;

	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	pthread_sigmask(how, &alarm_only, NULL);
}

/* One writes lines, one no line's end at all, one either. */
static void *write_records(void *number)
{
	self = *(unsigned *)number;
	mask_alarm(SIG_UNBLOCK);
	struct dice dice = dice_of_writer(self);

	for (unsigned i = 0; i < RECORDS_OF_THREAD; i++) {
		bool line = self == 0 || (self == 2 && dice_one_in(&dice, 2));

		write_record(self, dice_below(&dice, line ? MAX - RECORDS_HEAD : PAYLOAD),
			     line ? RECORDS_LINES : RECORDS_ENDLESS);
	}
	return NULL;
}

static void *write_until_cancelled(void *number)
{
	unsigned id = *(unsigned *)number;

	for (;;)
		write_record(id, PAYLOAD, RECORDS_ENDLESS);
	return NULL;
}

/* Each has begun a record when it is cancelled; with a pipe this full, most are blocked. */
static void *cancel_threads(void *unused)
{
	for (unsigned id = CANCELLED; id < CANCELLED + CANCELS; id++) {
		pthread_t thread;
		void *result;

		if (pthread_create(&thread, NULL, write_until_cancelled, &id))
			_exit(5);
		while (atomic_load(&writers[base + id].begun) < 2)
			sched_yield();
		pthread_cancel(thread);
		if (pthread_join(thread, &result) || result != PTHREAD_CANCELED)
			_exit(6);
	}
	return unused;
}

static void reap(pid_t child)
{
	int status;
	pid_t reaped;

	do
		reaped = waitpid(child, &status, 0);
	while (reaped < 0 && errno == EINTR);
	if (child < 0 || reaped != child || status)
		_exit(7);
}

static void *fork_children(void *unused)
{
	for (unsigned id = FORKED; id < FORKED + FORKS; id++) {
		pid_t child = fork();

		if (!child) {
			for (unsigned i = 0; i < RECORDS_OF_FORK; i++)
				write_record(id, 28 * i, i % 2 ? RECORDS_ENDLESS : RECORDS_LINES);
			_exit(0);
		}
		reap(child);
	}
	return unused;
}

/* printf(1) writes the record for us. */
static pid_t vfork_program(unsigned id)
{
	static char record[RECORDS_MOST];
	char *const argv[] = {(char *)(uintptr_t) "printf", (char *)(uintptr_t) "%s", record, NULL};
	size_t n = records_make(record, base + id, 0, PAYLOAD, RECORDS_ENDLESS);

	record[n] = '\0';
	atomic_store(&writers[base + id].begun, 1);
	pid_t child = vfork();

	if (!child) {
		execv("/usr/bin/printf", argv);
		_exit(8);
	}
	return child;
}

static pid_t vfork_writer(unsigned id)
{
	pid_t child = vfork();

	if (!child) {
		write_record(id, PAYLOAD, RECORDS_ENDLESS);
		write_record(id, 10, RECORDS_LINES);
		_exit(0);
	}
	return child;
}

static void *vfork_children(void *unused)
{
	for (unsigned i = 0; i < VFORKS; i++) {
		reap(vfork_writer(VFORKED + i));
		reap(vfork_program(EXECUTED + i));
		atomic_store(&writers[base + EXECUTED + i].done, 1);
	}
	return unused;
}

/* The handler runs in those threads that write until they are done, and nowhere else. */
static void start_signals(void)
{
	const struct itimerval often = {{0, 500}, {0, 500}};
	struct sigaction action = {.sa_handler = handle};

	sigaction(SIGALRM, &action, NULL); /* without SA_RESTART: write(2) may say EINTR */
	setitimer(ITIMER_REAL, &often, NULL);
}

static int run_process(unsigned process)
{
	static unsigned numbers[THREADS];
	void *(*const others[])(void *) = {cancel_threads, fork_children, vfork_children};
	enum { OTHERS = sizeof others / sizeof *others };
	pthread_t threads[THREADS + OTHERS];

	base = process * PROCESS_IDS;
	writers = records_join();
	if (!writers)
		return 5;
	mask_alarm(SIG_BLOCK);
	start_signals();
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		if (pthread_create(&threads[i], NULL, write_records, &numbers[i]))
			return 5;
	}
	for (unsigned i = 0; i < OTHERS; i++)
		if (pthread_create(&threads[THREADS + i], NULL, others[i], NULL))
			return 5;
	for (unsigned i = 0; i < THREADS + OTHERS; i++)
		pthread_join(threads[i], NULL);
	return wait(NULL) < 0 && errno == ECHILD ? 0 : 9; /* no zombie */
}

/* --- rounds ----------------------------------------------------------------------------------- */

static struct figures {
	size_t records, lines, breaks, longest, unfinished, cancelled;
} total;

static struct records records;
static const char *wrong;
static char why[300];

/* Reads until that writer has so many records done, then kills its process. */
static void kill_on_the_way(struct world *world, pid_t victim)
{
	const struct records_writer *writer = &writers[(PROCESSES - 1) * PROCESS_IDS + 1];

	while (atomic_load(&writer->done) < RECORDS_BEFORE_KILL)
		world_read(world);
	kill(victim, SIGKILL);
}

static void count_writers(void)
{
	for (unsigned i = 0; i < PROCESSES * PROCESS_IDS; i++) {
		unsigned id = i % PROCESS_IDS;
		bool ended = records.next[i] && (i / PROCESS_IDS == PROCESSES - 1 ||
						 (id >= CANCELLED && id < CANCELLED + CANCELS));
		uint32_t begun = atomic_load(&writers[i].begun);

		total.cancelled += id >= CANCELLED && id < CANCELLED + CANCELS && records.next[i];
		total.unfinished += begun - records.next[i];
		if (!ended && begun != records.next[i] && i / PROCESS_IDS != PROCESSES - 1)
			wrong = "a writer that was not ended has all its records out";
	}
}

static bool run_round(enum world_library library, unsigned round)
{
	struct world world = world_open(library, MAX, RECORDS_MARK);
	char process[16], seed[32];
	const char *const argv[] = {"storm", process, seed, NULL};
	pid_t victim = 0;

	memset(writers, 0, RECORDS_WRITERS * sizeof *writers);
	fcntl(world.writer, F_SETPIPE_SZ, PIPE_BYTES);
	snprintf(seed, sizeof seed, "%#llx", (unsigned long long)dice_seed() + round);
	for (unsigned i = 0; i < PROCESSES; i++) {
		snprintf(process, sizeof process, "%u", i);
		victim = world_spawn(&world, 0, argv);
	}
	kill_on_the_way(&world, victim);
	world_drain(&world);
	if (!world_reap(SIGKILL))
		wrong = "no process comes to a bad end, and none is left";
	if (!records_check(&records, writers, world.bytes, world.length))
		wrong = records.broken;
	else
		count_writers();
	if (!wrong && !round)
		wrong = records_selfcheck(writers, world.bytes, world.length);
	struct world_lines lines = world_lines(&world);

	total.records += records.count;
	total.lines += records.lines;
	total.breaks += records.marks;
	total.longest = lines.longest > total.longest ? lines.longest : total.longest;
	if (wrong)
		snprintf(why, sizeof why, "; round %u: %s", round, wrong);
	world_close(&world);
	return !wrong;
}

static void run_rounds(enum world_library library, unsigned rounds)
{
	total = (struct figures){0};
	wrong = NULL;
	why[0] = '\0';
	for (unsigned i = 0; i < rounds && run_round(library, i); i++)
		;
	/* All of the other writers' that can be in flight, each with its mark. */
	size_t bound = MAX + (size_t)PROCESSES * 10 * (PAYLOAD + RECORDS_HEAD + 8);
	bool bounded = total.longest <= bound;
	bool expected = library == WORLD_GUARDED ? total.breaks && bounded : !total.breaks;

	world_report(!wrong && expected && total.cancelled,
		     "%u rounds, %zu records, %zu lines, %zu breaks, longest %zu, max %d, "
		     "%zu threads cancelled, %zu records cut off%s",
		     rounds, total.records, total.lines, total.breaks, total.longest, MAX,
		     total.cancelled, total.unfinished, why);
}

static void guarded(void)
{
	run_rounds(WORLD_GUARDED, ROUNDS);
}

static void bare(void)
{
	run_rounds(WORLD_BARE, 3);
}

int main(int argc, char **argv)
{
	static const struct world_case cases[] = {
		{"the storm by itself, without linecap", bare},
		{"threads, forks, handlers, cancellation, kill -9 and vfork: nothing is lost, "
		 "doubled or torn",
		 guarded},
	};

	if (argc == 3) {
		setenv("TEST_SEED", argv[2], 1);
		return run_process((unsigned)atoi(argv[1]));
	}
	writers = records_share();
	if (!writers)
		world_fail("memory for the writers");
	return world_run(cases, sizeof cases / sizeof *cases);
}
