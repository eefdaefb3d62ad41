/* A library whose constructor opens files in several threads at once. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { THREADS = 4, FILES = 20 };

static pthread_barrier_t together;

static void *open_files(void *unused)
{
	pthread_barrier_wait(&together);
	for (int i = 0; i < FILES; i++) {
		FILE *file = fopen("/dev/null", "w");

		if (!file || fclose(file))
			_exit(1);
	}
	return unused;
}

__attribute__((constructor)) static void start(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&together, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, open_files, NULL))
			_exit(1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}
