/* linecap pipe: the limiter as a filter from stdin to stdout. */
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "filter.h"
#include "options.h"
#include "progress.h"

enum { READ_SIZE = 256 * 1024 };

/* How many \r there are at the end, of as many as a cut minds (limiter_run), and one more. They
 * wait for what follows, so that it doesn't matter where a read ends. */
static size_t returns_at_end(const char *bytes, size_t n)
{
	size_t count = 0;

	while (count < n && count <= LIMITER_REST && bytes[n - count - 1] == '\r')
		count++;
	return count;
}

static _Noreturn void fail(const struct command *self, struct progress *progress, const char *what)
{
	int error = errno;

	progress_end(progress);
	errno = error;
	failure(self, EX_IOERR, "%s", what);
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
		if (filter_pass(&filter, buffer, length - held))
			fail(self, &progress, "write to stdout");
		memset(buffer, '\r', held);
		progress_show(&progress, bytes, filter.account->breaks, "breaks");
	}
	if (n < 0)
		fail(self, &progress, "read from stdin");
	if (filter_pass(&filter, buffer, held) || filter_end(&filter) || close(STDOUT_FILENO))
		fail(self, &progress, "write to stdout");
	progress_end(&progress);
}

static int pipe_main(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = {OPTIONS_OF_LIMITS, {NULL, 0, NULL, 0}};
	struct settings settings = options_load();
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:m:", options, NULL)) != -1)
		options_set_limit(self, &settings, option, argv);
	if (optind < argc)
		usage_error(self, "takes no operand, such as '%s': it reads stdin",
			    shown(argv[optind]));
	struct limits limits;

	if (settings.max)
		limits = settings_limits(&settings);
	limit_stdin(self, settings.max ? &limits : NULL);
	return 0;
}

const struct command command_pipe = {
	.name = "pipe",
	.summary = "break the over-long lines of stdin",
	.usage = "usage: linecap pipe [-m SIZE] [--mode MODE] [--mark MARK]\n"
		 "Passes stdin on to stdout, with each line longer than SIZE broken.\n\n"
		 "  -m, --max SIZE  the longest line, in bytes: 64 to 1G (k, M, G), or off\n"
		 "  --mode MODE     split: go on in a new line; truncate: drop the rest of the "
		 "line,\n"
		 "                  and say how much where the line ends\n"
		 "  --mark MARK     end each piece that goes on with MARK (`linecap join` undoes "
		 "it)\n\n"
		 "What isn't given comes from LINECAP_MAX, LINECAP_MODE and LINECAP_MARK, else "
		 "from\n"
		 "/etc/linecap.conf; the default is to split at 16384. A line is cut as its bytes "
		 "come\n"
		 "in: one that fits only because it ends soon, within MARK's length of SIZE, may "
		 "be\n"
		 "broken all the same if its end is read later than the rest.\n\n"
		 "exit status: 0, 64 for a bad option, 74 if reading or writing failed.\n",
	.main = pipe_main,
};
