/* The reader of a container log; see reader.h, also for where the rules come from. It may not open
 * or close files, wait, or write but through its sink. */
#include <errno.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader.h"

enum { EXCERPT = 60, BLOCK = 4096 };

/* A log line on its way out. */
struct passage {
	struct cri_header header;
	bool wanted;
	bool has_content;
	bool complete; /* its newline has been seen */
};

void cri_reader_init(struct cri_reader *reader, const struct cri_wanted *wanted,
		     const struct cri_sink *sink)
{
	reader->wanted = *wanted;
	reader->sink = *sink;
	reader->known = false;
	reader->at_line_start = true;
	cri_reader_open(reader, -1, 0);
}

void cri_reader_open(struct cri_reader *reader, int fd, off_t offset)
{
	reader->fd = fd;
	reader->is_pipe = lseek(fd, 0, SEEK_CUR) < 0;
	reader->offset = reader->searched = offset;
	reader->begin = reader->end = 0;
}

static ssize_t read_next(int fd, char *bytes, size_t n)
{
	ssize_t got;

	do
		got = read(fd, bytes, n);
	while (got < 0 && errno == EINTR);
	return got;
}

static ssize_t read_at(int fd, char *bytes, size_t n, off_t offset)
{
	ssize_t got;

	do
		got = pread(fd, bytes, n, offset);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Reads more behind what the buffer holds, which is less than it can hold. */
static ssize_t read_more(struct cri_reader *reader)
{
	size_t held = reader->end - reader->begin;
	ssize_t got;

	memmove(reader->buffer, reader->buffer + reader->begin, held);
	reader->begin = 0;
	reader->end = held;
	got = reader->is_pipe
		      ? read_next(reader->fd, reader->buffer + held, sizeof reader->buffer - held)
		      : read_at(reader->fd, reader->buffer + held, sizeof reader->buffer - held,
				reader->offset);
	if (got > 0) {
		reader->end += (size_t)got;
		reader->offset += got;
	}
	return got;
}

static const char *find_newline(const struct cri_reader *reader)
{
	return memchr(reader->buffer + reader->begin, '\n', reader->end - reader->begin);
}

/* Reads on until the buffer holds a newline or is full, or the file ends. Bytes held, or -1. */
static ssize_t look_ahead(struct cri_reader *reader)
{
	ssize_t got = 1;

	while (got > 0 && !find_newline(reader) &&
	       reader->end - reader->begin < sizeof reader->buffer)
		got = read_more(reader);
	return got < 0 ? -1 : (ssize_t)(reader->end - reader->begin);
}

/* Is the newline of a line longer than the buffer in the file already? 1, 0, or -1 with errno.
 * Looks at no byte twice, however often it is asked. */
static int newline_in_file(struct cri_reader *reader)
{
	char block[BLOCK];
	ssize_t got;

	reader->searched = MAX(reader->searched, reader->offset);
	while ((got = read_at(reader->fd, block, sizeof block, reader->searched)) > 0) {
		if (memchr(block, '\n', (size_t)got))
			return 1;
		reader->searched += got;
	}
	return (int)got;
}

static enum cri_outcome give(struct cri_reader *reader, enum cri_stream stream, const char *bytes,
			     size_t n)
{
	n = MIN(n, reader->wanted.limit);
	if (n && reader->sink.write(reader->sink.state, stream, bytes, n))
		return CRI_WRITE_ERROR;
	if (reader->wanted.limit != UINT64_MAX)
		reader->wanted.limit -= n;
	return reader->wanted.limit ? CRI_GO_ON : CRI_DONE;
}

/* Gives what the buffer holds of the line's content. */
static enum cri_outcome give_piece(struct cri_reader *reader, struct passage *passage)
{
	const char *bytes = reader->buffer + reader->begin, *newline = find_newline(reader);
	size_t n = newline ? (size_t)(newline + 1 - bytes) : reader->end - reader->begin;

	reader->begin += n;
	passage->complete = newline;
	if (newline && passage->header.partial)
		n--;
	passage->has_content |= n > 0;
	return passage->wanted ? give(reader, passage->header.stream, bytes, n) : CRI_GO_ON;
}

static enum cri_outcome give_line(struct cri_reader *reader, struct passage *passage)
{
	enum cri_outcome outcome = CRI_GO_ON;
	char timestamp[CRI_TIME_SIZE + 1];
	ssize_t held = 1;

	if (passage->wanted && reader->wanted.timestamps && reader->at_line_start) {
		size_t n = cri_format_time(timestamp, passage->header.time);

		timestamp[n++] = ' ';
		outcome = give(reader, passage->header.stream, timestamp, n);
	}
	while (outcome == CRI_GO_ON && held > 0 && !passage->complete) {
		outcome = give_piece(reader, passage);
		if (!passage->complete)
			held = look_ahead(reader);
	}
	return held < 0 ? CRI_READ_ERROR : outcome;
}

static bool is_wanted(const struct cri_wanted *wanted, const struct cri_header *header)
{
	const struct timespec *at = &header->time.at, *since = &wanted->since;

	if (!wanted->streams[header->stream])
		return false;
	return at->tv_sec != since->tv_sec ? at->tv_sec > since->tv_sec
					   : at->tv_nsec >= since->tv_nsec;
}

static enum cri_outcome skip_malformed(struct cri_reader *reader, const char *fault)
{
	struct passage rest = {.wanted = false};
	const char *bytes = reader->buffer + reader->begin, *newline = find_newline(reader);
	size_t held = reader->end - reader->begin;

	reader->sink.malformed(reader->sink.state, reader->offset - (off_t)held, fault, bytes,
			       MIN(newline ? (size_t)(newline - bytes) : held, EXCERPT));
	return reader->known ? give_line(reader, &rest) : CRI_NO_LOG;
}

/* Reads the log line of which the buffer holds the first bytes. */
static enum cri_outcome pass_line(struct cri_reader *reader, size_t held)
{
	const char *line = reader->buffer + reader->begin, *newline = find_newline(reader);
	struct passage passage = {
		.header = cri_parse_header(line, newline ? (size_t)(newline - line) : held)};
	enum cri_outcome outcome;

	if (passage.header.fault)
		return skip_malformed(reader, passage.header.fault);
	reader->known = true;
	reader->begin += passage.header.length;
	passage.wanted = is_wanted(&reader->wanted, &passage.header);
	outcome = give_line(reader, &passage);
	reader->at_line_start = !passage.has_content || !passage.header.partial;
	if (reader->wanted.lines != UINT64_MAX)
		reader->wanted.lines--;
	return outcome;
}

enum cri_outcome cri_reader_run(struct cri_reader *reader)
{
	enum cri_outcome outcome = CRI_GO_ON;

	while (outcome == CRI_GO_ON) {
		ssize_t held;
		int whole = 1;

		if (!reader->wanted.lines)
			return CRI_DONE;
		held = look_ahead(reader);
		if (held < 0)
			return CRI_READ_ERROR;
		if (!held)
			return CRI_GO_ON;
		if (reader->wanted.follow && !find_newline(reader))
			whole = newline_in_file(reader);
		if (whole <= 0)
			return whole < 0 ? CRI_READ_ERROR : CRI_GO_ON;
		outcome = pass_line(reader, (size_t)held);
	}
	return outcome;
}

off_t cri_find_tail(int fd, uint64_t n)
{
	char block[BLOCK];
	struct stat file;

	if (fstat(fd, &file) < 0)
		return -1;
	for (off_t right = file.st_size; right > 0;) {
		off_t left = MAX(right - BLOCK, 0);
		size_t size = (size_t)(right - left);
		ssize_t got = read_at(fd, block, size, left);
		const char *newline = block + MAX(got, 0);

		if (got < 0)
			return -1;
		while ((newline = memrchr(block, '\n', (size_t)(newline - block))))
			if (!n--)
				return left + (newline - block) + 1;
		right = left;
	}
	return 0;
}
