/* The settings as a subcommand takes them. Ends the process on a bad option, never on a bad
 * environment. */
#include "options.h"

#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>

static void complain(const struct complaint *complaint)
{
	const char *where = complaint->origin == ORIGIN_CONF ? SETTINGS_CONF : "the environment";

	if (complaint->setting == SETTINGS)
		fprintf(stderr, "linecap: %s: no setting '%s'\n", where, shown(complaint->name));
	else
		fprintf(stderr, "linecap: %s in %s is '%s': expected %s; the default stands\n",
			complaint->name, where, shown(complaint->value),
			settings_expects(complaint->setting));
}

struct settings options_load(void)
{
	struct settings settings;

	settings_load(&settings, getauxval(AT_SECURE), SETTINGS_CONF, complain);
	return settings;
}

void options_set(const struct command *self, struct settings *settings, enum setting setting,
		 const char *option_name)
{
	if (!settings_set(settings, setting, optarg, ORIGIN_OPTION))
		usage_error(self, "%s is '%s': expected %s", option_name, shown(optarg),
			    settings_expects(setting));
}

void options_set_limit(const struct command *self, struct settings *settings, int option,
		       char **argv)
{
	switch (option) {
	case 'm':
		options_set(self, settings, SETTING_MAX, "-m");
		break;
	case 'o':
		options_set(self, settings, SETTING_MODE, "--mode");
		break;
	case 'k':
		options_set(self, settings, SETTING_MARK, "--mark");
		break;
	default:
		option_error(self, option, argv);
	}
}
