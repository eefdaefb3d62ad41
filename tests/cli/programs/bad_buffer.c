/* bad_buffer WAY: a hundred writes without a newline, whose bytes can be read at their beginning
 * only (see the table), or not at all. Fd 4 hears how many bytes they were answered with, and how
 * many of them failed by EFAULT. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, HALF = 16 * PAGE, WRITES = 100, REPORT = 4 };

static char *edge; /* from here on nothing can be read */

static ssize_t (*volatile a_write)(int, const void *, size_t) = write;

static ssize_t second_page(void)
{
	return a_write(1, edge - PAGE, 2 * (size_t)PAGE);
}

static ssize_t nothing(void)
{
	return a_write(1, edge, 2 * (size_t)PAGE);
}

static ssize_t array(struct iovec second)
{
	struct iovec both[] = {{edge - PAGE, PAGE}, second};

	return writev(1, both, 2);
}

static ssize_t second_buffer(void)
{
	return array((struct iovec){edge, 100});
}

static ssize_t end_of_second_buffer(void)
{
	return array((struct iovec){edge - PAGE, 2 * (size_t)PAGE});
}

static ssize_t buffer_at_null(void)
{
	return array((struct iovec){NULL, 100});
}

static ssize_t long_buffer_at_null(void)
{
	return array((struct iovec){NULL, 100 * (size_t)HALF});
}

static ssize_t nothing_before_null(void)
{
	struct iovec both[] = {{edge, PAGE}, {NULL, 100 * (size_t)HALF}};

	return writev(1, both, 2);
}

static const struct way {
	const char *name;
	ssize_t (*make)(void);
} ways[] = {
	{"second page", second_page},
	{"second buffer", second_buffer},
	{"end of second buffer", end_of_second_buffer},
	{"buffer at NULL", buffer_at_null},
	{"long buffer at NULL", long_buffer_at_null},
	{"nothing", nothing},
	{"nothing before NULL", nothing_before_null},
};

int main(int argc, char **argv)
{
	char *both = mmap(NULL, 2 * (size_t)HALF, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t answered = 0, failed = 0;
	const struct way *way = ways;

	if (argc != 2 || both == MAP_FAILED || mprotect(both + HALF, HALF, PROT_NONE))
		return 2;
	edge = both + HALF;
	memset(both, 'b', HALF);
	while (strcmp(way->name, argv[1]))
		if (++way == ways + sizeof ways / sizeof *ways)
			return 2;
	for (int i = 0; i < WRITES; i++) {
		ssize_t n = way->make();

		if (n < 0 && errno != EFAULT)
			return 1;
		answered += n > 0 ? n : 0;
		failed += n < 0;
	}
	dprintf(REPORT, "%zd %zd\n", answered, failed);
	return 0;
}
