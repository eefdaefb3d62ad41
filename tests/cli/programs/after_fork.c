/* after_fork FORKS: while other threads hold the locks of malloc and stdio as often as they can,
 * children write 5000 bytes and a newline each between fork and _exit. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 5000 };

static atomic_bool stop;

static void *hold_locks(void *null)
{
	while (!stop) {
		char *block = malloc(100);

		fprintf(null, "%p\n", (void *)block);
		free(block);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int forks = argc == 2 ? atoi(argv[1]) : 0, status;
	FILE *null = fopen("/dev/null", "w");
	static char bytes[BYTES + 1];
	pthread_t threads[2];

	memset(bytes, 'f', BYTES);
	bytes[BYTES] = '\n';
	if (!null || pthread_create(&threads[0], NULL, hold_locks, null) ||
	    pthread_create(&threads[1], NULL, hold_locks, null))
		return 2;
	for (int i = 0; i < forks; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(write(1, bytes, sizeof bytes) == sizeof bytes ? 0 : 3);
		if (child < 0 || waitpid(child, &status, 0) != child || status)
			return 4;
	}
	stop = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return 0;
}
