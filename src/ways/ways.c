/* The list of all ways, and the line that they print. */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char text[TEXT_LENGTH + 1];
char line[TEXT_LENGTH + sizeof "\nshort\n"];
size_t line_length;
struct ways_program self;

static const struct way *const groups[] = {
	descriptor_ways,
	stream_ways,
	kernel_ways,
	process_ways,
};

enum { GROUPS = sizeof groups / sizeof groups[0] };

void absent(void)
{
	exit(WAYS_ABSENT);
}

void broken(const char *what)
{
	fprintf(stderr, WAYS_SAYS "%s: %s\n", what, strerror(errno));
	exit(WAYS_BROKEN);
}

void need_file(const char *path)
{
	if (access(path, F_OK))
		absent();
}

const char *path_of(int fd)
{
	static char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	need_file(path);
	return path;
}

void push(int fd, ssize_t (*piece)(int fd, const void *bytes, size_t n))
{
	for (size_t done = 0; done < line_length;) {
		ssize_t n = piece(fd, line + done, line_length - done);
		if (n <= 0 || (size_t)n > line_length - done)
			broken("wrote an impossible count");
		done += (size_t)n;
	}
}

const struct way *ways_next(const struct way *way)
{
	if (!way)
		return groups[0];
	if ((++way)->name)
		return way;
	for (size_t g = 0; g + 1 < GROUPS; g++) {
		const struct way *end = groups[g];

		while (end->name)
			end++;
		if (end == way)
			return groups[g + 1];
	}
	return NULL;
}

const char *ways_streams(const struct way *way)
{
	static const char *const streams[] = {"", "1", "2", "12"};

	return streams[way->streams];
}

const char *ways_output(const struct way *way)
{
	return way->output == SOCKET ? "socket" : "pipe";
}

static const struct way *find(const char *name)
{
	const struct way *way = NULL;

	while ((way = ways_next(way)))
		if (!strcmp(way->name, name))
			break;
	return way;
}

static void fill(void)
{
	for (int at = 0; at < TEXT_LENGTH; at += 8) {
		char word[9];

		snprintf(word, sizeof word, "%07d ", at);
		memcpy(text + at, word, 8);
	}
	line_length = (size_t)snprintf(line, sizeof line, "%s\nshort\n", text);
}

int ways_take(struct ways_program program, const char *name, int fd)
{
	const struct way *way = find(name);

	if (!way || (fd != 1 && fd != 2))
		return 2;
	self = program;
	fill();
	if (way->piece)
		push(fd, way->piece);
	else
		way->put(fd);
	return 0;
}
