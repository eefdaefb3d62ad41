/* The settings as a subcommand of linecap(1) takes them: from its options, else from the
 * environment, else from /etc/linecap.conf (settings.h). */
#ifndef LINECAP_OPTIONS_H
#define LINECAP_OPTIONS_H

#include <getopt.h>

#include "cmd.h"
#include "settings.h"

/* What environment and conf file say. A bad value there is one line on stderr, and the default. */
struct settings options_load(void);

/* For getopt_long(3): beside them, `m:` among the short options. */
#define OPTIONS_OF_LIMITS                                                                          \
	{"max", required_argument, NULL, 'm'}, {"mode", required_argument, NULL, 'o'},             \
	{                                                                                          \
		"mark", required_argument, NULL, 'k'                                               \
	}

/* Sets what getopt_long has just found, one of the above. A bad value is a usage error, and so is
 * any other option. */
void options_set_limit(const struct command *self, struct settings *settings, int option,
		       char **argv);

/* The same for a setting whose option has the name given. */
void options_set(const struct command *self, struct settings *settings, enum setting setting,
		 const char *option_name);

#endif
