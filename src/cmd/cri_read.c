/* linecap cri-read: shows a container log as `kubectl logs` does. What is shown is the matter of
 * cri/reader.h; here are the files, the waiting and the rotation. */
#include <bsd/libutil.h>
#include <bsd/stdlib.h>
#include <bsd/vis.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
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

#include "cmd.h"
#include "cri/reader.h"

/* What fsnotify, which kubelet uses, asks of inotify. */
enum {
	WATCHED = IN_CREATE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
		  IN_MOVE_SELF | IN_DELETE_SELF
};

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

/* An inotify fd that tells what changes beside the file. */
static int watch_directory(const struct command *self, const struct job *job)
{
	int watch = inotify_init1(IN_CLOEXEC);
	char *directory = strdup(job->file);

	if (watch < 0 || !directory || inotify_add_watch(watch, dirname(directory), WATCHED) < 0)
		failure(self, EX_OSERR, "watch the directory of '%s'", job->name);
	free(directory);
	return watch;
}

/* Which file changed is of no interest: a look at the log costs less than finding out. */
static void wait_for_change(const struct command *self, int watch)
{
	char events[4096];

	if (read(watch, events, sizeof events) < 0 && errno != EINTR)
		failure(self, EX_IOERR, "wait for a change");
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
			wait_for_change(self, watch);
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

static void choose_stream(const struct command *self, struct cri_wanted *wanted, const char *name)
{
	enum cri_stream stream = cri_stream_named(name, strlen(name));

	if (stream == CRI_STREAMS)
		usage_error(self, "--stream is stdout or stderr, not '%s'", shown(name));
	wanted->streams[CRI_STDOUT] = stream == CRI_STDOUT;
	wanted->streams[CRI_STDERR] = stream == CRI_STDERR;
}

static void parse_option(const struct command *self, struct job *job, int option, char **argv)
{
	struct cri_wanted *wanted = &job->wanted;
	struct cri_time since;
	const char *fault;

	switch (option) {
	case 't':
		wanted->timestamps = true;
		break;
	case 'f':
		wanted->follow = true;
		break;
	case 'n':
		job->tail = strtonum(optarg, -1, INT64_MAX, &fault);
		if (fault)
			usage_error(self, "--tail is a number of log lines or -1 (all), not '%s'",
				    shown(optarg));
		break;
	case 'T':
		if (!cri_parse_time(optarg, strlen(optarg), &since))
			usage_error(self, "--since-time is like 2006-01-02T15:04:05Z, not '%s'",
				    shown(optarg));
		wanted->since = since.at;
		break;
	case 'l':
		if (*optarg < '0' || *optarg > '9' || expand_number(optarg, &wanted->limit) ||
		    wanted->limit > INT64_MAX)
			usage_error(self, "--limit-bytes is a size like 4096 or 10M, not '%s'",
				    shown(optarg));
		break;
	case 's':
		choose_stream(self, wanted, optarg);
		break;
	default:
		option_error(self, option, argv);
	}
}

static struct job parse_command_line(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"timestamps", no_argument, NULL, 't'},
		{"tail", required_argument, NULL, 'n'},
		{"since-time", required_argument, NULL, 'T'},
		{"limit-bytes", required_argument, NULL, 'l'},
		{"stream", required_argument, NULL, 's'},
		{"follow", no_argument, NULL, 'f'},
		{NULL, 0, NULL, 0},
	};
	struct job job = {.wanted = {.streams = {true, true},
				     .since = {.tv_sec = INT64_MIN},
				     .limit = UINT64_MAX,
				     .lines = UINT64_MAX},
			  .tail = -1};
	int option;

	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1)
		parse_option(self, &job, option, argv);
	if (argc - optind != 1)
		usage_error(self, "it takes one FILE, not %d", argc - optind);
	job.file = argv[optind];
	job.name = shown(job.file);
	/* Following, it's only where to begin. */
	if (job.tail >= 0 && !job.wanted.follow)
		job.wanted.lines = (uint64_t)job.tail;
	return job;
}

/* Made ready before the first look at the log, so that no change can be missed. */
static int prepare_to_follow(const struct command *self, struct job *job)
{
	/* The file that a symbolic link names is the one that gets rotated. */
	const char *file = realpath(job->file, NULL);

	if (!file)
		failure(self, EX_NOINPUT, "open '%s'", job->name);
	job->file = file;
	setvbuf(stdout, NULL, _IONBF, 0);
	signal(SIGINT, end_following);
	signal(SIGTERM, end_following);
	return watch_directory(self, job);
}

static void open_log(const struct command *self, struct job *job, struct cri_reader *reader)
{
	off_t begin = 0;

	job->fd = open(job->file, O_RDONLY | O_CLOEXEC);
	if (job->fd < 0)
		failure(self, EX_NOINPUT, "open '%s'", job->name);
	if (job->tail >= 0)
		begin = cri_find_tail(job->fd, (uint64_t)job->tail);
	if (begin < 0)
		failure(self, EX_IOERR, "read '%s'", job->name);
	cri_reader_open(reader, job->fd, begin);
}

static int cri_read(const struct command *self, int argc, char **argv)
{
	static struct cri_reader reader;
	static struct job job;
	enum cri_outcome outcome;
	int watch = -1;

	job = parse_command_line(self, argc, argv);
	if (job.wanted.follow)
		watch = prepare_to_follow(self, &job);
	cri_reader_init(&reader, &job.wanted,
			&(struct cri_sink){write_content, report_malformed, &job});
	open_log(self, &job, &reader);
	outcome = job.wanted.follow ? follow(self, &job, &reader, watch) : cri_reader_run(&reader);
	if (outcome == CRI_READ_ERROR)
		failure(self, EX_IOERR, "read '%s'", job.name);
	if (outcome == CRI_WRITE_ERROR || fflush(stdout))
		failure(self, EX_IOERR, "write");
	return outcome == CRI_NO_LOG ? EX_DATAERR : 0;
}

const struct command command_cri_read = {
	.name = "cri-read",
	.summary = "show a container log, as kubectl logs does",
	.usage = "usage: linecap cri-read [--timestamps] [--tail N] [--since-time TIME]\n"
		 "                        [--limit-bytes SIZE] [--stream stdout|stderr] [--follow] "
		 "FILE\n"
		 "Shows a container log as `kubectl logs` does: what the container wrote to stdout "
		 "on\n"
		 "stdout, what it wrote to stderr on stderr.\n"
		 "\n"
		 "  --timestamps        begin each line with its time\n"
		 "  --tail N            only the last N log lines (-1: all). As for kubelet, a "
		 "line that\n"
		 "                      the runtime cut in three counts as three\n"
		 "  --since-time TIME   only log lines from this time on, RFC 3339\n"
		 "  --limit-bytes SIZE  stop after so many bytes (4096, 64k, 10M)\n"
		 "  --stream NAME       only what was written to stdout, or to stderr\n"
		 "  --follow            wait for more, through log rotation; end with SIGINT or "
		 "SIGTERM\n"
		 "\n"
		 "A malformed line is reported on stderr and skipped. Exits 65 if FILE is no CRI "
		 "log.\n",
	.main = cri_read,
};
