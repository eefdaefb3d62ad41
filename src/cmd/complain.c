/* What subcommands say to people: mistakes, failures, help. It may print and exit, nothing else. */
#include <bsd/vis.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd.h"

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

void option_error(const struct command *self, int option, char **argv)
{
	const char *word = shown(argv[optind - 1]);

	if (option == ':')
		usage_error(self, "%s needs a value", word);
	usage_error(self, "no option '%s'", word);
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
