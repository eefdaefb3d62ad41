/* linecap run: starts a program whose over-long lines are broken, by the library where that gets
 * in, else by standing between the program and its pipes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "ledger.h"
#include "options.h"
#include "program.h"
#include "supervisor.h"
#include "sys.h"

enum via { VIA_AUTO, VIA_PRELOAD, VIA_PIPE };
enum { KEY_VIA = 'v', KEY_IMAGE = 'i' };
#define VIA_WORDS "auto preload pipe"

/* The statuses that a shell gives: 127 if there is no such command, else 126. */
static _Noreturn void fail_to_become(const struct command *self, const char *file)
{
	failure(self, errno == ENOENT ? 127 : 126, "%s", *file ? shown(file) : "''");
}

static _Noreturn void become(const struct command *self, char **argv)
{
	execvp(argv[0], argv);
	fail_to_become(self, argv[0]);
}

static void set_variable(const struct command *self, const char *name, const char *value)
{
	if (setenv(name, value, 1))
		failure(self, EX_OSERR, "%s", name);
}

/* For a library that has chosen this way: the file that it was about to run, with all else as it
 * is. Not by libc's name, or the library in this very process would choose the same again. */
static _Noreturn void become_image(const struct command *self, const char *image, char **argv)
{
	sys_result(sys3(SYS_execve, image, argv, environ));
	fail_to_become(self, image);
}

/* So that no descendant looks for one, nor complains once more of a bad one. */
static void export_settings(const struct command *self, const struct settings *settings)
{
	char entry[SETTINGS_ENTRY];
	unsigned next = 0;

	while (settings_export(settings, &next, entry)) {
		char *value = strchr(entry, '=');

		*value++ = '\0';
		set_variable(self, entry, value);
	}
}

/* The same file, whatever it is called there. */
static bool is_file(const char *path, size_t length, const struct stat *wanted)
{
	char name[PATH_MAX];
	struct stat st;

	if (length >= sizeof name)
		return false;
	memcpy(name, path, length);
	name[length] = '\0';
	return !stat(name, &st) && st.st_dev == wanted->st_dev && st.st_ino == wanted->st_ino;
}

static bool list_holds(const char *list, const char *path)
{
	struct stat library;

	if (stat(path, &library))
		return false;
	for (; *(list += strspn(list, " :")); list += strcspn(list, " :"))
		if (is_file(list, strcspn(list, " :"), &library))
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

/* By a pipe, too, the library goes along where it can: others of the tree may open the runtime's
 * pipes by themselves (/proc/1/fd/1). */
static void preload_beside_pipe(const struct command *self, const char *command)
{
	struct library library = library_find();

	if (!library.trouble && program_of(command).verdict != PROGRAM_FOREIGN)
		preload(self, library.path);
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

/* Returns in the process that shall become the command. */
static void stand_between(const struct settings *settings, char *command)
{
	if (supervise(settings, command))
		fprintf(stderr, "linecap run: %s; running %s without\n", strerror(errno),
			shown(command));
}

static _Noreturn void run_image(const struct command *self, const struct settings *settings,
				const char *image, char **argv)
{
	stand_between(settings, argv[0]);
	become_image(self, image, argv);
}

static int run_main(const struct command *self, int argc, char **argv)
{
	struct options options = options_begin(self, argc, argv);
	struct settings settings = options_settings(&options);
	enum via via = VIA_AUTO;
	const char *image = NULL;

	for (int key; (key = option_next(&options));)
		if (key == KEY_IMAGE)
			image = options.value;
		else
			via = (enum via)option_word(&options);
	argv = options.operands;
	if (image)
		run_image(self, &settings, image, argv);
	if (settings.origin[SETTING_TARGET] == ORIGIN_DEFAULT)
		settings.target.kind = TARGET_STDIO;
	if (settings.origin[SETTING_EXEC] == ORIGIN_DEFAULT)
		settings.exec = EXEC_PIPE;
	enum target_reason reason = target_resolve(&settings.target);

	export_settings(self, &settings);
	if (settings.max && settings.target.count && reason != TARGET_GIVEN)
		ledger_sweep(
			&settings.target); /* nobody further down will: the target is given there */
	if (!settings.max || settings.target.kind == TARGET_NONE ||
	    goes_by_preload(self, via, argv[0]))
		become(self, argv);
	preload_beside_pipe(self, argv[0]);
	stand_between(&settings, argv[0]);
	become(self, argv);
}

/* --image is for the library: FILE is run in COMMAND's place, by way of a pipe, and nothing is put
 * into its environment. */
static const struct option_row option_rows[] = {
#define SETTING(id, ...) OPTION_OF(id),
#include "settings.def"
	{KEY_VIA, "--via", "WAY", VIA_WORDS, "auto, preload or pipe",
	 "preload: by liblinecap.so in LD_PRELOAD; no process stays behind\n"
	 "pipe: stand between COMMAND and its stdout and stderr, for programs that the library "
	 "can't "
	 "get into; fit to be PID 1\n"
	 "auto (default): preload if COMMAND can be reached so, else pipe"},
	{KEY_IMAGE, "--image", "FILE", NULL, "a path", NULL},
	{0},
};

static const struct exit_row exits[] = {
	{"69", "the library isn't there, for --via preload"},
	{"71", "the system lacks what is needed, such as memory"},
	{"126", "COMMAND can't be run"},
	{"127", "COMMAND isn't there"},
	{"else", "as COMMAND ends"},
	{0},
};

const struct command command_run = {
	.name = "run",
	.summary = "run a program with its over-long lines broken",
	.synopsis = "[--] COMMAND [ARGUMENT...]",
	.about = "Runs COMMAND, with each line longer than SIZE that it or its descendants write "
		 "to the "
		 "guarded pipes broken.",
	.options = option_rows,
	.notes = "What isn't given comes from the environment, else from /etc/linecap.conf: "
		 "LINECAP_MAX for --max and so on. The default is to split at 16384, to guard "
		 "stdio, and --exec pipe.",
	.exits = exits,
	.operands_least = 1,
	.runs_operands = true,
	.operand = "COMMAND",
	.main = run_main,
};
