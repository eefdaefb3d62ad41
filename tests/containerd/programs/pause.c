/*
 * The pod's first process: waits for its end, and buries what is orphaned in a shared PID
 * namespace. Static, so that its image is this file alone.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int signal)
{
	(void)signal;
	_exit(EXIT_SUCCESS);
}

static void bury(int signal)
{
	(void)signal;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

int main(void)
{
	struct sigaction on_end = {.sa_handler = end};
	struct sigaction on_child = {.sa_handler = bury, .sa_flags = SA_NOCLDSTOP | SA_RESTART};

	sigaction(SIGINT, &on_end, NULL);
	sigaction(SIGTERM, &on_end, NULL);
	sigaction(SIGCHLD, &on_child, NULL);
	for (;;)
		pause();
}
