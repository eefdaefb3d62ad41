#include <stdio.h>

static void print(FILE *stream)
{
	for (int at = 0; at < 1 << 20; at += 8)
		fprintf(stream, "%07d ", at);
	fputc('\n', stream);
}

int main(void)
{
	print(stdout);
	print(stderr);
	return 0;
}
