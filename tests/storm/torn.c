/* Writes beyond PIPE_BUF, which a signal cuts short anywhere: also in the midst of a break. The
 * next write finishes the break first (contract 3), so each mark comes whole. */
#include "world.h"

enum {
	BYTES = 32 << 20,
	WRITE = 100000, /* bytes at a time */
	MAX = 301,	/* so that breaks come to lie across pages */
	PIPE_BYTES = 8192,
};

#define MARK "<~~~~~~~~~~ cut by a test ~~~~~>" /* 32 bytes: the longer, the likelier torn */

/* The writer's bytes follow from where they stand; none of them is a handler's, or the mark's. */
static char byte_at(size_t at)
{
	return (char)('a' + (at * 7 + at / 26) % 26);
}

/* --- the writer: torn silent|writes ----------------------------------------------------------- */

static volatile sig_atomic_t handler_writes;

static void handle(int sig)
{
	int error = errno;

	(void)sig;
	if (handler_writes)
		write_all("XXXXXXXX", 8);
	errno = error;
}

static int run_writer(const char *way)
{
	static char bytes[WRITE];
	struct sigaction action = {.sa_handler =
					   handle}; /* no SA_RESTART: writes come back short */

	handler_writes = !strcmp(way, "writes");
	sigaction(SIGUSR1, &action, NULL);
	for (size_t done = 0; done < BYTES;) {
		for (size_t i = 0; i < WRITE; i++)
			bytes[i] = byte_at(done + i);
		ssize_t n = write(1, bytes, done + WRITE < BYTES ? WRITE : BYTES - done);

		if (n < 0 && errno != EINTR)
			return 4;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* --- cases ------------------------------------------------------------------------------------ */

struct found {
	size_t marks, interruptions;
	const char *wrong;
	size_t at;
};

static struct found look(const struct world *world)
{
	static const char mark[] = MARK "\n";
	struct found found = {0};
	size_t next = 0;

	for (size_t i = 0; i < world->length && !found.wrong; found.at = i) {
		const char *at = world->bytes + i;

		if (world->length - i >= sizeof mark - 1 && !memcmp(at, mark, sizeof mark - 1)) {
			found.marks++;
			i += sizeof mark - 1;
		} else if (*at == 'X') {
			found.interruptions++;
			i++;
		} else if (*at == byte_at(next)) {
			next++;
			i++;
		} else {
			found.wrong = *at < 'a' || *at > 'z' ? "a mark is whole"
							     : "each byte comes in its turn";
		}
	}
	if (!found.wrong && next != BYTES)
		found.wrong = "all bytes have come";
	return found;
}

/* A signal after each few bytes: the pipe is full then, so most of them find the writer blocked. It
 * has its handler as soon as its first bytes come. */
static size_t drain_with_signals(struct world *world, pid_t writer)
{
	struct dice dice = dice_of_case(0);
	size_t signals = 0;

	close(world->writer);
	while (world_read_some(world, 1 + dice_below(&dice, PIPE_BYTES))) {
		kill(writer, SIGUSR1);
		signals++;
	}
	close(world->reader);
	return signals;
}

static void run_torn(const char *way)
{
	struct world world = world_open(WORLD_GUARDED, MAX, MARK);
	const char *const argv[] = {"torn", way, NULL};

	fcntl(world.writer, F_SETPIPE_SZ, PIPE_BYTES);
	pid_t writer = world_spawn(&world, 0, argv);
	size_t signals = drain_with_signals(&world, writer);
	bool well = world_reap(0), writes = !strcmp(way, "writes");
	struct found found = look(&world);
	struct world_lines lines = world_lines(&world);
	char around[64] = "";

	if (found.wrong)
		snprintf(around, sizeof around, "; byte %zu: %.24s", found.at,
			 world.bytes + (found.at > 12 ? found.at - 12 : 0));
	for (char *at = around; *at; at++)
		if (*at == '\n')
			*at = '$';
	world_report(well && !found.wrong && found.marks && signals > 1000 &&
			     !found.interruptions == !writes &&
			     lines.longest <= (writes ? 2 : 1) * MAX,
		     "%zu marks, %zu signals, %zu bytes of handlers, longest %zu, max %d%s%s%s",
		     found.marks, signals, found.interruptions, lines.longest, MAX,
		     found.wrong ? "; not so: " : "", found.wrong ? found.wrong : "", around);
	world_close(&world);
}

static void silent(void)
{
	run_torn("silent");
}

static void writing(void)
{
	run_torn("writes");
}

int main(int argc, char **argv)
{
	static const struct world_case cases[] = {
		{"marks are whole though signals cut writes short", silent},
		{"marks are whole though the handler of such a signal writes, too", writing},
	};

	if (argc == 2)
		return run_writer(argv[1]);
	return world_run(cases, sizeof cases / sizeof *cases);
}
