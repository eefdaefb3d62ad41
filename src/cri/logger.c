/* The runtime's logger; see logger.h, also for where the rules come from. It may not read, write or
 * look at a clock on its own. */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "logger.h"

struct cri_piece {
	TAILQ_ENTRY(cri_piece) next;
	size_t begin, end; /* what of the bytes has not gone out yet */
	char bytes[];
};

void cri_logger_init(struct cri_logger *logger, enum cri_stream stream, size_t max_line,
		     struct cri_world world)
{
	*logger = (struct cri_logger){.world = world, .stream = stream, .max_line = max_line};
	logger->window_size = max_line ? MIN(max_line, CRI_WINDOW_MAX) : CRI_WINDOW_MAX;
	logger->window_size = MAX(logger->window_size, CRI_WINDOW_MIN);
	TAILQ_INIT(&logger->pieces);
}

static int join(struct cri_logger *logger, const char *bytes, size_t n)
{
	size_t needed = logger->joined.size + n;

	if (needed > logger->joined.capacity) {
		size_t capacity = MAX(needed, 2 * logger->joined.capacity);
		char *larger = realloc(logger->joined.bytes, capacity);

		if (!larger)
			return -1;
		logger->joined.bytes = larger;
		logger->joined.capacity = capacity;
	}
	memcpy(logger->joined.bytes + logger->joined.size, bytes, n);
	logger->joined.size += n;
	return 0;
}

/* Writes one log line: all that is held, but `excess` bytes at the end of the last piece. */
static int write_line(struct cri_logger *logger, bool partial, size_t excess)
{
	struct cri_piece *last = TAILQ_LAST(&logger->pieces, cri_pieces), *piece;
	char header[CRI_HEADER_SIZE];
	size_t n = cri_format_header(header, logger->world.now(logger->world.state), logger->stream,
				     partial);

	logger->joined.size = 0;
	if (join(logger, header, n))
		return -1;
	TAILQ_FOREACH(piece, &logger->pieces, next)
	if (join(logger, piece->bytes + piece->begin,
		 piece->end - piece->begin - (piece == last ? excess : 0)))
		return -1;
	if (join(logger, "\n", 1))
		return -1;
	logger->world.write_line(logger->world.state, logger->joined.bytes, logger->joined.size);
	return 0;
}

static void drop_pieces_before(struct cri_logger *logger, const struct cri_piece *kept)
{
	struct cri_piece *piece;

	while ((piece = TAILQ_FIRST(&logger->pieces)) != kept) {
		TAILQ_REMOVE(&logger->pieces, piece, next);
		free(piece);
	}
}

/* Once for each piece, as containerd does. */
static int cut_excess(struct cri_logger *logger)
{
	struct cri_piece *last = TAILQ_LAST(&logger->pieces, cri_pieces);

	if (!logger->max_line || logger->length <= logger->max_line)
		return 0;
	size_t excess = logger->length - logger->max_line;

	assert(excess <= last->end - last->begin); /* hold saw to it */
	if (write_line(logger, true, excess))
		return -1;
	drop_pieces_before(logger, last);
	last->begin = last->end - excess;
	logger->length = excess;
	return 0;
}

/* Puts the first n bytes of the window on the list. */
static int hold(struct cri_logger *logger, size_t n)
{
	struct cri_piece *piece;

	if (!n)
		return 0;
	/* Another piece behind what is too long already: here containerd panics. */
	while (logger->max_line && logger->length > logger->max_line)
		if (cut_excess(logger))
			return -1;
	piece = malloc(sizeof *piece + n);
	if (!piece)
		return -1;
	piece->begin = 0;
	piece->end = n;
	memcpy(piece->bytes, logger->window, n);
	TAILQ_INSERT_TAIL(&logger->pieces, piece, next);
	logger->length += n;
	return 0;
}

static int finish_line(struct cri_logger *logger, bool partial)
{
	if (cut_excess(logger) || write_line(logger, partial, 0))
		return -1;
	drop_pieces_before(logger, NULL);
	logger->length = 0;
	return 0;
}

/* The window ends with a newline. */
static int pass_end_of_line(struct cri_logger *logger)
{
	size_t n = logger->held - 1;

	if (n && logger->window[n - 1] == '\r')
		n--;
	logger->held = 0;
	return hold(logger, n) || finish_line(logger, false) ? -1 : 0;
}

/* The window is full and has no newline. */
static int pass_full_window(struct cri_logger *logger)
{
	size_t n = logger->held;

	logger->held = 0;
	if (logger->window[n - 1] != '\r')
		return hold(logger, n) || cut_excess(logger) ? -1 : 0;
	if (hold(logger, n - 1) || cut_excess(logger))
		return -1;
	logger->window[logger->held++] = '\r';
	return 0;
}

int cri_logger_take(struct cri_logger *logger, const char *bytes, size_t n)
{
	while (n) {
		size_t span = MIN(n, logger->window_size - logger->held);
		const char *newline = memchr(bytes, '\n', span);

		if (newline)
			span = (size_t)(newline - bytes) + 1;
		memcpy(logger->window + logger->held, bytes, span);
		logger->held += span;
		bytes += span;
		n -= span;
		if (newline ? pass_end_of_line(logger)
			    : logger->held == logger->window_size && pass_full_window(logger))
			return -1;
	}
	return 0;
}

int cri_logger_end(struct cri_logger *logger)
{
	size_t n = logger->held;

	logger->held = 0;
	if (hold(logger, n))
		return -1;
	return logger->length ? finish_line(logger, true) : 0;
}

size_t cri_logger_pending(const struct cri_logger *logger)
{
	return logger->length + logger->held;
}

void cri_logger_free(struct cri_logger *logger)
{
	drop_pieces_before(logger, NULL);
	free(logger->joined.bytes);
}
