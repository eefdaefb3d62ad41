/* bad_buffer: writes a buffer that can't be read, longer than any line may be, and one whose second
 * half can't. What write(2) answers goes to fd 4. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HALF = 64 * 1024, REPORT = 4 };

static ssize_t (*volatile a_write)(int, const void *, size_t) = write;

static void report(const char *name, ssize_t result)
{
	dprintf(REPORT, "%s: %s\n", name, result < 0 ? strerrorname_np(errno) : "some");
}

int main(void)
{
	char *both = mmap(NULL, 2 * (size_t)HALF, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (both == MAP_FAILED || mprotect(both + HALF, HALF, PROT_NONE))
		return 2;
	memset(both, 'b', HALF);
	report("none of it", a_write(1, both + HALF, HALF));
	report("half of it", a_write(1, both, 2 * (size_t)HALF));
	return 0;
}
