/* linecap join: takes the breaks out again that split put in with a mark. A mark followed by a
 * newline is a break, wherever it stands: of what was written, nothing else tells them apart. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "filter.h"
#include "options.h"
#include "progress.h"

enum { READ_SIZE = 256 * 1024, BATCH = 64 };

struct joiner {
	const struct command *self;
	const char *mark;
	size_t mark_length;
	struct progress progress;
	uint64_t bytes, joined;

	struct iovec batch[BATCH]; /* what goes out, in buffer */
	int count;
	size_t held; /* bytes at the start of buffer that may be the start of a break */
	char buffer[LIMITER_MARK_MOST + READ_SIZE];
};

static _Noreturn void fail(struct joiner *joiner, const char *what)
{
	int error = errno;

	progress_end(&joiner->progress);
	errno = error;
	failure(joiner->self, EX_IOERR, "%s", what);
}

static void flush(struct joiner *joiner)
{
	if (filter_write(STDOUT_FILENO, joiner->batch, joiner->count))
		fail(joiner, "write to stdout");
	joiner->count = 0;
}

static void pass(struct joiner *joiner, char *from, const char *to)
{
	if (from == to)
		return;
	if (joiner->count == BATCH)
		flush(joiner);
	joiner->batch[joiner->count++] =
		(struct iovec){.iov_base = from, .iov_len = (size_t)(to - from)};
}

/* How many of the last bytes may be the start of a mark that the next read goes on with. */
static size_t start_of_mark(const struct joiner *joiner, const char *from, const char *end)
{
	size_t most = joiner->mark_length;

	if (most > (size_t)(end - from))
		most = (size_t)(end - from);
	while (memcmp(end - most, joiner->mark, most) != 0)
		most--;
	return most;
}

/* Passes on the buffer up to end, without its breaks, but for what has to be held. */
static void join(struct joiner *joiner, const char *end)
{
	char *from = joiner->buffer; /* not passed yet */
	char *at = from, *newline;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1) {
		const char *mark = newline - joiner->mark_length;

		if ((size_t)(newline - from) < joiner->mark_length ||
		    memcmp(mark, joiner->mark, joiner->mark_length) != 0)
			continue;
		pass(joiner, from, mark);
		from = newline + 1;
		joiner->joined++;
	}
	joiner->held = start_of_mark(joiner, at, end);
	pass(joiner, from, end - joiner->held);
	flush(joiner);
	memmove(joiner->buffer, end - joiner->held, joiner->held);
}

static void join_stdin(struct joiner *joiner)
{
	ssize_t n;

	joiner->progress = progress_start();
	while ((n = filter_read(STDIN_FILENO, joiner->buffer + joiner->held, READ_SIZE)) > 0) {
		joiner->bytes += (size_t)n;
		join(joiner, joiner->buffer + joiner->held + n);
		progress_show(&joiner->progress, joiner->bytes, joiner->joined, "breaks joined");
	}
	if (n < 0)
		fail(joiner, "read from stdin");
	pass(joiner, joiner->buffer, joiner->buffer + joiner->held);
	flush(joiner);
	if (close(STDOUT_FILENO))
		fail(joiner, "write to stdout");
	progress_end(&joiner->progress);
}

static int join_main(const struct command *self, int argc, char **argv)
{
	static struct joiner joiner;
	struct options options = options_begin(self, argc, argv);
	struct settings settings = options_settings(&options);

	if (!*settings.mark)
		usage_error(self,
			    "--mark MARK is missing: without the mark that the lines were broken "
			    "with, a break can't be told from a newline");
	joiner.self = self;
	joiner.mark = settings.mark;
	joiner.mark_length = strlen(settings.mark);
	join_stdin(&joiner);
	return 0;
}

static const struct option_row option_rows[] = {
	{.key = OPTION_SETS + SETTING_MARK,
	 .help = "what the lines were split with; else LINECAP_MARK, else that of "
		 "/etc/linecap.conf"},
	{0},
};

static const struct exit_row exits[] = {
	{"0", "the end of the input was reached"},
	{"74", "stdin can't be read, or stdout can't be written to"},
	{0},
};

const struct command command_join = {
	.name = "join",
	.summary = "put lines together that were split with a mark",
	.synopsis = "<INPUT >OUTPUT",
	.about = "Passes stdin on to stdout without the breaks that split put in: each MARK that a "
		 "newline follows is taken out together with the newline.",
	.options = option_rows,
	.notes =
		"The result is the original to the byte, unless the original itself had a line "
		"that "
		"ends with MARK: that newline looks like a break, and goes. Choose a MARK that the "
		"program doesn't print.",
	.exits = exits,
	.main = join_main,
};
