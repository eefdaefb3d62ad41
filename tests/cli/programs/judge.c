/* judge MAX MARK ORIGINAL: is stdin ORIGINAL with nothing but breaks put in, where they are needed?
 *
 * No line is over MAX; without the breaks (MARK and a newline) the original is back; no line of the
 * original that fits was broken. Prints the number of breaks, or what is wrong. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	char *at;
	size_t length;
};

static struct bytes read_all(FILE *file)
{
	struct bytes all = {NULL, 0};
	size_t size = 0, n;

	do {
		if (size - all.length < 65536) {
			size = size * 2 + 65536;
			all.at = realloc(all.at, size);
		}
		n = all.at ? fread(all.at + all.length, 1, size - all.length, file) : 0;
		all.length += n;
	} while (n);
	return all;
}

static void bounded(struct bytes output, size_t max)
{
	size_t column = 0;

	for (size_t i = 0; i < output.length; i++) {
		column = output.at[i] == '\n' ? 0 : column + 1;
		if (column > max) {
			printf("a line over %zu bytes ends behind byte %zu\n", max, i);
			exit(1);
		}
	}
}

struct line {
	size_t start, end;
};

/* The line that holds the byte at `at`. */
static struct line line_at(struct bytes text, size_t at)
{
	struct line line = {at, at};

	while (line.start && text.at[line.start - 1] != '\n')
		line.start--;
	while (line.end < text.length && text.at[line.end] != '\n')
		line.end++;
	return line;
}

static bool starts_with(struct bytes text, size_t at, struct bytes start)
{
	return text.length - at >= start.length && !memcmp(text.at + at, start.at, start.length);
}

static void needed(struct bytes original, size_t at, size_t fits)
{
	static struct line line; /* long lines have many breaks */

	if (at >= line.end)
		line = line_at(original, at);
	if (at > line.start && line.end - line.start <= fits) {
		printf("a line of %zu bytes was broken before byte %zu\n", line.end - line.start,
		       at);
		exit(1);
	}
}

static size_t lossless(struct bytes original, struct bytes output, struct bytes mark, size_t fits)
{
	size_t breaks = 0, i = 0, j = 0;

	while (i < original.length || j < output.length) {
		if (starts_with(output, j, mark) && !starts_with(original, i, mark)) {
			needed(original, i, fits);
			j += mark.length;
			breaks++;
			continue;
		}
		if (i == original.length || j == output.length || original.at[i] != output.at[j]) {
			printf("byte %zu of %zu of the output is not byte %zu of %zu of the "
			       "original\n",
			       j, output.length, i, original.length);
			exit(1);
		}
		i++;
		j++;
	}
	return breaks;
}

int main(int argc, char **argv)
{
	enum { UTF8_REST = 3 };
	FILE *file = argc == 4 ? fopen(argv[3], "r") : NULL;

	if (!file)
		return 2;
	size_t max = strtoul(argv[1], NULL, 10), mark_length = strlen(argv[2]);
	struct bytes mark = {malloc(mark_length + 1), mark_length + 1};
	struct bytes original = read_all(file), output = read_all(stdin);

	if (!mark.at || !original.at || !output.at)
		return 2;
	memcpy(mark.at, argv[2], mark_length);
	mark.at[mark_length] = '\n';
	bounded(output, max);
	printf("%zu\n", lossless(original, output, mark, max - mark_length - UTF8_REST));
	return 0;
}
