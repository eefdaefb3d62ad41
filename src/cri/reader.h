/* The reader of a container log: gives what `kubectl logs` gives.
 *
 * Its rules are kubelet's (ReadLogs in k8s.io/cri-client v0.37.0-beta.0, pkg/logs/logs.go and
 * tail.go; pkg/kubelet/kuberuntime/logs until May 2024):
 * - The content of a P line goes out without its newline, so that what follows continues it.
 * - A timestamp stands only where the log line before it, of either stream, ended its line. (Until
 *   kubernetes#113481, in 2022, each P line had one.)
 * - Log lines older than `since` are left out; each is judged on its own.
 * - `limit` counts the bytes that go out, timestamps included. The line that passes it is cut, and
 *   reading ends there. A stream that isn't wanted does not count.
 * - A malformed line is reported and skipped; but a file whose first line is malformed is no log.
 * - A last line without a newline goes out as it is, unless the log is followed: then it waits.
 * Not here: Docker's JSON format, which kubelet tries on a first line that is malformed; kubelet's
 * own memory, which holds a whole log line. This reader streams a line of any length.
 *
 * Reads the file descriptor that it is given, with pread(2), or with read(2) where that is a pipe,
 * and writes only through a sink. */
#ifndef LINECAP_CRI_READER_H
#define LINECAP_CRI_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "line.h"

/* What is wanted of a log. */
struct cri_wanted {
	bool streams[CRI_STREAMS];
	bool timestamps;
	struct timespec since;
	uint64_t limit; /* bytes to give at most, UINT64_MAX for all */
	uint64_t lines; /* well-formed log lines to read at most, UINT64_MAX for all */
	bool follow;	/* a line whose newline isn't there yet is left for a later call */
};

struct cri_sink {
	/* Takes all n bytes and answers 0, or answers -1 with errno. */
	int (*write)(void *state, enum cri_stream stream, const char *bytes, size_t n);
	/* The log line at this offset in the file is malformed. excerpt: its first bytes. */
	void (*malformed)(void *state, off_t where, const char *fault, const char *excerpt,
			  size_t n);
	void *state;
};

enum cri_outcome {
	CRI_GO_ON,	/* nothing stops it: all of the file has been read, so far */
	CRI_DONE,	/* the limit is reached, or so many lines have been read as were wanted */
	CRI_NO_LOG,	/* the first line is malformed; it has been reported */
	CRI_READ_ERROR, /* errno says why */
	CRI_WRITE_ERROR /* errno says why */
};

/* To be set up with cri_reader_init; the fields are for reader.c only. */
struct cri_reader {
	struct cri_wanted wanted;
	struct cri_sink sink;
	int fd;
	bool is_pipe;	    /* then `follow` isn't wanted */
	off_t offset;	    /* in the file, of what follows the buffer's bytes */
	off_t searched;	    /* up to here the line at `begin` has no newline */
	size_t begin, end;  /* the bytes in the buffer that have not been read yet */
	bool known;	    /* a well-formed line has been seen: the file is a log */
	bool at_line_start; /* the next log line starts a line of the container's */
	char buffer[64 * 1024];
};

/* wanted->limit and ->lines count over all files that the reader is given. */
void cri_reader_init(struct cri_reader *reader, const struct cri_wanted *wanted,
		     const struct cri_sink *sink);

/* Reads on in this file, from this offset. The fd stays the caller's. */
void cri_reader_open(struct cri_reader *reader, int fd, off_t offset);

/* Reads and writes to the end of the file. After CRI_GO_ON it may be called again: it takes up
 * what has come since. */
enum cri_outcome cri_reader_run(struct cri_reader *reader);

/* The offset at which the last n log lines begin, or -1 with errno. Lines of the file count, so
 * each P line does; what follows the last newline doesn't. */
off_t cri_find_tail(int fd, uint64_t n);

#endif
