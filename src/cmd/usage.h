/* What `linecap COMMAND --help` prints, and the rows that it is made from. */
#ifndef LINECAP_USAGE_H
#define LINECAP_USAGE_H

#include <stdio.h>

#include "cmd.h"

/* An option as its row, or that of its setting, has it; key 0 behind the last. --help and
 * --version, which every command has, come last. */
struct option_row option_row(const struct command *self, size_t i);

/* The same of those that texts name. */
struct option_row option_shown(const struct command *self, size_t i);

/* Of its names: the letter, or 0; and the long name, or NULL. */
char option_letter(const struct option_row *row);
const char *option_long(const struct option_row *row);

enum { KEY_HELP = 2001, KEY_VERSION };

/* "linecap pipe [OPTION...] <INPUT >OUTPUT" */
void usage_synopsis(const struct command *self, FILE *out);

void usage_print(const struct command *self, FILE *out);

#endif
