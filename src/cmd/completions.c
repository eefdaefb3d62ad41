/* The shells' completions, from the tables of the subcommands. It only prints. How a completion is
 * written: bash(1), "Programmable Completion"; zshcompsys(1), _arguments; complete(1) of fish. */
#include "completions.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "options.h"
#include "usage.h"

/* The name, as a command line has it: the long one, where there is one. */
static void print_name(const struct option_row *row)
{
	if (option_long(row))
		printf("--%s", option_long(row));
	else
		printf("-%c", option_letter(row));
}

/* text in single quotes of a shell. escape: what else wants a \ before it there. */
static void print_quoted(const char *text, const char *quote, const char *escape)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs(quote, stdout);
		else if (*text == '\n')
			fputs(text[-1] == ':' ? " " : "; ", stdout);
		else
			printf(strchr(escape, *text) ? "\\%c" : "%c", *text);
}

static bool has_words(const struct option_row *row)
{
	return row->words && *row->words;
}

static bool is_file(const struct option_row *row)
{
	return row->value && !strcmp(row->value, "FILE");
}

/* ---- bash. ---- */

static void print_bash_values(const struct command *self)
{
	struct option_row row;

	for (size_t i = 0; (row = option_shown(self, i)).key; i++) {
		if (!row.value || *row.value == '[')
			continue;
		printf("\t%s:", self->name);
		print_name(&row);
		if (option_letter(&row) && option_long(&row))
			printf(" | %s:-%c", self->name, option_letter(&row));
		if (has_words(&row))
			printf(") words='%s' ;;\n", row.words);
		else
			puts(is_file(&row) ? ") kind=-f ;;" : ") words=' ' ;;");
	}
}

static void print_bash_options(const struct command *self)
{
	struct option_row row;

	printf("\t\t%s) words='", self->name);
	for (size_t i = 0; (row = option_shown(self, i)).key; i++) {
		if (i)
			putchar(' ');
		print_name(&row);
	}
	puts("' ;;");
}

static void print_bash(void)
{
	puts("# bash completion of linecap(1)\n\n"
	     "_linecap() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	     "\tlocal command=${COMP_WORDS[1]} words='' kind=''\n\n"
	     "\tCOMPREPLY=()\n"
	     "\tif [[ $word == = ]]; then\n" /* a word of its own, for bash */
	     "\t\tword=''\n"
	     "\telif [[ $before == = ]]; then\n"
	     "\t\tbefore=${COMP_WORDS[COMP_CWORD - 2]}\n"
	     "\tfi\n"
	     "\tcase $command:$before in");
	for (const struct command *const *command = commands; *command; command++)
		print_bash_values(*command);
	puts("\tesac\n"
	     "\tif [[ $COMP_CWORD == 1 ]]; then");
	fputs("\t\twords='", stdout);
	for (const struct command *const *command = commands; *command; command++)
		printf("%s ", (*command)->name);
	puts("--help --version'\n"
	     "\telif [[ -z $words$kind && $word == -* ]]; then\n"
	     "\t\tcase $command in");
	for (const struct command *const *command = commands; *command; command++)
		print_bash_options(*command);
	puts("\t\tesac\n"
	     "\telif [[ -z $words$kind ]]; then\n"
	     "\t\tcase $command in");
	for (const struct command *const *command = commands; *command; command++)
		if ((*command)->operand)
			printf("\t\t%s) kind=%s ;;\n", (*command)->name,
			       (*command)->runs_operands ? "-c" : "-f");
	puts("\t\tesac\n"
	     "\tfi\n"
	     "\tif [[ $words ]]; then\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	     "\telif [[ $kind ]]; then\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen \"$kind\" -- \"$word\")\n"
	     "\tfi\n"
	     "}\n"
	     "complete -F _linecap linecap");
}

/* ---- zsh. ---- */

static void print_zsh_option(const struct option_row *row)
{
	char letter = option_letter(row);
	const char *name = option_long(row);
	bool optional = row->value && *row->value == '[';

	fputs(" \\\n\t\t\t", stdout);
	if (letter && name)
		printf("'(-%c --%s)'{-%c%s,--%s%s}'[", letter, name, letter, row->value ? "+" : "",
		       name, row->value ? "=" : "");
	else if (name)
		printf("'--%s%s[", name, optional ? "=-" : row->value ? "=" : "");
	else
		printf("'-%c%s[", letter, row->value ? "+" : "");
	print_quoted(row->help, "'\\''", "[]:\\");
	fputs("]", stdout);
	if (row->value) {
		printf("%s%.*s:", optional ? "::" : ":", (int)strcspn(row->value + optional, "]"),
		       row->value + optional);
		if (has_words(row))
			printf("(%s)", row->words);
		else
			fputs(is_file(row) ? "_files" : " ", stdout);
	}
	putchar('\'');
}

static void print_zsh(void)
{
	struct option_row row;

	puts("#compdef linecap\n"
	     "# zsh completion of linecap(1)\n\n"
	     "_linecap() {\n"
	     "\tlocal -a commands=(");
	for (const struct command *const *command = commands; *command; command++) {
		printf("\t\t'%s:", (*command)->name);
		print_quoted((*command)->summary, "'\\''", ":\\");
		puts("'");
	}
	puts("\t)\n\n"
	     "\tif ((CURRENT == 2)); then\n"
	     "\t\t_describe command commands\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tshift words\n"
	     "\t((CURRENT--))\n"
	     "\tcase $words[1] in");
	for (const struct command *const *command = commands; *command; command++) {
		printf("\t%s)\n\t\t_arguments -S", (*command)->name);
		for (size_t i = 0; (row = option_shown(*command, i)).key; i++)
			print_zsh_option(&row);
		if ((*command)->runs_operands)
			fputs(" \\\n\t\t\t'(-)1:command:_command_names -e' '*::argument:_normal'",
			      stdout);
		else if ((*command)->operand)
			fputs(" \\\n\t\t\t'1:file:_files'", stdout);
		puts("\n\t\t;;");
	}
	puts("\tesac\n"
	     "}\n\n"
	     "_linecap \"$@\"");
}

/* ---- fish. ---- */

static void print_fish_option(const struct command *self, const struct option_row *row)
{
	bool required = row->value && *row->value != '[';

	printf("complete -c linecap -n '__fish_seen_subcommand_from %s'", self->name);
	if (option_letter(row))
		printf(" -s %c", option_letter(row));
	if (option_long(row))
		printf(" -l %s", option_long(row));
	if (required)
		fputs(is_file(row) ? " -r" : " -x", stdout);
	if (row->value && has_words(row))
		printf(" -a '%s'", row->words);
	fputs(" -d '", stdout);
	print_quoted(row->help, "\\'", "\\");
	puts("'");
}

static void print_fish(void)
{
	struct option_row row;

	puts("# fish completion of linecap(1)\n");
	for (const struct command *const *command = commands; *command; command++) {
		printf("complete -c linecap -f -n __fish_use_subcommand -a %s -d '",
		       (*command)->name);
		print_quoted((*command)->summary, "\\'", "\\");
		puts("'");
	}
	for (const struct command *const *command = commands; *command; command++) {
		if (!(*command)->operand)
			printf("complete -c linecap -f -n '__fish_seen_subcommand_from %s'\n",
			       (*command)->name);
		else if ((*command)->runs_operands)
			printf("complete -c linecap -f -n '__fish_seen_subcommand_from %s' "
			       "-a '(__fish_complete_subcommand --fcs-skip=2)'\n",
			       (*command)->name);
		for (size_t i = 0; (row = option_shown(*command, i)).key; i++)
			print_fish_option(*command, &row);
	}
}

static int completions_main(const struct command *self, int argc, char **argv)
{
	struct options options = options_begin(self, argc, argv);
	const char *shell = options.operands[0];

	if (!strcmp(shell, "bash"))
		print_bash();
	else if (!strcmp(shell, "zsh"))
		print_zsh();
	else if (!strcmp(shell, "fish"))
		print_fish();
	else
		usage_error(self, "SHELL is '%s': expected bash, zsh or fish", shown(shell));
	if (fflush(stdout))
		failure(self, EX_IOERR, "write to stdout");
	return 0;
}

const struct command command_completions = {
	.name = "completions",
	.summary = "print what a shell needs to complete linecap's options",
	.synopsis = "bash|zsh|fish",
	.about = "Prints what the shell sources to complete the options of linecap.",
	.exits = (const struct exit_row[]){{"0", "it is printed"},
					   {"74", "stdout can't be written to"},
					   {0}},
	.operands_least = 1,
	.operands_most = 1,
	.operand = "SHELL",
	.main = completions_main,
};
