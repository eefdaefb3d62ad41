/* linecap cri-log: a container runtime's logger on its own, from stdin to a log. What it does to a
 * stream, and how much memory that takes, is in cri/logger.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cri/logger.h"
#include "filter.h"
#include "options.h"
#include "progress.h"

enum { READ_SIZE = 32 * 1024 }; /* what containerd takes from the container's FIFO at a time */

struct job {
	enum cri_stream stream;
	size_t max_line;
	const char *file; /* NULL for stdout */
	int out;
	bool write_failed;
	struct progress progress;
};

static void report_write_error(struct job *job)
{
	const char *why = strerror(errno);

	if (job->write_failed)
		return;
	job->write_failed = true;
	progress_end(&job->progress);
	fprintf(stderr, "linecap cri-log: write to %s: %s; reading on without it\n",
		job->file ? shown(job->file) : "stdout", why);
}

static void write_line(void *state, const char *line, size_t n)
{
	struct job *job = state;

	if (filter_write(job->out, &(struct iovec){(char *)line, n}, 1))
		report_write_error(job);
}

static struct timespec wall_clock(void *state)
{
	struct timespec time;

	(void)state;
	clock_gettime(CLOCK_REALTIME, &time);
	return time;
}

static struct job job_of(struct options *options)
{
	struct job job = {.stream = CRI_STDOUT, .max_line = 16384, .out = STDOUT_FILENO};
	long long max_line;

	for (int key; (key = option_next(options));)
		switch (key) {
		case 'm':
			max_line = option_number(options, -1, INT_MAX);
			job.max_line = max_line < 0 ? 0 : (size_t)max_line;
			break;
		case 's':
			job.stream = (enum cri_stream)option_word(options);
			break;
		case 'o':
			job.file = options->value;
			break;
		}
	return job;
}

/* What failed, and with which errno, when that is known. */
static _Noreturn void fail(const struct command *self, struct job *job, int status,
			   const char *what)
{
	int error = errno;

	progress_end(&job->progress);
	errno = error;
	failure(self, status, "%s", what);
}

static void log_stdin(const struct command *self, struct job *job, struct cri_logger *logger)
{
	char bytes[READ_SIZE];
	uint64_t bytes_read = 0;
	ssize_t n;
	int error;

	while ((n = filter_read(STDIN_FILENO, bytes, sizeof bytes)) > 0) {
		if (cri_logger_take(logger, bytes, (size_t)n))
			fail(self, job, EX_OSERR, "hold the line");
		bytes_read += (uint64_t)n;
		progress_show(&job->progress, bytes_read, cri_logger_pending(logger),
			      "bytes in the current line");
	}
	error = errno;
	if (cri_logger_end(logger))
		fail(self, job, EX_OSERR, "hold the line");
	errno = error;
	if (n < 0)
		fail(self, job, EX_IOERR, "read from stdin");
	progress_end(&job->progress);
}

static int cri_log_main(const struct command *self, int argc, char **argv)
{
	struct options options = options_begin(self, argc, argv);
	struct job job = job_of(&options);
	struct cri_logger logger;

	if (job.file)
		job.out = open(job.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (job.out < 0)
		failure(self, EX_CANTCREAT, "open '%s'", shown(job.file));
	job.progress = progress_start();
	job.progress.wanted = isatty(STDERR_FILENO) && !isatty(job.out);
	signal(SIGPIPE, SIG_IGN); /* a reader that goes away is a write error like any other */

	cri_logger_init(
		&logger, job.stream, job.max_line,
		(struct cri_world){.now = wall_clock, .write_line = write_line, .state = &job});
	log_stdin(self, &job, &logger);
	cri_logger_free(&logger);
	if (close(job.out))
		report_write_error(&job);
	return job.write_failed ? EX_IOERR : 0;
}

static const struct option_row option_rows[] = {
	{'m', "--max-line", "N", NULL, "a number of bytes from 0 to 2147483647, or -1 (no limit)",
	 "bytes in one log line before it is cut: containerd's max_container_log_line_size (16384; "
	 "-1 or 0: no limit)"},
	{'s', "--stream", "NAME", CRI_STREAM_WORDS, "stdout or stderr",
	 "stdout or stderr, for the log lines (stdout)"},
	{'o', "-o", "FILE", NULL, "the name of a file",
	 "append to FILE instead of writing to stdout"},
	{0},
};

static const struct exit_row exits[] = {
	{"0", "the end of the input was reached"},
	{"71", "memory can't hold the line"},
	{"73", "FILE can't be opened"},
	{"74", "stdin can't be read, or the log can't be written to"},
	{0},
};

const struct command command_cri_log = {
	.name = "cri-log",
	.summary = "write a container log from stdin, as containerd does",
	.synopsis = "<INPUT",
	.about = "Reads a container's output on stdin and writes the container log that containerd "
		 "would, holding each line in memory just as long as containerd does.",
	.options = option_rows,
	.notes = "If the log can't be written, it says so once, reads on to the end of stdin and "
		 "exits "
		 "74. With a terminal for stderr it shows how far it is.",
	.exits = exits,
	.main = cri_log_main,
};
