/* How far a filter has come, on stderr: only where that is a terminal and stdout is none (the two
 * would mix), and only once the work has lasted a while. */
#ifndef LINECAP_PROGRESS_H
#define LINECAP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct progress {
	bool wanted, shown;
	struct timespec next;
};

struct progress progress_start(void);

/* "BYTES read, COUNT WHAT", over what was shown before. */
void progress_show(struct progress *progress, uint64_t bytes, uint64_t count, const char *what);

/* Takes it off the terminal again. */
void progress_end(struct progress *progress);

#endif
