/*
 * endless write|printf COUNT [UID]: prints /sync/payload COUNT times on one line that never ends.
 *
 * Like its brothers in other languages it waits on the FIFO /sync/go, prints, says so by making
 * /sync/printed, and waits on the FIFO /sync/finish: so a test sees every state for as long as it
 * likes. With a UID it has changed to that user before it prints.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct text {
	char *bytes;
	size_t size;
};

static struct text payload(void)
{
	struct text text = {.bytes = NULL, .size = 0};
	FILE *file = fopen("/sync/payload", "r");

	if (file == NULL)
		err(EXIT_FAILURE, "/sync/payload");
	ssize_t size = getdelim(&text.bytes, &(size_t){0}, '\0', file);
	if (size <= 0)
		err(EXIT_FAILURE, "/sync/payload");
	fclose(file);
	text.size = (size_t)size;
	return text;
}

static void wait_on(const char *fifo)
{
	int fd = open(fifo, O_RDONLY);

	if (fd < 0 || read(fd, &(char){0}, 1) < 0)
		err(EXIT_FAILURE, "%s", fifo);
	close(fd);
}

static void say(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	if (fd < 0)
		err(EXIT_FAILURE, "%s", path);
	close(fd);
}

static void by_write(struct text text)
{
	for (size_t done = 0; done < text.size;) {
		ssize_t n = write(STDOUT_FILENO, text.bytes + done, text.size - done);
		if (n < 0)
			err(EXIT_FAILURE, "write");
		done += (size_t)n;
	}
}

static void by_printf(struct text text)
{
	if (printf("%s", text.bytes) < 0)
		err(EXIT_FAILURE, "printf");
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(EXIT_FAILURE, "usage: endless write|printf COUNT [UID]");
	void (*print)(struct text) = strcmp(argv[1], "printf") == 0 ? by_printf : by_write;
	unsigned long count = strtoul(argv[2], NULL, 10);
	struct text text = payload();

	if (argc > 3 && setuid((uid_t)strtoul(argv[3], NULL, 10)) < 0)
		err(EXIT_FAILURE, "setuid %s", argv[3]);
	wait_on("/sync/go");
	for (unsigned long i = 0; i < count; i++)
		print(text);
	if (fflush(stdout) == EOF)
		err(EXIT_FAILURE, "stdout");
	say("/sync/printed");
	wait_on("/sync/finish");
}
