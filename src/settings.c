/* The settings. No stdio, no heap: this runs in the constructor of other people's processes. */
#include "settings.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "decimal.h"

static const struct {
	const char *name, *expects;
} facts[SETTINGS] = {
	[SETTING_MAX] = {"LINECAP_MAX", "a size from 64 to 1G (suffixes k, M, G), or off"},
	[SETTING_MODE] = {"LINECAP_MODE", "split or truncate"},
	[SETTING_MARK] = {"LINECAP_MARK", "at most 32 bytes without a newline"},
	[SETTING_TARGET] = {"LINECAP_TARGET", "auto, stdio, none or DEV:INO,... (at most 8)"},
	[SETTING_STATS] = {"LINECAP_STATS", "stderr or an absolute path"},
};

static const char *const modes[] = {[LIMITER_SPLIT] = "split", [LIMITER_TRUNCATE] = "truncate"};

const char *settings_name(enum setting setting)
{
	return facts[setting].name;
}

const char *settings_expects(enum setting setting)
{
	return facts[setting].expects;
}

void settings_default(struct settings *settings)
{
	*settings = (struct settings){.max = LIMITER_MAX_DEFAULT, .mode = LIMITER_SPLIT};
}

static bool parse_max(const char *value, uint64_t *max)
{
	static const char suffixes[] = "kMG";
	uint64_t size;

	if (!strcmp(value, "off") || !strcmp(value, "0")) {
		*max = 0;
		return true;
	}
	if (!decimal_parse(&value, &size) || size > LIMITER_MAX_MOST)
		return false;
	const char *suffix = *value ? strchr(suffixes, *value == 'K' ? 'k' : *value) : NULL;

	if (suffix) {
		size <<= 10 * (suffix - suffixes + 1);
		value++;
	}
	if (*value || size < LIMITER_MAX_LEAST || size > LIMITER_MAX_MOST)
		return false;
	*max = size;
	return true;
}

static bool parse_mode(const char *value, enum limiter_mode *mode)
{
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (!strcmp(value, modes[i])) {
			*mode = (enum limiter_mode)i;
			return true;
		}
	return false;
}

static bool parse_mark(const char *value, char mark[LIMITER_MARK_MOST + 1])
{
	size_t length = strlen(value);

	if (length > LIMITER_MARK_MOST || memchr(value, '\n', length))
		return false;
	memcpy(mark, value, length + 1);
	return true;
}

static bool parse_stats(const char *value, char stats[SETTINGS_STATS_MOST + 1])
{
	size_t length = strlen(value);

	if (length > SETTINGS_STATS_MOST)
		return false;
	if (*value && *value != '/' && strcmp(value, "stderr") != 0)
		return false;
	memcpy(stats, value, length + 1);
	return true;
}

bool settings_set(struct settings *settings, enum setting setting, const char *value,
		  enum origin origin)
{
	bool good = false;

	switch (setting) {
	case SETTING_MAX:
		good = parse_max(value, &settings->max);
		break;
	case SETTING_MODE:
		good = parse_mode(value, &settings->mode);
		break;
	case SETTING_MARK:
		good = parse_mark(value, settings->mark);
		break;
	case SETTING_TARGET:
		good = target_parse(&settings->target, value);
		break;
	case SETTING_STATS:
		good = parse_stats(value, settings->stats);
		break;
	case SETTINGS:
		break;
	}
	if (good)
		settings->origin[setting] = origin;
	return good;
}

void settings_format(const struct settings *settings, enum setting setting,
		     char text[SETTINGS_TEXT])
{
	switch (setting) {
	case SETTING_MAX:
		*decimal_put(text, settings->max) = '\0';
		break;
	case SETTING_MODE:
		strcpy(text, modes[settings->mode]);
		break;
	case SETTING_MARK:
		strcpy(text, settings->mark);
		break;
	case SETTING_TARGET:
		target_format(&settings->target, text);
		break;
	case SETTING_STATS:
		strcpy(text, settings->stats);
		break;
	case SETTINGS:
		break;
	}
}

static char *without_spaces(char *text)
{
	char *end = text + strlen(text);

	while (*text == ' ' || *text == '\t')
		text++;
	while (end > text && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	*end = '\0';
	return text;
}

static void read_line(struct settings *settings, char *line, settings_complain *complain)
{
	char *name = without_spaces(line), *equals = strchr(name, '=');
	enum setting setting = SETTING_MAX;

	if (!*name || *name == '#')
		return;
	if (equals)
		*equals = '\0';
	while (setting < SETTINGS && strcmp(without_spaces(name), facts[setting].name) != 0)
		setting++;
	if (!equals || setting == SETTINGS) {
		complain(&(struct complaint){SETTINGS, name, "", ORIGIN_CONF});
		return;
	}
	if (settings->origin[setting] == ORIGIN_ENVIRONMENT)
		return;
	const char *value = without_spaces(equals + 1);

	if (!settings_set(settings, setting, value, ORIGIN_CONF))
		complain(&(struct complaint){setting, facts[setting].name, value, ORIGIN_CONF});
}

void settings_read_conf(struct settings *settings, char *text, settings_complain *complain)
{
	while (text) {
		char *end = strchr(text, '\n');

		if (end)
			*end++ = '\0';
		read_line(settings, text, complain);
		text = end;
	}
}

const char *settings_environment(enum setting setting)
{
	const char *name = facts[setting].name;
	size_t length = strlen(name);

	for (char **entry = environ; entry && *entry; entry++)
		if (!strncmp(*entry, name, length) && (*entry)[length] == '=')
			return *entry + length + 1;
	return NULL;
}

static void load_conf(struct settings *settings, const char *path, settings_complain *complain)
{
	char text[SETTINGS_CONF_MOST + 2];
	size_t length = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return;
	while ((n = read(fd, text + length, SETTINGS_CONF_MOST + 1 - length)) > 0)
		length += (size_t)n;
	close(fd);
	/* A line that the limit cuts is not there: half a number is a number. */
	if (length > SETTINGS_CONF_MOST)
		while (length && text[length - 1] != '\n')
			length--;
	text[length] = '\0';
	settings_read_conf(settings, text, complain);
}

void settings_load(struct settings *settings, bool secure, const char *path,
		   settings_complain *complain)
{
	unsigned open_settings = 0;

	settings_default(settings);
	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++) {
		const char *value = secure ? NULL : settings_environment(setting);

		if (!value) {
			open_settings++;
			continue;
		}
		/* A bad value stands for the default, not for the conf file's. */
		settings->origin[setting] = ORIGIN_ENVIRONMENT;
		if (!settings_set(settings, setting, value, ORIGIN_ENVIRONMENT))
			complain(&(struct complaint){setting, facts[setting].name, value,
						     ORIGIN_ENVIRONMENT});
	}
	if (open_settings)
		load_conf(settings, path, complain);
}

struct limits settings_limits(const struct settings *settings)
{
	return limits_of(settings->max, settings->mode, settings->mark, strlen(settings->mark));
}
