/* Contract 1 where writers die in a write: killed, by a signal while the pipe is full, by
 * siglongjmp out of a handler, by pthread_cancel. However many die one after the other, the line
 * stays within 2 * max and what the last of them had in flight.
 *
 * Nothing depends on time: a writer is ended when it is stuck in its write, as the full pipe and
 * /proc tell. */
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/ioctl.h>

#include "world.h"

enum { MAX = 16384, PIPE = 8192, DEATHS = 60 };

static char text[1 << 20];

/* --- the writers ------------------------------------------------------------------------------ */

static sigjmp_buf way_out;

static void jump(int sig)
{
	(void)sig;
	siglongjmp(way_out, 1);
}

static void write_and_jump(size_t n)
{
	signal(SIGUSR1, jump);
	for (;;)
		if (!sigsetjmp(way_out, 1))
			write_all(text, n);
}

static size_t thread_bytes;

static void *write_in_thread(void *argument)
{
	for (;;)
		write_all(text, thread_bytes);
	return argument;
}

static void write_and_cancel(size_t n)
{
	sigset_t one;
	int sig;

	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	thread_bytes = n;
	for (;;) {
		pthread_t thread;

		pthread_create(&thread, NULL, write_in_thread, NULL);
		sigwait(&one, &sig);
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
}

static int writer(const char *how, size_t n)
{
	memset(text, 'x', sizeof text);
	if (!strcmp(how, "jump"))
		write_and_jump(n);
	else if (!strcmp(how, "cancel"))
		write_and_cancel(n);
	else
		write_all(text, n);
	return 0;
}

/* --- the storm -------------------------------------------------------------------------------- */

static size_t waiting(const struct world *world)
{
	int n = 0;

	if (ioctl(world->reader, FIONREAD, &n))
		world_fail("FIONREAD");
	return (size_t)n;
}

/* Until the pipe takes no more, so that its writer is stuck: one page may be in use for few bytes,
 * so what counts is that nothing comes any more. */
static void await_full_pipe(const struct world *world)
{
	size_t before = 0;

	for (int same = 0; same < 20;) {
		size_t now = waiting(world);

		same = now && now == before ? same + 1 : 0;
		before = now;
		usleep(1000);
	}
}

static void read_what_is_there(struct world *world)
{
	for (size_t n; (n = waiting(world));)
		world_read_some(world, n);
}

struct death {
	const char *how, *bytes;
	int signal;
	bool each;	    /* a process for each death */
	const char *living; /* bytes that one who doesn't die writes after each; or NULL */
};

static void write_and_live(struct world *world, const char *bytes)
{
	const char *const argv[] = {"dies", "write", bytes, NULL};

	waitpid(world_spawn(world, 0, argv), NULL, 0);
	read_what_is_there(world);
}

static void die(const struct death *death)
{
	struct world world = world_open(WORLD_GUARDED, MAX, "");
	const char *const argv[] = {"dies", death->how, death->bytes, NULL};
	pid_t child = 0;

	if (fcntl(world.reader, F_SETPIPE_SZ, PIPE) < 0)
		world_fail("F_SETPIPE_SZ");
	for (int i = 0; i < DEATHS; i++) {
		if (death->each || !i)
			child = world_spawn(&world, 0, argv);
		await_full_pipe(&world);
		kill(child, death->signal);
		if (death->each)
			waitpid(child, NULL, 0);
		read_what_is_there(&world);
		if (death->living)
			write_and_live(&world, death->living);
	}
	kill(child, SIGKILL);
	world_reap(SIGKILL);
	world_drain(&world);
	struct world_lines lines = world_lines(&world);
	size_t flight = strtoul(death->bytes, NULL, 10), bound = 2 * MAX + flight;

	world_report(lines.longest <= bound && world.length > DEATHS * PIPE / 2,
		     "%d deaths, %zu bytes, longest line %zu, bound %zu, max %d", DEATHS,
		     world.length, lines.longest, bound, MAX);
	world_close(&world);
}

static void killed(void)
{
	die(&(struct death){"write", "12000", SIGKILL, true, NULL});
}

static void killed_among_the_living(void)
{
	die(&(struct death){"write", "12000", SIGKILL, true, "1"});
}

static void terminated(void)
{
	die(&(struct death){"write", "12000", SIGTERM, true, NULL});
}

static void terminated_in_the_emitter(void)
{
	die(&(struct death){"write", "40000", SIGTERM, true, NULL});
}

static void jumps(void)
{
	die(&(struct death){"jump", "12000", SIGUSR1, false, NULL});
}

static void jumps_out_of_the_emitter(void)
{
	die(&(struct death){"jump", "40000", SIGUSR1, false, NULL});
}

static void cancelled(void)
{
	die(&(struct death){"cancel", "12000", SIGUSR1, false, NULL});
}

int main(int argc, char **argv)
{
	static const struct world_case cases[] = {
		{"writers killed in a write leave their bytes counted", killed},
		{"writers killed between small writes of others leave their bytes counted",
		 killed_among_the_living},
		{"writers ended by SIGTERM in a write leave their bytes counted", terminated},
		{"writers ended in a write with breaks leave their bytes counted",
		 terminated_in_the_emitter},
		{"a writer that jumps out of its write leaves its bytes counted", jumps},
		{"a writer that jumps out of a write with breaks leaves its bytes counted",
		 jumps_out_of_the_emitter},
		{"a thread cancelled in its write leaves its bytes counted", cancelled},
	};

	if (argc == 3)
		return writer(argv[1], strtoul(argv[2], NULL, 10));
	return world_run(cases, sizeof cases / sizeof *cases);
}
