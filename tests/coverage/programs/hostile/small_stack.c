/* small_stack signal|thread: the line is written from a stack as small as the system allows. */
#include "endless.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

static void handler(int number)
{
	(void)number;
	say(1);
}

static int in_a_handler(void)
{
	static char stack[8192];

	return sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL) ||
	       sigaction(SIGUSR1,
			 &(struct sigaction){.sa_handler = handler, .sa_flags = SA_ONSTACK},
			 NULL) ||
	       raise(SIGUSR1);
}

static void *thread(void *unused)
{
	say(1);
	return unused;
}

static int in_a_thread(void)
{
	pthread_attr_t small;
	pthread_t id;

	return pthread_attr_init(&small) ||
	       pthread_attr_setstacksize(&small, (size_t)PTHREAD_STACK_MIN) ||
	       pthread_create(&id, &small, thread, NULL) || pthread_join(id, NULL);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	return strcmp(argv[1], "signal") ? in_a_thread() : in_a_handler();
}
