/* restarted: a write that waits for a full pipe is hit by a signal whose handler is SA_RESTART, and
 * then the pipe is read: says on stderr what the write answered. stdout is the pipe, fd 3 its read
 * end. The line has come to 16384 bytes, and the pipe's last page has room for one byte: the next
 * to go out could be a break. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../src/sys.h"

enum { MAX = 16384, PAGE = 4096, PAGES = 8 };

static char text[MAX], sink[MAX];
static volatile sig_atomic_t *handled;

static void handle(int sig)
{
	(void)sig;
	*handled = 1;
}

static void read_all(size_t n)
{
	while (n) {
		ssize_t k = read(3, sink, n < sizeof sink ? n : sizeof sink);

		if (k <= 0)
			exit(4);
		n -= (size_t)k;
	}
}

static int is_asleep(pid_t pid)
{
	char path[64], line[512] = "";
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file || !fgets(line, sizeof line, file))
		exit(4);
	fclose(file);
	return strstr(line, ") S ") != NULL;
}

static void interrupt(pid_t writer)
{
	while (!is_asleep(writer))
		usleep(1000);
	kill(writer, SIGUSR1);
	while (!*handled || !is_asleep(writer))
		usleep(1000);
	read_all((PAGES - 1) * PAGE + PAGE - 1);
	while (read(3, sink, sizeof sink) > 0)
		;
}

int main(void)
{
	struct sigaction restarts = {.sa_handler = handle, .sa_flags = SA_RESTART};
	pid_t self = getpid();

	handled = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(text, 'x', sizeof text);
	sigaction(SIGUSR1, &restarts, NULL);
	if (fcntl(3, F_SETPIPE_SZ, PAGES * PAGE) != PAGES * PAGE || write(1, text, MAX) != MAX)
		return 2;
	read_all(MAX);
	for (int i = 1; i <= PAGES; i++)
		sys3(SYS_write, 1, text, i < PAGES ? PAGE : PAGE - 1);
	if (!fork()) {
		close(1);
		interrupt(self);
		_exit(0);
	}
	ssize_t n = write(1, text, MAX);

	fprintf(stderr, "%zd %s\n", n, n < 0 ? strerror(errno) : "bytes");
	return 0;
}
