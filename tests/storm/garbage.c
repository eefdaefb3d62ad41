/* Pages of random bytes under real processes: the worst that they can do is to misplace a break. */
#include "world.h"

enum {
	ROUNDS = 1500,
	PAGE = 4096,
	MAX = 64,
	LENGTH = 1000,
};

static char page_path[64];
static uint64_t magic;

static void set_page_path(const struct world *world)
{
	struct stat st;

	if (fstat(world->reader, &st))
		world_fail("fstat");
	snprintf(page_path, sizeof page_path, "/dev/shm/linecap.%u.%ju.%ju", (unsigned)geteuid(),
		 (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
}

/* printf(1) writes LENGTH bytes without a newline. */
static bool write_line(struct world *world)
{
	char **env = world_env(world);
	pid_t child = fork();

	if (!child) {
		world_child(world);
		execle("/usr/bin/printf", "printf", "%01000d", "0", (char *)NULL, env);
		_exit(3);
	}
	world_drain(world);
	return world_reap(0);
}

/* A word that lies may say that a report of dropped bytes was torn: then its rest comes first. */
static size_t report_length(const struct world *world)
{
	const char *newline = memchr(world->bytes, '\n', world->length);
	size_t n = newline ? (size_t)(newline - world->bytes) : 0;

	return n && n < 48 && world->bytes[n - 1] == ']' ? n + 1 : 0;
}

/* All zeroes, in lines of at most max. */
static const char *judge(const struct world *world)
{
	size_t zeroes = 0;

	for (size_t i = report_length(world); i < world->length; i++) {
		zeroes += world->bytes[i] == '0';
		if (world->bytes[i] != '0' && world->bytes[i] != '\n')
			return "no byte is another's";
	}
	if (zeroes != LENGTH)
		return "no byte is lost or doubled";
	return world_lines(world).longest > MAX ? "no line is over max" : NULL;
}

static void learn_magic(void)
{
	struct world world = world_open(WORLD_GUARDED, MAX, "");

	set_page_path(&world);
	if (!write_line(&world))
		world_fail("printf");
	int fd = open(page_path, O_RDONLY | O_CLOEXEC);

	if (read(fd, &magic, sizeof magic) != sizeof magic)
		world_fail(page_path);
	close(fd);
	unlink(page_path);
	world_close(&world);
}

static void put_random_page(struct dice *dice)
{
	uint64_t words[PAGE / sizeof(uint64_t)] = {magic};
	int fd = open(page_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	for (size_t i = 1; i < sizeof words / sizeof *words; i++)
		words[i] = dice_next(dice) >> (dice_one_in(dice, 2) ? dice_below(dice, 64) : 0);
	if (write(fd, words, sizeof words) != sizeof words)
		world_fail(page_path);
	close(fd);
}

static void random_pages(void)
{
	const char *wrong = NULL;
	size_t others = 0; /* rounds whose breaks stand elsewhere than without garbage */
	unsigned round = 0;

	learn_magic();
	for (; round < ROUNDS && !wrong; round++) {
		struct world world = world_open(WORLD_GUARDED, MAX, "");
		struct dice dice = dice_of_case(round);

		set_page_path(&world);
		put_random_page(&dice);
		wrong = write_line(&world) ? judge(&world) : "the process ends well";
		others += world.length != LENGTH + LENGTH / MAX || world.bytes[MAX] != '\n';
		unlink(page_path);
		world_close(&world);
	}
	world_report(!wrong && others, "%u pages, %zu of them misplace a break%s%s", round, others,
		     wrong ? "; not so in the last: " : "", wrong ? wrong : "");
}

int main(void)
{
	static const struct world_case cases[] = {
		{"a page of random bytes can but misplace a break", random_pages},
	};

	return world_run(cases, sizeof cases / sizeof *cases);
}
