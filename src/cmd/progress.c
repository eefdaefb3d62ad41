/* Progress on a terminal. What it shows is for people; nothing else hangs on it. */
#include "progress.h"

#include <bsd/stdlib.h>
#include <stdio.h>
#include <unistd.h>

static struct timespec now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return time;
}

struct progress progress_start(void)
{
	struct progress progress = {
		.wanted = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO),
		.next = now(),
	};

	progress.next.tv_sec++;
	return progress;
}

void progress_show(struct progress *progress, uint64_t bytes, uint64_t count, const char *what)
{
	char size[8], number[8];

	if (!progress->wanted)
		return;
	struct timespec time = now();

	if (time.tv_sec < progress->next.tv_sec)
		return;
	humanize_number(size, sizeof size, (int64_t)bytes, "B", HN_AUTOSCALE, HN_DECIMAL);
	humanize_number(number, sizeof number, (int64_t)count, "", HN_AUTOSCALE,
			HN_DECIMAL | HN_DIVISOR_1000);
	dprintf(STDERR_FILENO, "\r%s read, %s %s\033[K", size, number, what);
	progress->next.tv_sec = time.tv_sec + 1;
	progress->shown = true;
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		dprintf(STDERR_FILENO, "\r\033[K");
}
