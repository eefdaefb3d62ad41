/* race threads|processes open|lines|mixed WRITERS RECORDS SIZE: so many writers write so many
 * records of SIZE bytes, each of its own letter. A record is one write; with `lines` it ends in a
 * newline, with `mixed` those of the first writer do. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "write_all.h"

enum { WRITERS_MOST = 26 };

static size_t records, size;
static int line_writers;
static pthread_barrier_t barrier;

static void write_records(char letter)
{
	char *record = malloc(size);

	if (!record)
		exit(2);
	memset(record, letter, size);
	if (letter - 'a' < line_writers)
		record[size - 1] = '\n';
	for (size_t i = 0; i < records; i++)
		if (write_all(record, size))
			exit(2);
	free(record);
}

static void *thread(void *letter)
{
	pthread_barrier_wait(&barrier);
	write_records(*(char *)letter);
	return NULL;
}

static void race_threads(unsigned writers)
{
	static char letters[WRITERS_MOST];
	pthread_t ids[WRITERS_MOST];

	pthread_barrier_init(&barrier, NULL, writers);
	for (unsigned i = 0; i < writers; i++) {
		letters[i] = (char)('a' + i);
		if (pthread_create(&ids[i], NULL, thread, &letters[i]))
			exit(2);
	}
	for (unsigned i = 0; i < writers; i++)
		pthread_join(ids[i], NULL);
}

/* Each waits for the end of a pipe, so that they start as one. */
static void race_processes(unsigned writers)
{
	int start[2], status;
	char end;

	if (pipe(start))
		exit(2);
	for (unsigned i = 0; i < writers; i++) {
		if (fork())
			continue;
		close(start[1]);
		if (read(start[0], &end, 1))
			_exit(2);
		write_records((char)('a' + i));
		_exit(0);
	}
	close(start[1]);
	for (unsigned i = 0; i < writers; i++)
		if (wait(&status) < 0 || status)
			exit(2);
}

int main(int argc, char **argv)
{
	unsigned writers = argc == 6 ? (unsigned)atoi(argv[3]) : 0;

	if (!writers || writers > WRITERS_MOST)
		return 2;
	line_writers = !strcmp(argv[2], "lines") ? WRITERS_MOST : !strcmp(argv[2], "mixed");
	records = (size_t)atol(argv[4]);
	size = (size_t)atol(argv[5]);
	if (!strcmp(argv[1], "threads"))
		race_threads(writers);
	else
		race_processes(writers);
	return 0;
}
