/* linecap pipe: the limiter as a filter from stdin to stdout. */
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "filter.h"
#include "options.h"
#include "progress.h"

enum { READ_SIZE = 256 * 1024 };

static size_t returns_at_end(const char *bytes, size_t n)
{
	size_t count = 0;

	while (count < n && bytes[n - count - 1] == '\r')
		count++;
	return count;
}

/* How many of n \r that come next may go before it is known what follows them? The limiter moves a
 * cut to before a sequence, from there to before the \r, and looks at one byte more: it must see
 * all of these at once, so that it doesn't matter where a read ends. Once they are past the longest
 * line, the place of the cut is certain. A prompt or a modem's command doesn't wait. */
static size_t may_go(const struct filter *filter, size_t n)
{
	const struct limits *limits = filter->limits;

	if (!limits || limits->break_length > 1)
		return n;
	struct line line = line_of(line_word(filter->account));
	uint64_t seen_from = limits->open - (2 * LIMITER_MOVE_MOST + 1);

	if (line.dropping || line.column + n <= seen_from)
		return n;
	if (line.column < seen_from)
		return (size_t)(seen_from - line.column);
	if (line.column + n <= limits->open)
		return 0;
	return line.column < limits->open ? (size_t)(limits->open - line.column) + 1 : 1;
}

static _Noreturn void fail(const struct command *self, struct progress *progress, const char *what)
{
	int error = errno;

	progress_end(progress);
	errno = error;
	failure(self, EX_IOERR, "%s", what);
}

static void pass(const struct command *self, struct filter *filter, struct progress *progress,
		 const char *bytes, size_t n)
{
	if (filter_pass(filter, bytes, n))
		fail(self, progress, "write to stdout");
}

static void limit_stdin(const struct command *self, const struct limits *limits)
{
	static char buffer[READ_SIZE];
	struct progress progress = progress_start();
	struct filter filter;
	uint64_t bytes = 0;
	size_t held = 0; /* \r at the start of the buffer */
	ssize_t n;

	filter_init(&filter, limits, STDOUT_FILENO);
	while ((n = filter_read(STDIN_FILENO, buffer + held, sizeof buffer - held)) > 0) {
		size_t length = held + (size_t)n;

		bytes += (size_t)n;
		held = returns_at_end(buffer, length);
		pass(self, &filter, &progress, buffer, length - held);
		for (size_t go; held && (go = may_go(&filter, held)) > 0; held -= go)
			pass(self, &filter, &progress, buffer + length - held, go);
		memset(buffer, '\r', held);
		progress_show(&progress, bytes, filter.account->breaks, "breaks");
	}
	if (n < 0)
		fail(self, &progress, "read from stdin");
	pass(self, &filter, &progress, buffer, held);
	if (filter_end(&filter) || close(STDOUT_FILENO))
		fail(self, &progress, "write to stdout");
	progress_end(&progress);
}

static int pipe_main(const struct command *self, int argc, char **argv)
{
	struct options options = options_begin(self, argc, argv);
	struct settings settings = options_settings(&options);
	struct limits limits;

	if (settings.max)
		limits = settings_limits(&settings);
	limit_stdin(self, settings.max ? &limits : NULL);
	return 0;
}

static const struct option_row option_rows[] = {
	OPTION_OF(MAX), OPTION_OF(MODE), OPTION_OF(MARK), {0}};

static const struct exit_row exits[] = {
	{"0", "the end of the input was reached"},
	{"74", "stdin can't be read, or stdout can't be written to"},
	{0},
};

const struct command command_pipe = {
	.name = "pipe",
	.summary = "break the over-long lines of stdin",
	.synopsis = "<INPUT >OUTPUT",
	.about = "Passes stdin on to stdout, with each line longer than SIZE broken.",
	.options = option_rows,
	.notes =
		"What isn't given comes from LINECAP_MAX, LINECAP_MODE and LINECAP_MARK, else from "
		"/etc/linecap.conf; the default is to split at 16384. A line is cut as its bytes "
		"come in: one that fits only because it ends soon, within MARK's length of SIZE, "
		"may be broken all the same if its end is read later than the rest. And a "
		"character whose first bytes are the last that was read stands whole behind the "
		"break, so "
		"these do even if its rest never comes.",
	.exits = exits,
	.main = pipe_main,
};
