/* linecap install: puts the files of linecap into a folder that other containers mount; it is what
 * an image does that has no cp. A program has the old file mapped: each file is written under
 * another name and then renamed, so that nobody ever sees half of one, and no mapped one changes.
 *
 * Facts: rename(2), statvfs(3); mmap(2) with PROT_EXEC fails on a noexec mount, for the loader too.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "filter.h"
#include "options.h"
#include "program.h"
#include "version.h"

enum { MODE = 0755 }; /* for any uid, to load or to run */

static const struct part {
	const char *name, *source; /* NULL: beside this program */
	bool optional;
} parts[] = {
	{"liblinecap.so", NULL, false},
	{"libways.so", NULL, true},
	{"linecap", "/proc/self/exe", false},
};
enum { PARTS = sizeof parts / sizeof *parts };

/* The folder, which is the working directory. */
struct place {
	const struct command *self;
	const char *shown;   /* its name, as a person may see it */
	char unfinished[32]; /* what is being written there; "": nothing is */
};

static _Noreturn void give_up(struct place *place, const char *name)
{
	int error = errno;

	if (*place->unfinished)
		unlink(place->unfinished);
	errno = error;
	failure(place->self, EX_CANTCREAT, "%s%s%s", place->shown, *name ? "/" : "", name);
}

static void go_there(struct place *place, const char *path)
{
	struct statvfs filesystem;

	if (chdir(path) || statvfs(".", &filesystem))
		give_up(place, "");
	if (!(filesystem.f_flag & ST_NOEXEC))
		return;
	fprintf(stderr,
		"linecap install: %s is mounted noexec: no program can load the library from "
		"there\n",
		place->shown);
	exit(EX_CANTCREAT);
}

/* The part, open; -1: there is none, and there need not be. */
static int open_part(const struct command *self, const struct part *part)
{
	char path[PATH_MAX];

	if (!part->source && !program_beside(part->name, path)) {
		if (part->optional)
			return -1;
		fprintf(stderr, "linecap install: there is no %s beside linecap\n", part->name);
		exit(EX_UNAVAILABLE);
	}
	int fd = open(part->source ? part->source : path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		failure(self, EX_NOINPUT, "%s", part->name);
	return fd;
}

static bool copy(int from, int to)
{
	static char bytes[64 * 1024];
	ssize_t n;

	while ((n = filter_read(from, bytes, sizeof bytes)) > 0) {
		struct iovec all = {.iov_base = bytes, .iov_len = (size_t)n};

		if (filter_write(to, &all, 1))
			return false;
	}
	return !n && !fchmod(to, MODE) && !fsync(to) && !close(to);
}

static void put(struct place *place, const char *name, int from)
{
	snprintf(place->unfinished, sizeof place->unfinished, ".%s.XXXXXX", name);
	int to = mkostemp(place->unfinished, O_CLOEXEC);

	if (to < 0)
		*place->unfinished = '\0';
	if (to < 0 || !copy(from, to) || rename(place->unfinished, name))
		give_up(place, name);
	*place->unfinished = '\0';
	close(from);
}

/* So that the new names outlast a crash of the machine. */
static void settle(struct place *place)
{
	int folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0 || fsync(folder))
		give_up(place, "");
	close(folder);
}

static int install_main(const struct command *self, int argc, char **argv)
{
	struct place place = {.self = self};
	struct options options = options_begin(self, argc, argv);
	int sources[PARTS];
	const char *comma = "";

	if (!*options.operands[0])
		usage_error(self, "DIR is empty");
	place.shown = shown(options.operands[0]);
	for (size_t i = 0; i < PARTS; i++)
		sources[i] = open_part(self, &parts[i]);
	go_there(&place, options.operands[0]);
	for (size_t i = 0; i < PARTS; i++)
		if (sources[i] >= 0)
			put(&place, parts[i].name, sources[i]);
	settle(&place);
	printf("linecap " LINECAP_VERSION " is in %s: ", place.shown);
	for (size_t i = 0; i < PARTS; i++)
		if (sources[i] >= 0) {
			printf("%s%s", comma, parts[i].name);
			comma = ", ";
		}
	putchar('\n');
	if (fflush(stdout))
		failure(self, EX_IOERR, "write to stdout");
	return 0;
}

static const struct exit_row exits[] = {
	{"0", "they are there"},
	{"66", "a file to be copied can't be read"},
	{"69", "the library isn't beside this program"},
	{"73", "DIR isn't there, is no folder, is full, can't be written to, or is mounted noexec"},
	{"74", "stdout can't be written to"},
	{0},
};

const struct command command_install = {
	.name = "install",
	.summary = "put linecap into a folder that a container mounts",
	.synopsis = "DIR",
	.about = "Puts liblinecap.so, libways.so (doctor's probe, where there is one) and linecap "
		 "into DIR, from where the running linecap is. Each is replaced as a whole, or "
		 "stays as it "
		 "was; programs that use the old one go on with it. Any uid can use them there.",
	.exits = exits,
	.operands_least = 1,
	.operands_most = 1,
	.operand = "DIR",
	.main = install_main,
};
