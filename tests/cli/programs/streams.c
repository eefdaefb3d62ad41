/* streams freopen|popen FILE: stdout's stream is put on FILE and back, or FILE is written through
 * another process; 100000 bytes without a newline each time, to stdout as well as to FILE. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LONG = 100000 };

static char bytes[LONG];

static int put(FILE *stream)
{
	return fwrite(bytes, 1, LONG, stream) != LONG || fflush(stream);
}

static int by_freopen(const char *path)
{
	char back[64];

	snprintf(back, sizeof back, "/dev/fd/%d", dup(1));
	return put(stdout) || !freopen(path, "w", stdout) || put(stdout) ||
	       !freopen(back, "w", stdout) || put(stdout);
}

static int by_popen(const char *path)
{
	char command[4096];
	FILE *stream;
	int fd;

	snprintf(command, sizeof command, "exec cat >'%s'", path);
	if (put(stdout) || !(stream = popen(command, "w")) || put(stream))
		return 3;
	fd = fileno(stream);
	/* The fd that was the command's pipe is the guarded one next. */
	if (pclose(stream) || fcntl(1, F_DUPFD, fd) != fd || write(fd, bytes, LONG) != LONG)
		return 4;
	return put(stdout);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	memset(bytes, 'r', LONG);
	return strcmp(argv[1], "popen") ? by_freopen(argv[2]) : by_popen(argv[2]);
}
