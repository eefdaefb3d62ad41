/* The settings. No stdio, no heap, and files by the raw system call: this runs in the constructor
 * of other people's processes. */
#include "settings.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "decimal.h"
#include "message.h"
#include "sys.h"
#include "words.h"

#define PREFIX "LINECAP_"

/* In the environment of each descendant: what isn't there beside it is the default. */
#define SETTLED PREFIX "SETTLED"

struct row {
	struct setting_facts facts;
	size_t field; /* its offset in struct settings */
	bool (*parse)(const struct row *row, const char *value, void *field);
	void (*format)(const struct row *row, const void *field, char *text);
};

static bool size_parse(const struct row *row, const char *value, void *field)
{
	uint64_t *size = field, bytes;

	(void)row;
	if (!strcmp(value, "off") || !strcmp(value, "0")) {
		*size = 0;
		return true;
	}
	if (!decimal_parse_size(&value, &bytes) || *value)
		return false;
	if (bytes < LIMITER_MAX_LEAST || bytes > LIMITER_MAX_MOST)
		return false;
	*size = bytes;
	return true;
}

static void size_format(const struct row *row, const void *field, char *text)
{
	(void)row;
	*decimal_put(text, *(const uint64_t *)field) = '\0';
}

static bool choice_parse(const struct row *row, const char *value, void *field)
{
	int choice = words_find(row->facts.words, value);

	if (choice < 0)
		return false;
	*(setting_choice *)field = (setting_choice)choice;
	return true;
}

static void choice_format(const struct row *row, const void *field, char *text)
{
	const char *list = row->facts.words, *word;
	size_t length;

	for (setting_choice skip = *(const setting_choice *)field; skip; skip--)
		words_next(&list, &length);
	word = words_next(&list, &length);
	if (word)
		memcpy(text, word, length);
	text[length] = '\0';
}

static bool count_parse(const struct row *row, const char *value, void *field)
{
	uint64_t count;

	(void)row;
	if (!decimal_parse(&value, &count) || *value || count > SETTINGS_SAMPLE_MOST)
		return false;
	*(setting_count *)field = (setting_count)count;
	return true;
}

static void count_format(const struct row *row, const void *field, char *text)
{
	(void)row;
	*decimal_put(text, *(const setting_count *)field) = '\0';
}

static bool mark_parse(const struct row *row, const char *value, void *field)
{
	size_t length = strlen(value);

	(void)row;
	if (length > LIMITER_MARK_MOST || memchr(value, '\n', length))
		return false;
	memcpy(field, value, length + 1);
	return true;
}

static void mark_format(const struct row *row, const void *field, char *text)
{
	(void)row;
	strcpy(text, field);
}

static bool pipes_parse(const struct row *row, const char *value, void *field)
{
	(void)row;
	return target_parse(field, value);
}

static void pipes_format(const struct row *row, const void *field, char *text)
{
	(void)row;
	target_format(field, text);
}

static bool place_parse(const struct row *row, const char *value, void *field)
{
	size_t length = strlen(value);

	(void)row;
	if (length > SETTINGS_STATS_MOST)
		return false;
	if (*value && *value != '/' && strcmp(value, "stderr") != 0)
		return false;
	memcpy(field, value, length + 1);
	return true;
}

static void place_format(const struct row *row, const void *field, char *text)
{
	(void)row;
	strcpy(text, field);
}

static const struct row rows[SETTINGS] = {
#define SETTING(id, member, type, standard, option, value, words, expects, help)                   \
	[SETTING_##id] = {{PREFIX #id, standard, option, value, words, expects, help},             \
			  offsetof(struct settings, member),                                       \
			  type##_parse,                                                            \
			  type##_format},
#include "settings.def"
};

static void *field_of(struct settings *settings, enum setting setting)
{
	return (char *)settings + rows[setting].field;
}

const struct setting_facts *settings_facts(enum setting setting)
{
	return &rows[setting].facts;
}

const char *settings_name(enum setting setting)
{
	return rows[setting].facts.name;
}

const char *settings_expects(enum setting setting)
{
	return rows[setting].facts.expects;
}

void settings_default(struct settings *settings)
{
	*settings = (struct settings){0};
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		settings_set(settings, setting, rows[setting].facts.standard, ORIGIN_DEFAULT);
}

bool settings_set(struct settings *settings, enum setting setting, const char *value,
		  enum origin origin)
{
	const struct row *row = &rows[setting];

	if (!row->parse(row, value, field_of(settings, setting)))
		return false;
	settings->origin[setting] = origin;
	return true;
}

void settings_format(const struct settings *settings, enum setting setting,
		     char text[SETTINGS_TEXT])
{
	const struct row *row = &rows[setting];

	row->format(row, (const char *)settings + row->field, text);
}

/* ---- What is said of a bad one. ---- */

/* Of what others have written: its start, in quotes. */
static void say_quoted(struct message *message, const char *value)
{
	enum { SHOWN = 64 };
	char start[SHOWN + 1];
	const char *nul = memchr(value, '\0', SHOWN);
	size_t length = nul ? (size_t)(nul - value) : SHOWN;

	memcpy(start, value, length);
	start[length] = '\0';
	message_add(message, "'");
	message_add(message, start);
	message_add(message, value[length] ? "...'" : "'");
}

static void say_where(struct message *message, enum origin origin)
{
	if (origin == ORIGIN_CONF)
		message_add(message, " in " SETTINGS_CONF);
	if (origin == ORIGIN_ENVIRONMENT)
		message_add(message, " in the environment");
}

size_t settings_message(const struct complaint *complaint, char text[SETTINGS_MESSAGE])
{
	struct message message = {text, text + SETTINGS_MESSAGE - 1};

	if (complaint->setting == SETTINGS) {
		say_quoted(&message, complaint->name);
		say_where(&message, complaint->origin);
		message_add(&message, " is no setting; it is ignored");
	} else {
		const struct setting_facts *facts = &rows[complaint->setting].facts;

		message_add(&message, complaint->name);
		say_where(&message, complaint->origin);
		message_add(&message, " is ");
		say_quoted(&message, complaint->value);
		message_add(&message, ": expected ");
		message_add(&message, facts->expects);
		if (complaint->origin != ORIGIN_OPTION) {
			message_add(&message, "; the default is used: ");
			message_add(&message, *facts->standard ? facts->standard : "none");
		}
	}
	*message.at = '\0';
	return (size_t)(message.at - text);
}

/* ---- /etc/linecap.conf. ---- */

static enum setting setting_named(const char *name, size_t length)
{
	enum setting setting = 0;

	while (setting < SETTINGS && (strncmp(rows[setting].facts.name, name, length) != 0 ||
				      rows[setting].facts.name[length]))
		setting++;
	return setting;
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

	if (!*name || *name == '#')
		return;
	if (equals)
		*equals = '\0';
	name = without_spaces(name);
	enum setting setting = setting_named(name, strlen(name));

	if (!equals || setting == SETTINGS) {
		complain(&(struct complaint){SETTINGS, name, "", ORIGIN_CONF});
		return;
	}
	if (settings->origin[setting] == ORIGIN_ENVIRONMENT)
		return;
	const char *value = without_spaces(equals + 1);

	if (!settings_set(settings, setting, value, ORIGIN_CONF))
		complain(&(struct complaint){setting, settings_name(setting), value, ORIGIN_CONF});
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

static void load_conf(struct settings *settings, const char *path, settings_complain *complain)
{
	char text[SETTINGS_CONF_MOST + 2];
	size_t length = 0;
	long n;
	long fd = sys_call(SYS_openat, AT_FDCWD, (long)path,
			   O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0, 0, 0);

	if (fd < 0)
		return;
	while ((n = sys3(SYS_read, fd, text + length, SETTINGS_CONF_MOST + 1 - length)) > 0)
		length += (size_t)n;
	sys3(SYS_close, fd, 0, 0);
	/* A line that the limit cuts is left out: half a number is a number. */
	if (length > SETTINGS_CONF_MOST)
		while (length && text[length - 1] != '\n')
			length--;
	text[length] = '\0';
	settings_read_conf(settings, text, complain);
}

/* ---- The environment. ---- */

static const char *variable(const char *name)
{
	size_t length = strlen(name);

	for (char **entry = environ; entry && *entry; entry++)
		if (!strncmp(*entry, name, length) && (*entry)[length] == '=')
			return *entry + length + 1;
	return NULL;
}

const char *settings_environment(enum setting setting)
{
	return variable(settings_name(setting));
}

/* Kubernetes sets a handful of these in each pod of a namespace that has a service named linecap
 * or linecap-something: LINECAP_SERVICE_HOST, LINECAP_PORT_80_TCP_ADDR. */
static bool is_of_a_service(const char *name)
{
	return strstr(name, "_SERVICE_HOST") || strstr(name, "_PORT");
}

static void complain_of_name(const char *entry, size_t length, settings_complain *complain)
{
	char name[80]; /* longer than a message shows */

	if (length > sizeof name - 1)
		length = sizeof name - 1;
	memcpy(name, entry, length);
	name[length] = '\0';
	if (!is_of_a_service(name))
		complain(&(struct complaint){SETTINGS, name, "", ORIGIN_ENVIRONMENT});
}

/* Of two of one name the first counts, as for getenv(3). A bad value stands for the default, and
 * the conf file's isn't looked for. */
static void load_environment(struct settings *settings, bool settled, settings_complain *complain)
{
	for (char **entry = environ; entry && *entry; entry++) {
		if (strncmp(*entry, PREFIX, strlen(PREFIX)) != 0)
			continue;
		size_t length = strcspn(*entry, "=");

		if (!(*entry)[length])
			continue;
		enum setting setting = setting_named(*entry, length);
		const char *value = *entry + length + 1;

		if (setting == SETTINGS) {
			if (!settled)
				complain_of_name(*entry, length, complain);
			continue;
		}
		if (settings->origin[setting] == ORIGIN_ENVIRONMENT)
			continue;
		settings->origin[setting] = ORIGIN_ENVIRONMENT;
		if (!settings_set(settings, setting, value, ORIGIN_ENVIRONMENT))
			complain(&(struct complaint){setting, settings_name(setting), value,
						     ORIGIN_ENVIRONMENT});
	}
}

static bool is_open(const struct settings *settings)
{
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		if (settings->origin[setting] != ORIGIN_ENVIRONMENT)
			return true;
	return false;
}

void settings_load(struct settings *settings, bool secure, const char *path,
		   settings_complain *complain)
{
	settings_default(settings);
	if (!secure) {
		bool settled = variable(SETTLED);

		load_environment(settings, settled, complain);
		if (settled)
			return;
	}
	if (is_open(settings))
		load_conf(settings, path, complain);
}

bool settings_export(const struct settings *settings, unsigned *next, char entry[SETTINGS_ENTRY])
{
	for (; *next < SETTINGS; ++*next) {
		const struct setting_facts *facts = &rows[*next].facts;
		const char *now = variable(facts->name);
		size_t length = strlen(facts->name);

		memcpy(entry, facts->name, length);
		entry[length++] = '=';
		settings_format(settings, (enum setting) * next, entry + length);
		if (strcmp(entry + length, now ? now : facts->standard) != 0) {
			++*next;
			return true;
		}
	}
	strcpy(entry, SETTLED "=1");
	return (*next)++ == SETTINGS && !variable(SETTLED);
}

struct limits settings_limits(const struct settings *settings)
{
	return limits_of(settings->max, settings->mode, settings->mark, strlen(settings->mark));
}
