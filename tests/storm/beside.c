/* Contract 2 where writers flush through stdio side by side: their buffers end in the midst of
 * lines, so lines are joined in the pipe, but none of those is anywhere near max. No break is put
 * in, however the writers and the reader fall in with each other. */
#include "world.h"

enum { MAX = 16384, LINE = 1500, LINES = 3000, BUFFER = 4096, READ = 4096 };

static int writer(void)
{
	static char buffer[BUFFER], line[LINE];

	memset(line, 'x', sizeof line);
	line[LINE - 1] = '\n';
	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	for (int i = 0; i < LINES; i++)
		fwrite(line, 1, sizeof line, stdout);
	return fflush(stdout);
}

static void flush_beside_each_other(int writers, useconds_t pause)
{
	struct world world = world_open(WORLD_GUARDED, MAX, "");
	const char *const argv[] = {"beside", "writer", NULL};

	for (int i = 0; i < writers; i++)
		world_spawn(&world, 0, argv);
	close(world.writer);
	while (world_read_some(&world, READ))
		if (pause)
			usleep(pause);
	close(world.reader);
	bool well = world_reap(0);
	size_t newlines = 0, lines = (size_t)writers * LINES;

	for (size_t i = 0; i < world.length; i++)
		newlines += world.bytes[i] == '\n';
	world_report(well && newlines == lines, "%d writers, %zu lines, %zu breaks, longest %zu",
		     writers, lines, newlines - lines, world_lines(&world).longest);
	world_close(&world);
}

static void two(void)
{
	flush_beside_each_other(2, 0);
}

static void four(void)
{
	flush_beside_each_other(4, 0);
}

static void two_slow(void)
{
	flush_beside_each_other(2, 500);
}

static void four_slow(void)
{
	flush_beside_each_other(4, 500);
}

int main(int argc, char **argv)
{
	static const struct world_case cases[] = {
		{"two stdio writers side by side have no line broken", two},
		{"four stdio writers side by side have no line broken", four},
		{"two stdio writers and a slow reader have no line broken", two_slow},
		{"four stdio writers and a slow reader have no line broken", four_slow},
	};

	(void)argv;
	return argc > 1 ? writer() : world_run(cases, sizeof cases / sizeof *cases);
}
