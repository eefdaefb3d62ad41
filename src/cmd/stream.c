/* The streams. Facts: pipe(7), proc(5) on /proc/PID/fd. */
#include "stream.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NONE = -1 };

/* ---- Whose they are. ---- */

/* The first word of a file of /proc/PID, without its path; "" if there is none. */
static void read_name(pid_t pid, const char *file, char name[LEDGER_PROGRAM])
{
	char path[64], word[PATH_MAX];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, word, sizeof word - 1);

	if (fd >= 0)
		close(fd);
	word[n > 0 ? n : 0] = '\0';
	word[strcspn(word, "\n")] = '\0';
	strlcpy(name, basename(word), LEDGER_PROGRAM);
}

/* By the name that the library would give: argv[0], of what the program is by now; one that has
 * just ended has only the other. */
static void blame_author(const struct sink *sink, const char *bytes, size_t n)
{
	struct stream *stream = (struct stream *)sink;
	struct streams *streams = stream->streams;
	char name[LEDGER_PROGRAM];

	stream->broken++;
	if (!stream->filter.ledger)
		return;
	read_name(streams->author.pid, "cmdline", name);
	if (!*name)
		read_name(streams->author.pid, "comm", name);
	ledger_blame(stream->filter.ledger, streams->author.pid,
		     *name ? name : streams->author.name, bytes,
		     n < streams->sample ? n : streams->sample); /* contract 8 */
}

void streams_name(struct streams *streams, pid_t program)
{
	streams->author.pid = program;
	sem_post(&streams->author.known);
}

void streams_note_name(struct streams *streams)
{
	struct author *author = &streams->author;

	read_name(author->pid, "comm", author->last_name);
	if (*author->last_name)
		author->name = author->last_name;
}

static void pass_gate(sem_t *gate)
{
	while (sem_wait(gate))
		;
	sem_post(gate);
}

/* Is this where the report at the end goes? */
static bool takes_report(const struct stream *stream)
{
	return !strcmp(stream->streams->stats, "stderr") &&
	       (stream->fds[0] == STDERR_FILENO || stream->fds[1] == STDERR_FILENO);
}

void streams_report(const struct streams *streams)
{
	struct stream *to = NULL;
	uintmax_t broken = 0;
	char line[128];

	for (int i = 0; i < streams->count; i++) {
		const struct stream *stream = &streams->stream[i];

		broken += stream->broken;
		to = takes_report(stream) ? (struct stream *)stream : to;
	}
	if (!broken || !*streams->stats || streams->pumping)
		return;
	int n = snprintf(line, sizeof line, "linecap: pid %d (%s): lines broken: %ju\n",
			 (int)streams->author.pid, streams->author.name, broken);

	if (to && to->out != NONE)
		filter_pass(&to->filter, line, (size_t)n);
	if (to)
		return;
	bool to_stderr = !strcmp(streams->stats, "stderr");
	int fd = to_stderr ? STDERR_FILENO
			   : open(streams->stats, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	if (fd >= 0)
		dprintf(fd, "%s", line);
}

/* ---- The pumps. ---- */

/* The stream's end, for its reader too (unless that shall have the report, when the program has
 * ended). */
static void end_stream(struct stream *stream)
{
	filter_pass(&stream->filter, stream->buffer, stream->kept);
	filter_end(&stream->filter);
	stream->over = true;
	close(stream->in);
	for (int i = 0; i < STREAMS; i++)
		if (stream->fds[i] != NONE)
			close(stream->fds[i]);
	if (takes_report(stream))
		return;
	close(stream->out);
	stream->out = NONE;
}

/* How many of these n bytes to write at once: whole lines, as far as a pipe takes them whole.
 * Natively nobody's short line is torn by others who write to the pipe. */
static size_t batch_of(const char *bytes, size_t n)
{
	if (n <= PIPE_BUF)
		return n;
	const char *end = memrchr(bytes, '\n', PIPE_BUF);

	if (!end)
		end = memchr(bytes + PIPE_BUF, '\n', n - PIPE_BUF);
	return end ? (size_t)(end - bytes) + 1 : n;
}

/* Where the buffer was too small for what there was, the line that it ends in waits for its rest.
 */
static size_t ready_of(const struct stream *stream, size_t n)
{
	int more = 0;

	if (n < STREAM_READ || ioctl(stream->in, FIONREAD, &more) || !more)
		return n;
	const char *end = memrchr(stream->buffer, '\n', n);

	return end ? (size_t)(end - stream->buffer) + 1 : n;
}

/* n bytes of the buffer, but what waits. */
static int pass_lines(struct stream *stream, size_t n)
{
	size_t ready = ready_of(stream, n);

	stream->kept = 0;
	for (size_t done = 0, batch; done < ready; done += batch) {
		batch = batch_of(stream->buffer + done, ready - done);
		if (filter_pass(&stream->filter, stream->buffer + done, batch))
			return -1;
	}
	stream->kept = n - ready;
	memmove(stream->buffer, stream->buffer + ready, stream->kept);
	return 0;
}

/* One read's worth, at most n bytes: how many, or 0 at the end of the stream or if its reader has
 * gone. Waits where there is nothing. */
static size_t pass_on(struct stream *stream, size_t n)
{
	size_t room = STREAM_READ - stream->kept;
	ssize_t length = read(stream->in, stream->buffer + stream->kept, n < room ? n : room);

	if (length > 0 && !pass_lines(stream, stream->kept + (size_t)length))
		return (size_t)length;
	end_stream(stream);
	return 0;
}

/* The program has ended: what it wrote is what is in the pipe now. */
static void drain(struct stream *stream)
{
	int left = 0;

	ioctl(stream->in, FIONREAD, &left);
	while (left > 0) {
		size_t n = pass_on(stream, (size_t)left);

		if (!n)
			return;
		left -= (int)n;
	}
	struct pollfd in = {.fd = stream->in, .events = POLLIN};

	if (stream->streams->last || (poll(&in, 1, 0) > 0 && in.revents == POLLHUP))
		end_stream(stream);
}

/* Until the stream's end, its reader's, or the program's. */
static void *pump(void *argument)
{
	struct stream *stream = argument;
	struct streams *streams = stream->streams;

	pass_gate(&streams->author.known);
	while (!stream->over) {
		struct pollfd fds[] = {
			{.fd = stream->in, .events = POLLIN},
			{.fd = stream->out},
			{.fd = streams->ended, .events = POLLIN},
		};

		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[1].revents) {
			end_stream(stream);
		} else if (fds[2].revents) {
			drain(stream);
			break;
		} else if (fds[0].revents) {
			pass_on(stream, STREAM_READ);
		}
	}
	eventfd_write(streams->done, 1);
	return NULL;
}

/* With a stack that it needs: as large as a program's, two of them are more than a program with
 * little address space (ulimit -v) can have. */
static int start_pump(struct stream *stream)
{
	enum { STACK = 256 * 1024 };
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	if (error)
		return error;
	error = pthread_attr_setstacksize(&attributes, STACK);
	if (!error)
		error = pthread_create(&stream->pump, &attributes, pump, stream);
	pthread_attr_destroy(&attributes);
	return error;
}

static int start_pumps(struct streams *streams)
{
	for (int i = 0; i < streams->count; i++) {
		struct stream *stream = &streams->stream[i];

		if (stream->over)
			continue;
		errno = start_pump(stream);
		if (errno)
			return -1;
		stream->pumped = true;
		streams->pumping++;
	}
	return 0;
}

int streams_start(struct streams *streams)
{
	streams->ended = eventfd(0, EFD_CLOEXEC);
	streams->done = eventfd(0, EFD_CLOEXEC);
	return streams->ended < 0 || streams->done < 0 ? -1 : start_pumps(streams);
}

void streams_finish(struct streams *streams)
{
	eventfd_write(streams->ended, 1);
}

void streams_await(struct streams *streams)
{
	eventfd_t ended;

	if (!eventfd_read(streams->done, &ended))
		streams->pumping -= (int)ended;
}

void streams_join(struct streams *streams)
{
	for (int i = 0; i < streams->count; i++)
		if (streams->stream[i].pumped)
			pthread_join(streams->stream[i].pump, NULL);
}

bool streams_held(const struct streams *streams)
{
	bool held = false;

	for (int i = 0; !streams->pumping && i < streams->count; i++)
		held = held || !streams->stream[i].over;
	return held;
}

int streams_go_on(struct streams *streams)
{
	streams->last = true;
	close(streams->ended);
	streams->ended = eventfd(0, EFD_CLOEXEC);
	for (int i = 0; i < streams->count; i++) {
		struct stream *stream = &streams->stream[i];

		stream->pumped = false;
		if (stream->over && stream->out != NONE)
			close(stream->out);
	}
	return streams->ended < 0 ? -1 : start_pumps(streams);
}

/* ---- Where they are. ---- */

/* A pipe that may be opened anew (/dev/stdout) by whom the original may. */
static int open_stream(struct stream *stream, const struct stat *original)
{
	int ends[2];

	stream->out = fcntl(stream->fds[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (stream->out < 0 || pipe2(ends, O_CLOEXEC))
		return -1;
	stream->in = ends[0];
	stream->to = ends[1];
	if (!fchown(stream->to, original->st_uid, original->st_gid))
		fchmod(stream->to, original->st_mode & ALLPERMS);
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Then the program may as well find out by itself. */
static bool reader_gone(int fd)
{
	struct pollfd out = {.fd = fd};

	return poll(&out, 1, 0) > 0;
}

int streams_open(struct streams *streams, const struct settings *settings, const char *command)
{
	struct stat sts[STREAMS];

	streams->limits = settings_limits(settings);
	streams->stats = settings->stats;
	streams->sample = settings->sample;
	streams->last = getpid() == 1;
	streams->author.name = basename(command);
	sem_init(&streams->author.known, 0, 0);
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		struct stream *stream = &streams->stream[streams->count];
		struct stat *st = &sts[streams->count];

		if (fstat(fd, st) || !target_holds(&settings->target, st) || reader_gone(fd))
			continue;
		if (streams->count && same_file(st, &sts[0])) {
			streams->stream[0].fds[1] = fd;
			continue;
		}
		stream->streams = streams;
		stream->fds[0] = fd;
		stream->fds[1] = NONE;
		if (open_stream(stream, st))
			return -1;
		filter_init(&stream->filter, &streams->limits, stream->out);
		filter_join_ledger(&stream->filter, &(struct pipe_id){st->st_dev, st->st_ino});
		stream->filter.sink.broken = blame_author;
		streams->count++;
	}
	return 0;
}

static void put_in_place(const struct stream *stream, int fd)
{
	for (int i = 0; i < STREAMS; i++)
		if (stream->fds[i] != NONE)
			dup2(fd, stream->fds[i]);
}

/* It is the end to read from: opened there it can be written to all the same (proc(5)), while
 * another end to write to would keep the stream from ending. */
void streams_hide(const struct streams *streams)
{
	for (int i = 0; i < streams->count; i++)
		put_in_place(&streams->stream[i], streams->stream[i].in);
}

void streams_show(const struct streams *streams)
{
	for (int i = 0; i < streams->count; i++)
		put_in_place(&streams->stream[i], streams->stream[i].out);
}

void streams_take(const struct streams *streams)
{
	for (int i = 0; i < streams->count; i++)
		put_in_place(&streams->stream[i], streams->stream[i].to);
}

void streams_given(const struct streams *streams)
{
	for (int i = 0; i < streams->count; i++)
		close(streams->stream[i].to);
}

size_t streams_fds(const struct streams *streams, int fds[STREAM_FDS])
{
	size_t count = 0;

	fds[count++] = streams->ended;
	fds[count++] = streams->done;
	for (int i = 0; i < streams->count; i++) {
		fds[count++] = streams->stream[i].in;
		fds[count++] = streams->stream[i].out;
	}
	return count;
}
