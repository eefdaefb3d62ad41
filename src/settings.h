/* The settings: LINECAP_* of the environment and of /etc/linecap.conf.
 *
 * Shared by the .so and the program, so: no stdio, no heap, no libbsd, and no message of its own;
 * whoever loads settings is told what is wrong and says it. */
#ifndef LINECAP_SETTINGS_H
#define LINECAP_SETTINGS_H

#include "limiter.h"
#include "target.h"

#define SETTINGS_CONF "/etc/linecap.conf"

enum {
	SETTINGS_CONF_MOST = 4096, /* bytes of the file that are read */
	SETTINGS_STATS_MOST = 255, /* bytes of a path */
};

enum setting { SETTING_MAX, SETTING_MODE, SETTING_MARK, SETTING_TARGET, SETTING_STATS, SETTINGS };

enum origin { ORIGIN_DEFAULT, ORIGIN_CONF, ORIGIN_ENVIRONMENT, ORIGIN_OPTION };

struct settings {
	uint64_t max; /* bytes; 0: linecap is off */
	enum limiter_mode mode;
	char mark[LIMITER_MARK_MOST + 1];
	struct target target;
	char stats[SETTINGS_STATS_MOST + 1]; /* "": none; "stderr"; or an absolute path */
	enum origin origin[SETTINGS];
};

/* "LINECAP_MAX" and so on. */
const char *settings_name(enum setting setting);

/* What a value of it may be, as the end of a sentence: "a size from 64 to 1G, or off". */
const char *settings_expects(enum setting setting);

void settings_default(struct settings *settings);

/* False: the value is bad, and settings are as they were. */
bool settings_set(struct settings *settings, enum setting setting, const char *value,
		  enum origin origin);

enum { SETTINGS_TEXT = TARGET_TEXT };

/* The value as settings_set would read it, NUL-terminated. */
void settings_format(const struct settings *settings, enum setting setting,
		     char text[SETTINGS_TEXT]);

/* Told of each bad value, or of a line of the conf file that is none (then setting is SETTINGS,
 * name is the line, value ""). */
struct complaint {
	enum setting setting;
	const char *name, *value;
	enum origin origin;
};
typedef void settings_complain(const struct complaint *complaint);

/* getenv(3), which may be the program's own function: bash has one, about other variables. */
const char *settings_environment(enum setting setting);

/* NAME=value lines and # comments; text is changed on the way. A setting that already comes from
 * the environment is left alone. */
void settings_read_conf(struct settings *settings, char *text, settings_complain *complain);

/* Defaults, then the environment (unless secure: AT_SECURE, getauxval(3)), then the conf file
 * (path) for what the environment left open: it isn't even opened where nothing is. */
void settings_load(struct settings *settings, bool secure, const char *path,
		   settings_complain *complain);

/* Valid while settings->max is not 0. */
struct limits settings_limits(const struct settings *settings);

#endif
