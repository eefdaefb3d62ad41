/* The options and operands of a subcommand, read by its table (cmd.h). Each mistake in them ends
 * the process here, with one line: what is wrong, the value, what is expected.
 *
 *	struct options options = options_begin(self, argc, argv);
 *	struct settings settings = options_settings(&options);
 *
 *	for (int key; (key = option_next(&options));)
 *		...
 */
#ifndef LINECAP_OPTIONS_H
#define LINECAP_OPTIONS_H

#include "cmd.h"
#include "settings.h"

struct options {
	const struct command *self;
	int argc;
	char **argv;
	char **operands;       /* up to NULL, as many as self->operands_… say */
	struct option_row row; /* the option that option_next found */
	const char *name;      /* its, as it was given: "-m" or "--max" */
	const char *value;     /* NULL: it has none */
};

/* Answers --help and --version, wherever among the options they stand, and looks whether each
 * option is one, has a value where it needs it, and the operands are as many as there may be. */
struct options options_begin(const struct command *self, int argc, char **argv);

/* The settings: from the options, else from the environment, else from /etc/linecap.conf. A bad
 * value in one of the latter is one line on stderr, and the default. */
struct settings options_settings(const struct options *options);

/* The same without options. */
struct settings options_load(void);

/* The key of the next option that isn't a setting's; 0: there is none left. */
int option_next(struct options *options);

/* Its value isn't what is expected. */
_Noreturn void option_refuse(const struct options *options);

/* Its value, which must be one of row.words: which, from 0. */
int option_word(const struct options *options);

/* Its value, which must be a decimal number within these bounds. */
long long option_number(const struct options *options, long long least, long long most);

#endif
