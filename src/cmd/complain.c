/* What subcommands say of mistakes and failures. It may print and exit, nothing else. */
#include <bsd/vis.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cmd.h"

const char *shown(const char *text)
{
	char *visible;

	return stravis(&visible, text, VIS_CSTYLE | VIS_NL | VIS_TAB) < 0 ? "(no memory)" : visible;
}

static void complain(const struct command *self, const char *format, va_list ap, int error)
{
	fprintf(stderr, self->name ? "linecap %s: " : "linecap: ", self->name);
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
