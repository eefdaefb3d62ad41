/* linecap(1): finds the subcommand and hands over. Knows nothing of what any of them does. */
#include <bsd/vis.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cmd.h"

static const struct command *const commands[] = {
	&command_run, &command_pipe, &command_join, &command_cri_log, &command_cri_read,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *out)
{
	fputs("usage: linecap COMMAND [OPTION…]\n"
	      "Keeps endless lines away from the container runtime.\n\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n`linecap COMMAND --help` tells more; so does linecap(1).\n", out);
}

const char *shown(const char *text)
{
	char *visible;

	return stravis(&visible, text, VIS_CSTYLE | VIS_NL | VIS_TAB) < 0 ? "(no memory)" : visible;
}

static void complain(const struct command *self, const char *format, va_list ap, int error)
{
	fprintf(stderr, "linecap %s: ", self->name);
	vfprintf(stderr, format, ap);
	if (error)
		fprintf(stderr, ": %s", strerror(error));
	fputc('\n', stderr);
}

void usage_error(const struct command *self, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain(self, format, ap, 0);
	va_end(ap);
	exit(EX_USAGE);
}

void failure(const struct command *self, int status, const char *format, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, format);
	complain(self, format, ap, error);
	va_end(ap);
	exit(status);
}

void answer_help(const struct command *self, int argc, char **argv)
{
	if (argc < 2)
		return;
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		fputs(self->usage, stdout);
	else if (!strcmp(argv[1], "--version"))
		puts("linecap " LINECAP_VERSION);
	else
		return;
	exit(fflush(stdout) ? EX_IOERR : 0);
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
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(argv[1], commands[i]->name)) {
			answer_help(commands[i], argc - 1, argv + 1);
			return commands[i]->main(commands[i], argc - 1, argv + 1);
		}
	fprintf(stderr, "linecap: no command '%s'; `linecap --help` lists them\n", shown(argv[1]));
	return EX_USAGE;
}
