/* The subcommands of linecap(1), and what they share.
 *
 * A subcommand is a struct command: its texts, its options and its main. All mains look alike: the
 * options, the checks, the work. A user's mistake is one line on stderr and exit status 64
 * (EX_USAGE, sysexits.h); a failed system call is one line with the name of what failed, and the
 * sysexits.h status of its kind. */
#ifndef LINECAP_CMD_H
#define LINECAP_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "settings.h"

#include "version.h"

/* An option. getopt_long(3)'s array, the usage text, the shells' completions and the messages are
 * made from it. */
struct option_row {
	int key;	     /* what option_next answers, above 0 */
	const char *names;   /* "-m, --max", "--json" or "-o" */
	const char *value;   /* "SIZE"; "[N]": it may be left out; NULL: it takes none */
	const char *words;   /* that the value may be, for option_word and to complete; or NULL */
	const char *expects; /* of the value, the end of "expected ..." */
	const char *help;    /* any length; NULL: no text names the option */
};

/* The row of a setting's option is in settings.def; help may still be the subcommand's own. */
#define OPTION_SETS 1000
#define OPTION_OF(setting_id)                                                                      \
	{                                                                                          \
		.key = OPTION_SETS + SETTING_##setting_id                                          \
	}

struct exit_row {
	const char *status, *when;
};

struct command {
	const char *name;
	const char *summary;  /* one line for `linecap --help` */
	const char *synopsis; /* what follows [OPTION...]: "[--] COMMAND [ARGUMENT...]" */
	const char *about;    /* paragraphs, an empty line between two; wrapped where shown */
	const struct option_row *options; /* up to a row with key 0; or NULL */
	const char *notes;		  /* paragraphs behind the options; or NULL */
	const struct exit_row *exits;	  /* beside 0 and 64; up to a row of NULL */
	/* How many operands it takes. What follows the first belongs to another command, where
	 * this says so. */
	int operands_least, operands_most;
	bool runs_operands;
	const char *operand; /* what the first is: "FILE", "COMMAND" */
	int (*main)(const struct command *self, int argc, char **argv); /* argv[0] is the name */
};

/* All that `linecap --help` lists, up to NULL; and linecap itself, whose name is NULL. */
extern const struct command *const commands[];
extern const struct command command_linecap;

/* One line on stderr, `linecap NAME: …`, then exit 64 (EX_USAGE). Bytes that a terminal would
 * obey belong through vis(3) first: see shown(). */
_Noreturn void usage_error(const struct command *self, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same with `: strerror(errno)` behind it and the exit status given. */
_Noreturn void failure(const struct command *self, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* text as it may be shown to a person (vis(3), VIS_CSTYLE). Allocated and never freed: for words
 * that end up in a message. */
const char *shown(const char *text);

#endif
