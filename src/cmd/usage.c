/* The usage texts, laid out from the tables of the subcommands. It only prints. */
#include "usage.h"

#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sysexits.h>

enum { WIDTH = 79, LEFT_MOST = 26 };

static const struct option_row for_all[] = {
	{.key = KEY_HELP, .names = "-h, --help", .help = "print this and exit"},
	{.key = KEY_VERSION, .names = "--version", .help = "print the version and exit"},
	{0},
};

struct option_row option_row(const struct command *self, size_t i)
{
	const struct option_row *own = self->options;
	size_t count = 0;

	while (own && own[count].key)
		count++;
	if (i >= count)
		return for_all[MIN(i - count, sizeof for_all / sizeof *for_all - 1)];
	struct option_row row = own[i];

	if (row.key >= OPTION_SETS) {
		const struct setting_facts *facts =
			settings_facts((enum setting)(row.key - OPTION_SETS));

		row.names = facts->option;
		row.value = facts->value;
		row.words = facts->words;
		row.expects = facts->expects;
		row.help = row.help ? row.help : facts->help;
	}
	return row;
}

struct option_row option_shown(const struct command *self, size_t i)
{
	struct option_row row;

	for (size_t each = 0; (row = option_row(self, each)).key; each++)
		if (row.help && !i--)
			break;
	return row;
}

char option_letter(const struct option_row *row)
{
	char letter = row->names[1];

	if (letter == '-')
		return '\0';
	return letter;
}

const char *option_long(const struct option_row *row)
{
	const char *dashes = strstr(row->names, "--");

	return dashes ? dashes + 2 : NULL;
}

/* Words with single spaces between them, from column `indent` on; a newline in text is one here. */
static void print_wrapped(FILE *out, int indent, const char *text)
{
	int column = indent;

	for (; *text; text += *text == ' ') {
		int length = (int)strcspn(text, " \n");

		if (column > indent && column + 1 + length > WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		}
		column += fprintf(out, "%s%.*s", column > indent ? " " : "", length, text);
		for (text += length; *text == '\n'; text++) {
			putc('\n', out);
			if (text[1] != '\n')
				fprintf(out, "%*s", indent, "");
			column = indent;
		}
	}
	putc('\n', out);
}

static void print_row(FILE *out, int width, const char *left, const char *right)
{
	int column = fprintf(out, "  %s", left);
	int indent = 2 + width + 2;

	if (column > indent - 2) {
		putc('\n', out);
		column = 0;
	}
	fprintf(out, "%*s", indent - column, "");
	print_wrapped(out, indent, right);
}

/* "-m, --max SIZE", "--watch[=N]" */
static void left_of(const struct option_row *row, char *text, size_t size)
{
	const char *value = row->value ? row->value : "";

	if (*value == '[')
		snprintf(text, size, "%s[=%s", row->names, value + 1);
	else
		snprintf(text, size, "%s%s%s", row->names, *value ? " " : "", value);
}

static void print_options(const struct command *self, FILE *out)
{
	struct option_row row;
	char left[64];
	int width = 0;

	for (size_t i = 0; (row = option_shown(self, i)).key; i++) {
		left_of(&row, left, sizeof left);
		width = MAX(width, (int)strlen(left));
	}
	width = MIN(width, LEFT_MOST);
	for (size_t i = 0; (row = option_shown(self, i)).key; i++) {
		left_of(&row, left, sizeof left);
		print_row(out, width, left, row.help);
	}
}

static void print_exits(const struct command *self, FILE *out)
{
	static const struct exit_row none,
		usage = {"64", "a mistake in the options or the operands"};
	const struct exit_row *row = self->exits ? self->exits : &none;
	bool told = false;
	int width = 2;

	for (const struct exit_row *each = row; each->status; each++)
		width = MAX(width, (int)strlen(each->status));
	fputs("\nexit status:\n", out);
	for (; row->status || !told; row += row->status != NULL) {
		if (!told && (!row->status || atoi(row->status) > EX_USAGE)) {
			print_row(out, width, usage.status, usage.when);
			told = true;
		}
		if (row->status)
			print_row(out, width, row->status, row->when);
	}
}

void usage_synopsis(const struct command *self, FILE *out)
{
	fprintf(out, "linecap%s%s [OPTION...]%s%s", self->name ? " " : "",
		self->name ? self->name : "", self->synopsis ? " " : "",
		self->synopsis ? self->synopsis : "");
}

void usage_print(const struct command *self, FILE *out)
{
	fputs("usage: ", out);
	usage_synopsis(self, out);
	putc('\n', out);
	print_wrapped(out, 0, self->about);
	putc('\n', out);
	if (!self->name) {
		for (const struct command *const *command = commands; *command; command++)
			print_row(out, 8, (*command)->name, (*command)->summary);
		putc('\n', out);
	}
	print_options(self, out);
	if (self->notes) {
		putc('\n', out);
		print_wrapped(out, 0, self->notes);
	}
	if (self->name)
		print_exits(self, out);
}
