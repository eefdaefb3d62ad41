/* The subcommands of linecap(1), and what they share.
 *
 * A subcommand's main reads from top to bottom: options, checks, the work. A user's mistake is one
 * line on stderr and exit status 64 (EX_USAGE, sysexits.h); a failed system call is one line with
 * the name of what failed, and the sysexits.h status of its kind. */
#ifndef LINECAP_CMD_H
#define LINECAP_CMD_H

#include <stdbool.h>
#include <stddef.h>

#define LINECAP_VERSION "0.1.0"

struct command {
	const char *name;
	const char *summary; /* one line for `linecap --help` */
	const char *usage;   /* what `linecap NAME --help` prints, whole */
	int (*main)(const struct command *self, int argc, char **argv); /* argv[0] is the name */
};

extern const struct command command_run, command_pipe, command_join, command_doctor, command_stat,
	command_cri_log, command_cri_read;

/* One line on stderr, `linecap NAME: …`, then exit 64 (EX_USAGE). Bytes that a terminal would
 * obey belong through vis(3) first: see shown(). */
_Noreturn void usage_error(const struct command *self, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same with `: strerror(errno)` behind it and the exit status given. */
_Noreturn void failure(const struct command *self, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What getopt_long(3) found at fault, the word before argv[optind]: ':' a value is missing
 * (optstring begins with "+:"), else there is no such option. A usage error either way. */
_Noreturn void option_error(const struct command *self, int option, char **argv);

/* Takes care of --help and --version, the same in every subcommand: if argv[1] is one of them,
 * prints and exits 0. */
void answer_help(const struct command *self, int argc, char **argv);

/* text as it may be shown to a person (vis(3), VIS_CSTYLE). Allocated and never freed: for words
 * that end up in a message. */
const char *shown(const char *text);

#endif
