/* The options of a subcommand: getopt_long(3) over its table. Ends the process on a bad option,
 * never on a bad environment. */
#include "options.h"

#include <assert.h>
#include <bsd/stdlib.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sysexits.h>
#include <unistd.h>

#include "usage.h"
#include "words.h"

enum { ROWS_MOST = 32, LONG = 256 /* what getopt_long answers to the first long name */ };

/* The table as getopt_long(3) wants it. */
struct grammar {
	struct option longs[ROWS_MOST + 1];
	char letters[2 * ROWS_MOST + 3];
};

static struct grammar grammar_of(const struct command *self)
{
	struct grammar grammar = {0};
	char *letters = grammar.letters;
	size_t count = 0;
	struct option_row row;

	if (self->runs_operands)
		*letters++ = '+';
	*letters++ = ':';
	for (size_t i = 0; (row = option_row(self, i)).key; i++) {
		assert(i < ROWS_MOST);
		if (option_long(&row))
			grammar.longs[count++] =
				(struct option){option_long(&row),
						!row.value	    ? no_argument
						: *row.value == '[' ? optional_argument
								    : required_argument,
						NULL, LONG + (int)i};
		if (option_letter(&row)) {
			*letters++ = option_letter(&row);
			if (row.value)
				*letters++ = ':';
		}
	}
	return grammar;
}

/* The row of what getopt_long(3) has answered, or left in optopt; key 0: there is none. */
static struct option_row row_of(const struct command *self, int answer)
{
	struct option_row row;
	size_t i = 0;

	if (answer >= LONG)
		return option_row(self, (size_t)(answer - LONG));
	while ((row = option_row(self, i)).key && option_letter(&row) != answer)
		i++;
	return row;
}

static void name_of(const struct option_row *row, int answer, char *name, size_t size)
{
	if (answer >= LONG)
		snprintf(name, size, "--%s", option_long(row));
	else
		snprintf(name, size, "-%c", answer);
}

/* The long names that begin with word, up to its '='. */
static unsigned count_candidates(const struct command *self, const char *word, FILE *out)
{
	struct option_row row;
	size_t length = strcspn(word, "=");
	unsigned count = 0;

	for (size_t i = 0; (row = option_shown(self, i)).key; i++) {
		const char *name = option_long(&row);

		if (!name || strncmp(name, word + 2, length - 2) != 0)
			continue;
		if (out)
			fprintf(out, "%s--%s", count ? ", " : "", name);
		count++;
	}
	return count;
}

static _Noreturn void refuse_ambiguous(const struct command *self, const char *word)
{
	char names[256] = "";
	FILE *out = fmemopen(names, sizeof names, "w");

	if (out) {
		count_candidates(self, word, out);
		fclose(out);
	}
	usage_error(self, "'%s' may be one of several options: %s", shown(word), names);
}

/* What getopt_long(3) has answered ':' or '?' to. word is where it stood: right for long names. */
static _Noreturn void refuse_option(const struct command *self, int answer, const char *word)
{
	struct option_row row = row_of(self, optopt);
	char name[64];

	if (!optopt && count_candidates(self, word, NULL) > 1)
		refuse_ambiguous(self, word);
	if (!optopt)
		usage_error(self, "no option '%s'", shown(word));
	if (!row.key) {
		char letter[] = {'-', (char)optopt, '\0'};

		usage_error(self, "no option '%s'", shown(letter));
	}
	name_of(&row, optopt, name, sizeof name);
	if (answer == ':')
		usage_error(self, "%s needs a value: expected %s", name, row.expects);
	usage_error(self, "%s takes no value, such as '%s'", name, shown(strchr(word, '=') + 1));
}

static void restart(void)
{
	optind = 0;
	opterr = 0;
}

/* The next option, of whatever kind. False: there is none left. */
static bool step(struct options *options)
{
	static char name[64];
	struct grammar grammar = grammar_of(options->self);
	int answer =
		getopt_long(options->argc, options->argv, grammar.letters, grammar.longs, NULL);

	if (answer == -1)
		return false;
	if (answer == '?' || answer == ':')
		refuse_option(options->self, answer, options->argv[optind - 1]);
	options->row = row_of(options->self, answer);
	name_of(&options->row, answer, name, sizeof name);
	options->name = name;
	options->value = optarg;
	return true;
}

static void check_operands(const struct options *options)
{
	const struct command *self = options->self;
	char synopsis[256] = "";
	FILE *out = fmemopen(synopsis, sizeof synopsis, "w");
	int count = 0;

	if (out) {
		usage_synopsis(self, out);
		fclose(out);
	}
	while (options->operands[count])
		count++;
	if (count < self->operands_least)
		usage_error(self, "%s is missing; usage: %s", self->operand, synopsis);
	if (!self->runs_operands && count > self->operands_most)
		usage_error(self, "'%s' is one operand too many; usage: %s",
			    shown(options->operands[self->operands_most]), synopsis);
}

struct options options_begin(const struct command *self, int argc, char **argv)
{
	struct options options = {.self = self, .argc = argc, .argv = argv};

	restart();
	while (step(&options))
		if (options.row.key == KEY_HELP) {
			usage_print(self, stdout);
			exit(fflush(stdout) ? EX_IOERR : 0);
		} else if (options.row.key == KEY_VERSION) {
			puts("linecap " LINECAP_VERSION);
			exit(fflush(stdout) ? EX_IOERR : 0);
		}
	options.operands = argv + optind;
	check_operands(&options);
	restart();
	return options;
}

int option_next(struct options *options)
{
	while (step(options))
		if (options->row.key < OPTION_SETS)
			return options->row.key;
	return 0;
}

static void complain(const struct complaint *complaint)
{
	char text[SETTINGS_MESSAGE];

	settings_message(complaint, text);
	fprintf(stderr, "linecap: %s\n", text);
}

struct settings options_load(void)
{
	struct settings settings;

	settings_load(&settings, getauxval(AT_SECURE), SETTINGS_CONF, complain);
	return settings;
}

struct settings options_settings(const struct options *options)
{
	struct settings settings = options_load();
	struct options each = *options;
	char text[SETTINGS_MESSAGE];

	restart();
	while (step(&each)) {
		enum setting setting = (enum setting)(each.row.key - OPTION_SETS);

		if (each.row.key < OPTION_SETS ||
		    settings_set(&settings, setting, each.value, ORIGIN_OPTION))
			continue;
		settings_message(&(struct complaint){setting, each.name, each.value, ORIGIN_OPTION},
				 text);
		usage_error(options->self, "%s", text);
	}
	restart();
	return settings;
}

void option_refuse(const struct options *options)
{
	usage_error(options->self, "%s is '%s': expected %s", options->name, shown(options->value),
		    options->row.expects);
}

int option_word(const struct options *options)
{
	int word = words_find(options->row.words, options->value);

	if (word < 0)
		option_refuse(options);
	return word;
}

long long option_number(const struct options *options, long long least, long long most)
{
	const char *digits = options->value + (*options->value == '-'), *trouble;
	long long number = strtonum(options->value, least, most, &trouble);
	bool octal = *digits == '0' && digits[1]; /* to kubectl; decimal to others */

	if (trouble || octal || *digits < '0' || *digits > '9')
		option_refuse(options);
	return number;
}
