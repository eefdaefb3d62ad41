/* Pages of random bytes under real processes: the worst that they can do is to misplace a break. */
#include <sched.h>
#include <sys/shm.h>

#include "world.h"

enum {
	ROUNDS = 1500,
	PAGE = 4096,
	MAX = 64,
	LENGTH = 1000,
	WORDS_OF_IDENTITY = 3,
};

/* printf(1) writes it to the pipe. */
static void start_printf(struct world *world, const char *format)
{
	char **env = world_env(world);
	pid_t child = fork();

	if (!child) {
		world_child(world);
		execle("/usr/bin/printf", "printf", format, "0", (char *)NULL, env);
		_exit(3);
	}
}

/* The pipe gets its page, and its line is empty. */
static bool make_page(struct world *world)
{
	char newline;

	start_printf(world, "%.0s\n");
	return read(world->reader, &newline, 1) == 1 && world_reap(0);
}

/* LENGTH bytes without a newline. */
static bool write_line(struct world *world)
{
	start_printf(world, "%01000d");
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

/* The pipe's page: the only segment there is. */
static uint64_t *page_of_world(int *id)
{
	struct shm_info info;
	struct shmid_ds about;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);

	for (int i = 0; i <= last; i++) {
		*id = shmctl(i, SHM_STAT, &about);
		if (*id >= 0)
			return shmat(*id, NULL, 0);
	}
	world_fail("the page");
	return NULL;
}

/* Whose page it is stays: its first words. */
static void fill_page(struct dice *dice)
{
	int id;
	uint64_t *words = page_of_world(&id);

	for (size_t i = WORDS_OF_IDENTITY; i < PAGE / sizeof *words; i++)
		words[i] = dice_next(dice) >> (dice_one_in(dice, 2) ? dice_below(dice, 64) : 0);
	shmdt(words);
}

static void remove_page(void)
{
	int id;

	shmdt(page_of_world(&id));
	shmctl(id, IPC_RMID, NULL);
}

/* In an IPC namespace where there are no other segments. */
static void random_pages(void)
{
	const char *wrong = NULL;
	size_t others = 0; /* rounds whose breaks stand elsewhere than without garbage */
	unsigned round = 0;

	if (unshare(CLONE_NEWIPC)) {
		world_report(true, "skipped: it takes root");
		return;
	}
	for (; round < ROUNDS && !wrong; round++) {
		struct world world = world_open(WORLD_GUARDED, MAX, "");
		struct dice dice = dice_of_case(round);

		if (!make_page(&world))
			world_fail("printf");
		fill_page(&dice);
		wrong = write_line(&world) ? judge(&world) : "the process ends well";
		others += world.length != LENGTH + LENGTH / MAX || world.bytes[MAX] != '\n';
		remove_page();
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
