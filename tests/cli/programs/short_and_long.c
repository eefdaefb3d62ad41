/* short_and_long: two processes write records far longer than max, and two write short lines, each
 * in one write, all to stdout at once. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITERS = 2, RECORDS = 500, LINES = 5000, LENGTH = 6000 };

static void write_all(const char *bytes, size_t n)
{
	while (n) {
		ssize_t written = write(1, bytes, n);

		if (written <= 0)
			_exit(1);
		bytes += written;
		n -= (size_t)written;
	}
}

static void write_records(void)
{
	static char record[LENGTH] = "{\"stack\":\"";

	memset(record + strlen(record), 'x', sizeof record - strlen(record));
	memcpy(record + LENGTH - 3, "\"}\n", 3);
	for (int i = 0; i < RECORDS; i++)
		write_all(record, sizeof record);
}

static void write_lines(int writer)
{
	for (int i = 0; i < LINES; i++) {
		char line[64];

		write_all(line, (size_t)sprintf(line, "<%d %d: all of a short line>\n", writer, i));
	}
}

int main(void)
{
	int status, failed = 0;

	for (int i = 0; i < 2 * WRITERS; i++) {
		pid_t child = fork();

		if (child < 0)
			return 1;
		if (child)
			continue;
		if (i < WRITERS)
			write_records();
		else
			write_lines(i);
		_exit(0);
	}
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
