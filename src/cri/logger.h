/* The logger of a container runtime: a stream's bytes in, log lines out.
 *
 * It cuts, tags and holds memory just as containerd does (redirectLogs in
 * internal/cri/io/logger.go, 2.x; the same in 1.6.20's pkg/cri/io/logger.go; bufio of Go):
 * - A window of min(4096, max_line) bytes, at least 16, is filled until it is full or a newline
 *   comes. What it holds then is a piece: copied into memory of its own and put on a list.
 * - A newline ends the line: the pieces are joined and go out with the tag F. \r\n counts as a
 *   newline; so a \r at the end of a full window waits for the next one.
 * - Where the pieces hold more than max_line bytes when a piece has come, the first max_line go
 *   out with the tag P: once for each piece, so with max_line below 16, smaller than the smallest
 *   window, the last part of a line can be longer than max_line.
 * - The end of the stream: what is left, if anything, goes out with the tag P.
 * The buffer in which pieces are joined at least doubles when it is too small, and stays for the
 * next line. So a line of N bytes with no max_line costs N while it lasts and another N from its
 * end on; containerd, whose garbage is not collected at once, was seen to take 4 N at the end.
 *
 * One difference: where what is left after such a cut is too long and another piece follows,
 * containerd panics; this logger cuts again.
 *
 * No I/O and no clock but those that it is given. */
#ifndef LINECAP_CRI_LOGGER_H
#define LINECAP_CRI_LOGGER_H

#include <bsd/sys/queue.h>
#include <stddef.h>
#include <time.h>

#include "line.h"

enum { CRI_WINDOW_MIN = 16, CRI_WINDOW_MAX = 4096 };

/* The world of a logger. */
struct cri_world {
	struct timespec (*now)(void *state);
	/* Takes a whole log line with its newline. What becomes of it is not the logger's concern:
	 * like containerd it goes on after an error, so that the container is never held up. */
	void (*write_line)(void *state, const char *line, size_t n);
	void *state;
};

struct cri_piece;

/* To be set up with cri_logger_init; the fields are for logger.c only. */
struct cri_logger {
	struct cri_world world;
	enum cri_stream stream;
	size_t max_line;
	char window[CRI_WINDOW_MAX];
	size_t window_size;
	size_t held; /* bytes in the window */
	TAILQ_HEAD(cri_pieces, cri_piece) pieces;
	size_t length; /* bytes in all pieces */
	struct {
		char *bytes;
		size_t size, capacity;
	} joined;
};

/* max_line: the most bytes of content in one log line, 0 for no limit. */
void cri_logger_init(struct cri_logger *logger, enum cri_stream stream, size_t max_line,
		     struct cri_world world);

/* Takes the next n bytes of the stream. -1 with errno ENOMEM if a line can't be held any more: part
 * of it is lost then, and all that's left to do is cri_logger_free. */
int cri_logger_take(struct cri_logger *logger, const char *bytes, size_t n);

/* The stream is at its end. 0, or -1 with errno ENOMEM. */
int cri_logger_end(struct cri_logger *logger);

/* Bytes held of a line that has not gone out yet. */
size_t cri_logger_pending(const struct cri_logger *logger);

void cri_logger_free(struct cri_logger *logger);

#endif
