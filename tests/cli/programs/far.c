/* far FD BYTES [tight]: an endless line of so many bytes on FD, a copy of stdout, in writes of 100.
 * tight: no more address space can be had.
 * far FD BYTES grown: by how many KiB the address space has grown meanwhile, on stderr. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static long address_space(void)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
		exit(6);
	close(fd);
	return atol(text) * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int argc, char **argv)
{
	int fd = argc > 2 ? atoi(argv[1]) : -1;
	long left = argc > 2 ? atol(argv[2]) : 0;
	bool tight = argc > 3 && !strcmp(argv[3], "tight"), grown = argc > 3 && !tight;
	struct rlimit many = {(rlim_t)fd + 1, (rlim_t)fd + 1}, none = {0, 0};
	char bytes[100];

	memset(bytes, 'f', sizeof bytes);
	if (setrlimit(RLIMIT_NOFILE, &many) || dup2(1, fd) != fd)
		return 3;
	if (tight && setrlimit(RLIMIT_AS, &none))
		return 4;
	long before = grown ? address_space() : 0;

	for (; left > 0; left -= 100)
		if (write(fd, bytes, sizeof bytes) != sizeof bytes)
			return 5;
	if (grown)
		dprintf(2, "%ld\n", address_space() - before);
	return 0;
}
