/* One line of a container log: `TIMESTAMP STREAM TAG CONTENT\n`.
 *
 * Text to fields and back, nothing else: no I/O, no allocation, no clock. What is written is what
 * containerd writes (internal/cri/io/logger.go, 2.x and 1.6.20 alike), but for the nanoseconds:
 * always nine digits here, where Go leaves the last zeros out. What is read is what kubelet reads
 * (k8s.io/cri-client v0.37.0-beta.0, pkg/logs/logs.go). */
#ifndef LINECAP_CRI_LINE_H
#define LINECAP_CRI_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum cri_stream { CRI_STDOUT, CRI_STDERR, CRI_STREAMS };
#define CRI_STREAM_WORDS "stdout stderr" /* in their order */

struct cri_time {
	struct timespec at;
	int offset; /* the zone it was written in: minutes east of UTC, -1439 to 1439 */
};

enum {
	CRI_TIME_SIZE = sizeof "2006-01-02T15:04:05.000000000+07:00",
	CRI_HEADER_SIZE = CRI_TIME_SIZE + sizeof "stdout P ",
	/* A header longer than this is malformed here; kubelet sets no bound. */
	CRI_HEADER_MAX = 4096,
};

struct cri_header {
	const char *fault; /* what is wrong with it, in a few words; NULL if nothing */
	/* What follows is set only if nothing is wrong. */
	struct cri_time time;
	enum cri_stream stream;
	bool partial;  /* tag P; every other tag counts as full, as it does for kubelet */
	size_t length; /* bytes up to the content */
};

/* "stdout" or "stderr". */
const char *cri_stream_name(enum cri_stream stream);

/* The stream whose name these n bytes are, CRI_STREAMS if there is none. */
enum cri_stream cri_stream_named(const char *name, size_t n);

/* Writes the time with nine digits behind the point, in its own zone (`Z` for UTC), and a NUL.
 * Answers the length without the NUL. The year, in that zone, is 0 to 9999. */
size_t cri_format_time(char text[CRI_TIME_SIZE], struct cri_time time);

/* Writes what precedes the content, the time in UTC, and a NUL. Answers the length without it. */
size_t cri_format_header(char text[CRI_HEADER_SIZE], struct timespec now, enum cri_stream stream,
			 bool partial);

/* Reads n bytes as an RFC 3339 time: capital T and Z, any number of digits behind the point of
 * which nine count, an offset from -23:59 to +23:59. False if they are not one, whole. (Go's
 * time.Parse takes a few more, such as one digit for the hour; no runtime writes those.) */
bool cri_parse_time(const char *text, size_t n, struct cri_time *time);

/* Reads the header of the n bytes at line: all of a log line, or at least CRI_HEADER_MAX of it. */
struct cri_header cri_parse_header(const char *line, size_t n);

#endif
