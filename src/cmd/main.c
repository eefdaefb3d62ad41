/* linecap(1): finds the subcommand and hands over. Knows nothing of what any of them does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "completions.h"
#include "options.h"
#include "usage.h"

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage_print(&command_linecap, stderr);
		return EX_USAGE;
	}
	struct options options = options_begin(&command_linecap, argc, argv);
	const char *name = options.operands[0];

	argc -= (int)(options.operands - argv);
	if (!strcmp(name, command_completions.name))
		return command_completions.main(&command_completions, argc, options.operands);
	for (const struct command *const *command = commands; *command; command++)
		if (!strcmp(name, (*command)->name))
			return (*command)->main(*command, argc, options.operands);
	usage_error(&command_linecap, "no command '%s'; `linecap --help` lists them", shown(name));
}
