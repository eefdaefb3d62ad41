/* no_environment clearenv|null: none for itself, and none for its child. */
#include "endless.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv)
{
	int status;

	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "child"))
		return puts("child") < 0;
	if (!strcmp(argv[1], "clearenv"))
		clearenv();
	else
		environ = NULL;
	say(1);
	fputs(endless, stderr);
	pid_t child = fork();
	if (child == 0) {
		execve(argv[0], (char *[]){argv[0], "child", NULL}, (char *[]){NULL});
		_exit(1);
	}
	return waitpid(child, &status, 0) != child || status;
}
