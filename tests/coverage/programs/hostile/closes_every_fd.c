/*
 * closes_every_fd close|syscall|close_range|closefrom: all of 0 to 1023, seen by a hook or not.
 * What is opened next as fd 1 is a file, and must not be taken for the pipe that fd 1 was before.
 */
#include "endless.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

extern int close_range(unsigned, unsigned, int) __attribute__((weak));
extern void closefrom(int) __attribute__((weak));

enum { LAST = 1023, KEPT = 1500 };

/* Whether the way is there. closefrom() takes the kept one away, so it starts behind 0, 1 and 2. */
static int close_all(const char *way)
{
	if (!strcmp(way, "close"))
		for (int fd = 0; fd <= LAST; fd++)
			close(fd);
	else if (!strcmp(way, "syscall"))
		for (int fd = 0; fd <= LAST; fd++)
			syscall(SYS_close, fd);
	else if (!strcmp(way, "close_range") && close_range)
		close_range(0, LAST, 0);
	else if (!strcmp(way, "closefrom") && closefrom) {
		close_all("close");
		closefrom(KEPT + 1);
	} else
		return 0;
	return 1;
}

static int file_is_whole(int fd)
{
	static char back[LENGTH + 2];

	return pread(fd, back, sizeof back, 0) == LENGTH + 1 && !memcmp(back, endless, LENGTH + 1);
}

int main(int argc, char **argv)
{
	struct rlimit files;

	if (argc != 2 || getrlimit(RLIMIT_NOFILE, &files))
		return 2;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) || write(1, "begin\n", 6) != 6 ||
	    dup2(1, KEPT) != KEPT)
		return 2;
	if (!close_all(argv[1]))
		return 77;
	if (open("/dev/null", O_RDONLY) != 0 || memfd_create("file", 0) != 1)
		return 3;
	say(1);
	if (!file_is_whole(1))
		return 4;
	if (dup2(KEPT, 1) != 1)
		return 5;
	say(1);
	return 0;
}
