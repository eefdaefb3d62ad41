/* The settings: LINECAP_* of the environment and of /etc/linecap.conf. settings.def has a row for
 * each; all that is known of one comes from there.
 *
 * Shared by the .so and the program, so: no stdio, no heap, no libbsd, and no call of a name that a
 * program may define. Nothing here prints: whoever loads settings is handed what is wrong. */
#ifndef LINECAP_SETTINGS_H
#define LINECAP_SETTINGS_H

#include "limiter.h"
#include "target.h"

#define SETTINGS_CONF "/etc/linecap.conf"

enum {
	SETTINGS_CONF_MOST = 4096, /* bytes of the file that are read */
	SETTINGS_STATS_MOST = 255, /* bytes of a path */
	SETTINGS_SAMPLE_MOST = 80,
	SETTINGS_TEXT = TARGET_TEXT,
	SETTINGS_ENTRY = SETTINGS_TEXT + 32,
	SETTINGS_MESSAGE = 512,
};

enum setting {
#define SETTING(id, ...) SETTING_##id,
#include "settings.def"
	SETTINGS
};

/* LINECAP_EXEC: what to do about a program that is started out of the library's reach. */
enum exec_policy { EXEC_NOTE, EXEC_PIPE, EXEC_OFF };

enum origin { ORIGIN_DEFAULT, ORIGIN_CONF, ORIGIN_ENVIRONMENT, ORIGIN_OPTION };

typedef uint64_t setting_size; /* bytes; 0: off */
typedef unsigned setting_choice;
typedef unsigned setting_count;
typedef char setting_mark[LIMITER_MARK_MOST + 1];
typedef struct target setting_pipes;
typedef char setting_place[SETTINGS_STATS_MOST + 1]; /* "": none; "stderr"; or an absolute path */

struct settings {
#define SETTING(id, field, type, ...) setting_##type field;
#include "settings.def"
	enum origin origin[SETTINGS];
};

/* What its row says. */
struct setting_facts {
	const char *name; /* LINECAP_MAX */
	const char *standard;
	const char *option, *value, *words, *expects, *help;
};

const struct setting_facts *settings_facts(enum setting setting);

/* "LINECAP_MAX" and so on. */
const char *settings_name(enum setting setting);

/* What a value of it may be, as the end of a sentence: "a size from 64 to 1G, or off". */
const char *settings_expects(enum setting setting);

void settings_default(struct settings *settings);

/* False: the value is bad, and settings are as they were. */
bool settings_set(struct settings *settings, enum setting setting, const char *value,
		  enum origin origin);

/* The value as settings_set would read it, NUL-terminated. */
void settings_format(const struct settings *settings, enum setting setting,
		     char text[SETTINGS_TEXT]);

/* A bad value; or, with setting SETTINGS and value "", a name that is no setting. In the conf file
 * that may be a whole line. The name of an option is the option itself. */
struct complaint {
	enum setting setting;
	const char *name, *value;
	enum origin origin;
};
typedef void settings_complain(const struct complaint *complaint);

/* What is wrong, the value, what is expected and what is done instead: one line without its
 * newline, in which bytes that a terminal would obey are '?'. Its length. */
size_t settings_message(const struct complaint *complaint, char text[SETTINGS_MESSAGE]);

/* getenv(3), which may be the program's own function: bash has one, about other variables. */
const char *settings_environment(enum setting setting);

/* NAME=value lines and # comments; text is changed on the way. A setting that already comes from
 * the environment is left alone. */
void settings_read_conf(struct settings *settings, char *text, settings_complain *complain);

/* Defaults, then the environment (unless secure: AT_SECURE, getauxval(3)), then the conf file
 * (path) for what the environment left open.
 *
 * In a descendant of a process that has exported its settings the environment says all: the conf
 * file isn't opened, and names that are no settings have been complained of. */
void settings_load(struct settings *settings, bool secure, const char *path,
		   settings_complain *complain);

/* What has to be put into the environment, so that descendants have these settings without a
 * look at the conf file and without a second complaint: an entry "NAME=value" at each call, with
 * *next 0 at first. False: that was all. What the environment has already is left out, and so is a
 * default that nothing in it contradicts. */
bool settings_export(const struct settings *settings, unsigned *next, char entry[SETTINGS_ENTRY]);

/* Valid while settings->max is not 0. */
struct limits settings_limits(const struct settings *settings);

#endif
