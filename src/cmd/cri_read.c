/* linecap cri-read: shows a container log as `kubectl logs` does. What is shown is the matter of
 * cri/reader.h; here are the files, the waiting and the rotation. */
#include <bsd/vis.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cri/reader.h"
#include "decimal.h"
#include "filter.h"
#include "options.h"

/* What fsnotify, which kubelet uses, asks of inotify. */
enum {
	WATCHED = IN_CREATE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
		  IN_MOVE_SELF | IN_DELETE_SELF
};

enum { SECOND = 1000 /* milliseconds */, BLOCK = 64 * 1024 };

struct job {
	struct cri_wanted wanted;
	int64_t tail; /* -1: all */
	const char *file;
	const char *name; /* the file's, as it may be shown */
	int fd;
};

static int write_content(void *state, enum cri_stream stream, const char *bytes, size_t n)
{
	(void)state;
	if (stream == CRI_STDOUT)
		return fwrite(bytes, 1, n, stdout) == n ? 0 : -1;
	/* Both may be the same terminal. stderr has no buffer. */
	return fflush(stdout) || fwrite(bytes, 1, n, stderr) < n ? -1 : 0;
}

static void report_malformed(void *state, off_t where, const char *fault, const char *excerpt,
			     size_t n)
{
	const struct job *job = state;
	char visible[4 * n + 1];

	fflush(stdout);
	strvisx(visible, excerpt, n, VIS_CSTYLE | VIS_NL | VIS_TAB);
	fprintf(stderr, "linecap cri-read: '%s', byte %jd: no log line, %s: '%s'\n", job->name,
		(intmax_t)where, fault, visible);
}

static _Noreturn void end_following(int signal)
{
	(void)signal;
	_exit(0);
}

/* An inotify fd that tells what changes beside the file, or -1: a container may have no more of
 * them.
 */
static int watch_directory(const struct command *self, const struct job *job)
{
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char *directory = strdup(job->file);

	if (!directory)
		failure(self, EX_OSERR, "watch the directory of '%s'", job->name);
	if (watch >= 0)
		inotify_add_watch(watch, dirname(directory), WATCHED);
	free(directory);
	return watch;
}

/* Which file changed is of no interest: a look at the log costs less than finding out. inotify is
 * silent where the file is written to by another name or on another machine, so a second is the
 * longest wait. */
static void wait_for_change(int watch)
{
	char events[4096];

	if (poll(&(struct pollfd){.fd = watch, .events = POLLIN}, 1, SECOND) > 0)
		while (read(watch, events, sizeof events) > 0)
			;
}

/* Has another file taken the name? Its fd, or -1. */
static int open_successor(const struct command *self, const struct job *job)
{
	int fd = open(job->file, O_RDONLY | O_CLOEXEC);
	struct stat old, new;

	if (fd < 0 && errno == ENOENT)
		return -1;
	if (fd < 0 || fstat(fd, &new) || fstat(job->fd, &old))
		failure(self, EX_NOINPUT, "open '%s'", job->name);
	if (old.st_dev != new.st_dev || old.st_ino != new.st_ino)
		return fd;
	close(fd);
	return -1;
}

/* Reads the log, and those that take its place, until something other than an end of file. */
static enum cri_outcome follow(const struct command *self, struct job *job,
			       struct cri_reader *reader, int watch)
{
	enum cri_outcome outcome;

	while ((outcome = cri_reader_run(reader)) == CRI_GO_ON) {
		int successor = open_successor(self, job);

		if (successor < 0) {
			wait_for_change(watch);
			continue;
		}
		/* What came between the end of file and the rotation. */
		outcome = cri_reader_run(reader);
		if (outcome != CRI_GO_ON)
			return outcome;
		close(job->fd);
		job->fd = successor;
		cri_reader_open(reader, job->fd, 0);
	}
	return outcome;
}

/* Strict where expand_number(3) isn't: it takes 10MB, 1e3 and an octal 010. 0 is no limit, as for
 * kubectl. */
static uint64_t limit_of(const struct options *options)
{
	const char *text = options->value;
	uint64_t limit;

	if ((text[0] == '0' && text[1]) || !decimal_parse_size(&text, &limit) || *text)
		option_refuse(options);
	return limit ? limit : UINT64_MAX;
}

static struct timespec since_of(const struct options *options)
{
	struct cri_time since;

	if (!cri_parse_time(options->value, strlen(options->value), &since))
		option_refuse(options);
	return since.at;
}

static struct job job_of(struct options *options)
{
	struct job job = {.wanted = {.streams = {true, true},
				     .since = {.tv_sec = INT64_MIN},
				     .limit = UINT64_MAX,
				     .lines = UINT64_MAX},
			  .tail = -1,
			  .file = options->operands[0],
			  .name = shown(options->operands[0])};
	struct cri_wanted *wanted = &job.wanted;

	for (int key; (key = option_next(options));)
		switch (key) {
		case 't':
			wanted->timestamps = true;
			break;
		case 'n':
			job.tail = option_number(options, -1, INT64_MAX);
			break;
		case 'T':
			wanted->since = since_of(options);
			break;
		case 'l':
			wanted->limit = limit_of(options);
			break;
		case 's':
			wanted->streams[CRI_STDOUT] = wanted->streams[CRI_STDERR] = false;
			wanted->streams[option_word(options)] = true;
			break;
		case 'f':
			wanted->follow = true;
			break;
		}
	/* Following, it's only where to begin. */
	if (job.tail >= 0 && !wanted->follow)
		wanted->lines = (uint64_t)job.tail;
	return job;
}

/* Opens the log, or takes stdin for it. True: it is a pipe, which can be read but once. */
static bool open_log(const struct command *self, struct job *job)
{
	job->fd =
		strcmp(job->file, "-") != 0 ? open(job->file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	if (job->fd < 0)
		failure(self, EX_NOINPUT, "open '%s'", job->name);
	return lseek(job->fd, 0, SEEK_CUR) < 0;
}

/* Where the last lines are wanted of a pipe: its bytes wait in a file without a name. */
static void hold_in_file(const struct command *self, struct job *job)
{
	static char bytes[BLOCK];
	FILE *file = tmpfile();
	ssize_t n = 0;

	while (file && (n = filter_read(job->fd, bytes, sizeof bytes)) > 0)
		if (fwrite(bytes, 1, (size_t)n, file) < (size_t)n)
			break;
	if (n < 0)
		failure(self, EX_IOERR, "read '%s'", job->name);
	if (!file || fflush(file) || ferror(file))
		failure(self, EX_OSERR, "hold '%s' in a file", job->name);
	job->fd = fileno(file);
	lseek(job->fd, 0, SEEK_SET);
}

/* The watch is there before the first look at the log, so that no change can be missed. */
static int prepare_to_follow(const struct command *self, struct job *job)
{
	if (job->fd == STDIN_FILENO)
		usage_error(self, "--follow needs the name of the file that stdin is");
	/* The file that a symbolic link names is the one that gets rotated. */
	const char *file = realpath(job->file, NULL);

	if (!file)
		failure(self, EX_NOINPUT, "open '%s'", job->name);
	job->file = file;
	signal(SIGINT, end_following);
	signal(SIGTERM, end_following);
	return watch_directory(self, job);
}

static off_t begin_of(const struct command *self, const struct job *job)
{
	off_t here = lseek(job->fd, 0, SEEK_CUR), begin = here < 0 ? 0 : here;

	if (job->tail < 0)
		return begin;
	off_t tail = cri_find_tail(job->fd, (uint64_t)job->tail);

	if (tail < 0)
		failure(self, EX_IOERR, "read '%s'", job->name);
	return tail > begin ? tail : begin;
}

static int cri_read_main(const struct command *self, int argc, char **argv)
{
	static struct cri_reader reader;
	static struct job job;
	struct options options = options_begin(self, argc, argv);
	enum cri_outcome outcome;
	int watch = -1;

	job = job_of(&options);
	if (job.wanted.follow)
		setvbuf(stdout, NULL, _IONBF, 0);
	if (open_log(self, &job)) {
		job.wanted.follow = false; /* a pipe's end is the end */
		if (job.tail >= 0)
			hold_in_file(self, &job);
	}
	if (job.wanted.follow)
		watch = prepare_to_follow(self, &job);
	cri_reader_init(&reader, &job.wanted,
			&(struct cri_sink){write_content, report_malformed, &job});
	cri_reader_open(&reader, job.fd, begin_of(self, &job));
	outcome = job.wanted.follow ? follow(self, &job, &reader, watch) : cri_reader_run(&reader);
	if (outcome == CRI_READ_ERROR)
		failure(self, EX_IOERR, "read '%s'", job.name);
	if (outcome == CRI_WRITE_ERROR || fflush(stdout))
		failure(self, EX_IOERR, "write");
	return outcome == CRI_NO_LOG ? EX_DATAERR : 0;
}

static const struct option_row option_rows[] = {
	{.key = 't', .names = "--timestamps", .help = "begin each line with its time"},
	{'n', "--tail", "N", NULL, "a number of log lines, or -1 (all)",
	 "only the last N log lines (-1: all). As for kubelet, a line that the runtime cut in "
	 "three "
	 "counts as three"},
	{'T', "--since-time", "TIME", NULL, "a time like 2006-01-02T15:04:05Z",
	 "only log lines from this time on, RFC 3339"},
	{'l', "--limit-bytes", "SIZE", NULL, "a size like 4096, 64k or 10M, or 0 (no limit)",
	 "stop after so many bytes (4096, 64k, 10M; 0: no limit)"},
	{'s', "--stream", "NAME", CRI_STREAM_WORDS, "stdout or stderr",
	 "only what was written to stdout, or to stderr"},
	{.key = 'f',
	 .names = "--follow",
	 .help = "wait for more, through log rotation; end with SIGINT or SIGTERM. Of a pipe: show "
		 "each line as it comes"},
	{0},
};

static const struct exit_row exits[] = {
	{"0", "the log was shown, or SIGINT or SIGTERM ended --follow"},
	{"65", "FILE is no CRI log"},
	{"66", "FILE can't be opened"},
	{"71", "the lines of a pipe can't be held, for --tail"},
	{"74", "FILE can't be read, or the output can't be written"},
	{0},
};

const struct command command_cri_read = {
	.name = "cri-read",
	.summary = "show a container log, as kubectl logs does",
	.synopsis = "FILE",
	.about = "Shows a container log as `kubectl logs` does: what the container wrote to stdout "
		 "on "
		 "stdout, what it wrote to stderr on stderr. FILE may be a pipe; - is stdin.",
	.options = option_rows,
	.notes = "A malformed line is reported on stderr and skipped.",
	.exits = exits,
	.operands_least = 1,
	.operands_most = 1,
	.operand = "FILE",
	.main = cri_read_main,
};
