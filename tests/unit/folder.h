/* A folder of their own for the tests of one program: they run in it, and it goes with them. */
#ifndef FOLDER_H
#define FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "scratch.h"

static char folder_name[PATH_MAX];

/* cmocka's setup and teardown of a group: 0, or another number for a failure. */
static int folder_enter(void **state)
{
	(void)state;
	snprintf(folder_name, sizeof folder_name, "%s", scratch_template());
	return mkdtemp(folder_name) ? chdir(folder_name) : -1;
}

static int folder_leave(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof command, "rm -r '%s'", folder_name);
	return chdir("/") || system(command);
}

#endif
