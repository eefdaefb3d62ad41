/* counts: each way of writing answers with what it was given, though breaks went out too. Its
 * stdout is one endless line of 'c'; how many went there is on fd 4, and what was wrong on stderr.
 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LONG = 50000, REPORT = 4 };

static char bytes[LONG + 1];

static long by_write(void)
{
	return write(1, bytes, LONG);
}

static long by_writev(void)
{
	return writev(1, (struct iovec[]){{bytes, 7}, {bytes, 0}, {bytes, LONG - 7}}, 3);
}

static long by_pwritev2(void)
{
	return pwritev2(1, &(struct iovec){bytes, LONG}, 1, -1, 0);
}

static long by_syscall(void)
{
	return syscall(SYS_write, 1, bytes, (long)LONG);
}

static long by_syscall_vector(void)
{
	return syscall(SYS_writev, 1, &(struct iovec){bytes, LONG}, 1L);
}

static long by_dprintf(void)
{
	return dprintf(1, "%s", bytes);
}

static long by_printf(void)
{
	return printf("%s", bytes);
}

static long by_fwrite(void)
{
	return (long)fwrite(bytes, 1, LONG, stdout);
}

static long by_putc(void)
{
	long count = 0;

	while (count < LONG && putc(bytes[count], stdout) == 'c')
		count++;
	return count;
}

static long by_fputs(void)
{
	return fputs(bytes, stdout) >= 0 && !fflush(stdout) ? LONG : -1;
}

int main(void)
{
	static const struct {
		const char *name;
		long (*write)(void);
	} ways[] = {
		{"write", by_write},
		{"writev", by_writev},
		{"pwritev2", by_pwritev2},
		{"syscall write", by_syscall},
		{"syscall writev", by_syscall_vector},
		{"dprintf", by_dprintf},
		{"printf", by_printf},
		{"fwrite", by_fwrite},
		{"putc", by_putc},
		{"fputs", by_fputs},
	};
	const size_t count = sizeof ways / sizeof *ways;
	int wrong = 0;

	memset(bytes, 'c', LONG);
	for (size_t i = 0; i < count; i++) {
		long answer = ways[i].write();

		if (answer != LONG) {
			fprintf(stderr, "%s answered %ld\n", ways[i].name, answer);
			wrong = 1;
		}
		fflush(stdout);
	}
	dprintf(REPORT, "%zu\n", count * LONG);
	return wrong;
}
