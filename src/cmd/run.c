/* linecap run: starts a program whose over-long lines are broken, by the library where that gets
 * in, else by standing between the program and its pipes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "options.h"
#include "program.h"
#include "supervisor.h"

enum via { VIA_AUTO, VIA_PRELOAD, VIA_PIPE, VIAS };

static const char *const vias[VIAS] = {
	[VIA_AUTO] = "auto", [VIA_PRELOAD] = "preload", [VIA_PIPE] = "pipe"};

/* The statuses that a shell gives: 127 if there is no such command, else 126. */
static _Noreturn void become(const struct command *self, char **argv)
{
	execvp(argv[0], argv);
	failure(self, errno == ENOENT ? 127 : 126, "%s", shown(argv[0]));
}

static enum via parse_via(const struct command *self, const char *value)
{
	enum via via = VIA_AUTO;

	while (via < VIAS && strcmp(value, vias[via]) != 0)
		via++;
	if (via == VIAS)
		usage_error(self, "--via is '%s': expected auto, preload or pipe", shown(value));
	return via;
}

static enum via parse_options(const struct command *self, struct settings *settings, int argc,
			      char **argv)
{
	static const struct option options[] = {OPTIONS_OF_LIMITS,
						{"target", required_argument, NULL, 't'},
						{"via", required_argument, NULL, 'v'},
						{NULL, 0, NULL, 0}};
	enum via via = VIA_AUTO;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:m:", options, NULL)) != -1)
		if (option == 't')
			options_set(self, settings, SETTING_TARGET, "--target");
		else if (option == 'v')
			via = parse_via(self, optarg);
		else
			options_set_limit(self, settings, option, argv);
	if (optind == argc)
		usage_error(self, "wants a command; `linecap run --help` tells more");
	return via;
}

static void set_variable(const struct command *self, const char *name, const char *value)
{
	if (setenv(name, value, 1))
		failure(self, EX_OSERR, "%s", name);
}

/* All of them, so that no descendant has to look for one, nor complains once more of a bad one. */
static void export_settings(const struct command *self, const struct settings *settings)
{
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		char text[SETTINGS_TEXT];

		settings_format(settings, setting, text);
		set_variable(self, settings_name(setting), text);
	}
}

static bool list_holds(const char *list, const char *path)
{
	size_t length = strlen(path);

	for (; *(list += strspn(list, " :")); list += strcspn(list, " :"))
		if (strcspn(list, " :") == length && !strncmp(list, path, length))
			return true;
	return false;
}

static void preload(const struct command *self, const char *path)
{
	const char *others = getenv("LD_PRELOAD");
	char *list;

	if (!others || !*others) {
		set_variable(self, "LD_PRELOAD", path);
	} else if (!list_holds(others, path)) {
		if (asprintf(&list, "%s:%s", path, others) < 0)
			failure(self, EX_OSERR, "LD_PRELOAD");
		set_variable(self, "LD_PRELOAD", list);
		free(list);
	}
}

/* Makes LD_PRELOAD ready where that is the way. False: it has to be the pipe. */
static bool goes_by_preload(const struct command *self, enum via via, const char *command)
{
	if (via == VIA_PIPE)
		return false;
	struct library library = library_find();

	if (library.trouble && via == VIA_PRELOAD) {
		fprintf(stderr, "linecap run: %s\n", library.trouble);
		exit(EX_UNAVAILABLE);
	}
	if (library.trouble) {
		fprintf(stderr, "linecap run: %s; going by a pipe instead\n", library.trouble);
		return false;
	}
	if (via == VIA_AUTO) {
		struct program program = program_of(command);

		if (program.verdict == PROGRAM_ABSENT)
			return true;
		if (program.verdict != PROGRAM_REACHED)
			return false;
	}
	preload(self, library.path);
	return true;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct settings settings = options_load();
	enum via via = parse_options(self, &settings, argc, argv);

	argv += optind;
	if (settings.origin[SETTING_TARGET] == ORIGIN_DEFAULT)
		settings.target.kind = TARGET_STDIO;
	target_resolve(&settings.target);
	export_settings(self, &settings);
	if (!settings.max || settings.target.kind == TARGET_NONE ||
	    goes_by_preload(self, via, argv[0]))
		become(self, argv);
	struct limits limits = settings_limits(&settings);

	if (supervise(&limits, &settings.target))
		fprintf(stderr, "linecap run: %s; running %s without\n", strerror(errno),
			shown(argv[0]));
	become(self, argv);
}

const struct command command_run = {
	.name = "run",
	.summary = "run a program with its over-long lines broken",
	.usage =
		"usage: linecap run [OPTION...] [--] COMMAND [ARGUMENT...]\n"
		"Runs COMMAND, with each line longer than SIZE that it or its descendants write "
		"to\n"
		"the guarded pipes broken.\n\n"
		"  -m, --max SIZE   the longest line, in bytes: 64 to 1G (k, M, G), or off\n"
		"  --mode MODE      split: go on in a new line; truncate: drop the rest of the "
		"line,\n"
		"                   and say how much where the line ends\n"
		"  --mark MARK      end each piece that goes on with MARK (`linecap join` undoes "
		"it)\n"
		"  --target TARGET  the guarded pipes: stdio (this process's stdout and stderr, "
		"where\n"
		"                   they are pipes), auto (the container's), none, or DEV:INO,...\n"
		"  --via WAY        preload: by liblinecap.so in LD_PRELOAD; no process stays "
		"behind\n"
		"                   pipe: stand between COMMAND and its stdout and stderr, for\n"
		"                   programs that the library can't get into; fit to be PID 1\n"
		"                   auto (default): preload if COMMAND can be reached so, else "
		"pipe\n\n"
		"What isn't given comes from LINECAP_MAX, LINECAP_MODE, LINECAP_MARK and\n"
		"LINECAP_TARGET, else from /etc/linecap.conf; the default is to split at 16384 and "
		"to\n"
		"guard stdio.\n\n"
		"exit status: that of COMMAND, or 126 if it can't be run, 127 if it isn't there, "
		"64\n"
		"for a bad option, 69 if the library isn't there for --via preload.\n",
	.main = run,
};
