/* linecap(1): finds the subcommand and hands over. Knows nothing of what any of them does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cmd.h"
#include "ways/ways.h"

static const struct command *const commands[] = {
	&command_run,  &command_pipe,	 &command_join,	    &command_doctor,
	&command_stat, &command_cri_log, &command_cri_read,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
	fputs("usage: linecap COMMAND [OPTION…]\n"
	      "Keeps endless lines away from the container runtime.\n\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n`linecap COMMAND --help` tells more; so does linecap(1).\n", out);
}

int main(int argc, char **argv)
{
	static const struct command whole = {.name = "linecap"};

	if (argc < 2) {
		print_help(stderr);
		return EX_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help(stdout);
		return fflush(stdout) ? EX_IOERR : 0;
	}
	answer_help(&whole, argc, argv);
	if (!strcmp(argv[1], WAYS_COMMAND)) /* doctor's hand */
		return ways_run(
			(struct ways_program){realpath("/proc/self/exe", NULL), WAYS_COMMAND},
			argc - 2, argv + 2);
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(argv[1], commands[i]->name)) {
			answer_help(commands[i], argc - 1, argv + 1);
			return commands[i]->main(commands[i], argc - 1, argv + 1);
		}
	fprintf(stderr, "linecap: no command '%s'; `linecap --help` lists them\n", shown(argv[1]));
	return EX_USAGE;
}
