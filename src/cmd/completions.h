/* linecap completions SHELL: what the shell sources to complete linecap's options. `linecap --help`
 * leaves it out: it is for whoever packages linecap. */
#ifndef LINECAP_COMPLETIONS_H
#define LINECAP_COMPLETIONS_H

#include "cmd.h"

extern const struct command command_completions;

#endif
