/* A process's fds, all at once: close_range(2), or /proc/self/fd where that can't be had. */
#include "fds.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int by_number(const void *left, const void *right)
{
	int a = *(const int *)left, b = *(const int *)right;

	return (a > b) - (a < b);
}

/* False: this kernel can't (before Linux 5.9), or may not (seccomp). */
static bool close_between(const int *kept, size_t count)
{
	enum { CLOSE_RANGE = 436 }; /* on every machine, but not in every libc */
	unsigned from = 0;

	for (size_t i = 0; i < count; from = (unsigned)kept[i++] + 1)
		if ((unsigned)kept[i] > from &&
		    syscall(CLOSE_RANGE, from, (unsigned)kept[i] - 1, 0))
			return false;
	return !syscall(CLOSE_RANGE, from, ~0U, 0);
}

static void close_listed(const int *kept, size_t count)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char *end;
		int fd = (int)strtol(entry->d_name, &end, 10);

		if (!*end && fd != dirfd(directory) &&
		    !bsearch(&fd, kept, count, sizeof *kept, by_number))
			close(fd);
	}
	if (directory)
		closedir(directory);
}

void fds_keep(int *kept, size_t count)
{
	qsort(kept, count, sizeof *kept, by_number);
	while (count && *kept < 0)
		kept++, count--;
	if (!close_between(kept, count))
		close_listed(kept, count);
}
