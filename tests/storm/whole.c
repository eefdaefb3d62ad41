/* Whole lines beside endless ones: workers that print lines within max, in one write each, are
 * never broken, whatever writes beside them. */
#include <sys/mman.h>

#include "world.h"

#include "records.h"

enum {
	WORKERS = 8,
	ENDLESS = 4,
	MAX = 4096,
	LINES = 2000,	/* of a worker */
	PIECES = 20000, /* of an endless writer */
};

static struct records_writer *writers;

/* --- a writer: whole ID MOST --------------------------------------------------------------------
 */

static void write_record(unsigned id, unsigned sequence, size_t payload, enum records_kind kind)
{
	char record[RECORDS_MOST];
	size_t n = records_make(record, id, sequence, payload, kind);

	atomic_store(&writers[id].begun, sequence + 1);
	write_all(record, n);
	atomic_store(&writers[id].done, sequence + 1);
}

static int run_writer(unsigned id, size_t most)
{
	struct dice dice = dice_of_case(id);
	bool line = id < WORKERS;

	writers = records_join();
	if (!writers)
		return 5;
	for (unsigned i = 0; i < (line ? LINES : PIECES); i++)
		write_record(id, i, dice_below(&dice, line ? most : 200),
			     line ? RECORDS_LINES : RECORDS_ENDLESS);
	return 0;
}

/* --- the case --------------------------------------------------------------------------------- */

static struct records records;

/* Lines of up to so many bytes, of which max allows all. */
static void run_beside(size_t payload, unsigned max)
{
	struct world world = world_open(WORLD_GUARDED, max, RECORDS_MARK);
	char id[16], most[16], seed[64];
	const char *const argv[] = {"whole", id, most, seed, NULL};

	memset(writers, 0, RECORDS_WRITERS * sizeof *writers);
	snprintf(most, sizeof most, "%zu", payload);
	snprintf(seed, sizeof seed, "%#llx", (unsigned long long)dice_seed());
	for (unsigned i = 0; i < WORKERS + ENDLESS; i++) {
		snprintf(id, sizeof id, "%u", i);
		world_spawn(&world, 0, argv);
	}
	world_drain(&world);
	bool well = world_reap(0);
	const char *overlooked = records_selfcheck(writers, world.bytes, world.length);
	bool held = records_check(&records, writers, world.bytes, world.length);
	size_t bound = max + (WORKERS + ENDLESS - 1) * (payload + RECORDS_HEAD + 2);
	struct world_lines lines = world_lines(&world);

	world_report(well && held && !overlooked && records.marks && lines.longest <= bound &&
			     records.lines == (size_t)WORKERS * LINES,
		     "%zu lines, %zu pieces, %zu breaks, longest %zu, max %u%s%s%s%s",
		     records.lines, records.count - records.lines, records.marks, lines.longest,
		     max, held ? "" : "; not so: ", records.broken,
		     overlooked ? "; overlooked: " : "", overlooked ? overlooked : "");
	world_close(&world);
}

static void long_lines(void)
{
	run_beside(RECORDS_PAYLOAD, MAX);
}

static void lines_of_max(void)
{
	run_beside(RECORDS_PAYLOAD, RECORDS_HEAD + RECORDS_PAYLOAD + 1);
}

static void short_lines(void)
{
	run_beside(80, 100);
}

/* The proof that there is something to break. */
static void no_library(void)
{
	struct world world = world_open(WORLD_BARE, MAX, RECORDS_MARK);
	const char *const argv[] = {"whole", "8", "0", "0x1", NULL};

	memset(writers, 0, RECORDS_WRITERS * sizeof *writers);
	world_spawn(&world, 0, argv);
	world_drain(&world);
	bool well = world_reap(0) && records_check(&records, writers, world.bytes, world.length);
	struct world_lines lines = world_lines(&world);

	world_report(well && !records.marks && lines.count == 1 && lines.longest > 1000000,
		     "longest %zu, %zu breaks", lines.longest, records.marks);
	world_close(&world);
}

int main(int argc, char **argv)
{
	static const struct world_case cases[] = {
		{"without linecap an endless writer makes one line", no_library},
		{"whole lines of 16 to 3996 bytes stay whole beside 4 endless writers", long_lines},
		{"whole lines as long as max stay whole beside 4 endless writers", lines_of_max},
		{"whole lines of 16 to 96 bytes stay whole beside 4 endless writers", short_lines},
	};

	if (argc == 4) {
		setenv("TEST_SEED", argv[3], 1);
		return run_writer((unsigned)atoi(argv[1]), (size_t)atol(argv[2]));
	}
	writers = records_share();
	if (!writers)
		world_fail("memory for the writers");
	return world_run(cases, sizeof cases / sizeof *cases);
}
