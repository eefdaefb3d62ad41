/* unreached: built static, the library can't get into it. Without a word it prints 20000 bytes that
 * end no line, and exits with 7. With one:
 *   world   all that an exec hands on: words, environment, folder, fds, limits, signals
 *   family  the names of its parent and grandparent
 *   dies    of SIGTERM
 *   waits   "ready", then until SIGUSR1 comes, and exits with 9
 *   lines   200 lines of up to 3000 bytes, each by a write of its own; the second word begins them
 *   serves  a line of 20000 bytes; "stopped" when SIGTERM comes, and exits with 3 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static void copy(const char *path)
{
	char line[256];
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof line, file))
		if (!strncmp(line, "Sig", 3) || !strncmp(line, "Groups", 6) ||
		    !strncmp(line, "Umask", 5))
			if (strncmp(line, "SigQ", 4) != 0)
				fputs(line, stdout);
	if (file)
		fclose(file);
}

/* stdout and stderr differ, by what this is all about. */
static void fds(void)
{
	for (int fd = 0; fd < 64; fd++) {
		struct stat st;

		if (fd != 1 && fd != 2 && !fstat(fd, &st))
			printf("fd %d: %lu:%lu\n", fd, (unsigned long)st.st_dev,
			       (unsigned long)st.st_ino);
	}
}

static void world(char **argv)
{
	char folder[4096];
	struct rlimit limit;

	while (*argv)
		printf("word '%s'\n", *argv++);
	for (char **entry = environ; *entry; entry++)
		puts(*entry);
	puts(getcwd(folder, sizeof folder) ? folder : "?");
	fds();
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (!getrlimit(i, &limit))
			printf("limit %d: %lu %lu\n", i, limit.rlim_cur, limit.rlim_max);
	copy("/proc/self/status");
}

static void name_of(int pid, int *parent)
{
	char path[64], name[64];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file && fscanf(file, "%*d (%63[^)]) %*c %d", name, parent) == 2)
		puts(name);
}

static void woken(int number)
{
	(void)number;
	_exit(9);
}

static _Noreturn void serve(char *bytes, int n)
{
	sigset_t term;
	int number;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	printf("%.*s\n", n, bytes);
	fflush(stdout);
	sigwait(&term, &number);
	puts("stopped");
	exit(3);
}

static void lines(const char *name)
{
	char line[4096];

	memset(line, *name, sizeof line);
	for (int i = 0; i < 200; i++) {
		size_t n = (size_t)sprintf(line, "%s %d ", name, i),
		       end = n + (size_t)(i * 719 % 2900);

		line[n] = *name;
		line[end] = '\n';
		if (write(1, line, end + 1) < 0)
			exit(1);
		line[end] = *name;
	}
}

int main(int argc, char **argv)
{
	static char bytes[20000];
	int parent = getppid();

	memset(bytes, 'x', sizeof bytes);

	if (argc < 2)
		return write(1, bytes, sizeof bytes) == sizeof bytes ? 7 : 1;
	if (!strcmp(argv[1], "lines"))
		lines(argv[2]);
	if (!strcmp(argv[1], "serves"))
		serve(bytes, sizeof bytes);
	if (!strcmp(argv[1], "world"))
		world(argv);
	if (!strcmp(argv[1], "family")) {
		name_of(parent, &parent);
		name_of(parent, &parent);
	}
	if (!strcmp(argv[1], "dies"))
		raise(SIGTERM);
	if (!strcmp(argv[1], "waits")) {
		signal(SIGUSR1, woken);
		puts("ready");
		fflush(stdout);
		for (;;)
			pause();
	}
	return 0;
}
