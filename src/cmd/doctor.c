/* linecap doctor: what linecap does on this very system, and for this very command. It believes
 * nothing that it can try: each way that bytes can take out of a process (ways/) is taken by a
 * process of its own, with the library loaded and a pipe of its own. */
#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd.h"
#include "json.h"
#include "options.h"
#include "program.h"
#include "settings.h"
#include "ways/ways.h"

enum verdict { CAUGHT, NOT_CAUGHT, BEYOND, ABSENT, FAILED, UNTRIED, VERDICTS };

static const char *const verdicts[VERDICTS] = {
	[CAUGHT] = "caught", [NOT_CAUGHT] = "NOT CAUGHT",
	[BEYOND] = "beyond", /* no library can see it: says so, and doesn't count */
	[ABSENT] = "-",	     [FAILED] = "FAILED",
	[UNTRIED] = "",
};

enum { PATIENCE = 60 }; /* seconds, after which a way that hangs has failed */

struct diagnosis {
	struct library library;
	unsigned ways;
	struct {
		const struct way *way;
		enum verdict verdict[2]; /* by stdout and by stderr */
	} tried[WAYS_MOST];
	struct settings settings; /* as loaded */
	struct target target;	  /* as resolved */
	enum target_reason reason;
	const char *command; /* NULL: none was given */
	struct program program;
};

/* In a child: becomes the process that takes the way to fd. */
_Noreturn static void take(const char *library, const struct way *way, int fd, int out)
{
	const struct {
		const char *name, *value;
	} variables[] = {
		{"LD_PRELOAD", library}, {"LINECAP_MAX", "16384"},    {"LINECAP_MODE", "split"},
		{"LINECAP_MARK", ""},	 {"LINECAP_TARGET", "stdio"}, {"LINECAP_STATS", ""},
	};
	char number[] = {(char)('0' + fd), '\0'};
	int null = open("/dev/null", O_RDWR);

	for (int other = 0; other <= 2; other++)
		dup2(other == fd ? out : null, other);
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		setenv(variables[i].name, variables[i].value, 1);
	alarm(PATIENCE);
	execl("/proc/self/exe", "linecap", WAYS_COMMAND, way->name, number, (char *)NULL);
	_exit(EX_OSERR);
}

/* The longest line that fd gives until it ends. */
static size_t longest_line(int fd)
{
	static char bytes[65536];
	size_t column = 0, longest = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			column = bytes[i] == '\n' ? 0 : column + 1;
			if (column > longest)
				longest = column;
		}
	return longest;
}

static bool is_beyond(const struct way *way)
{
	return !strcmp(way->name, "raw system call") || !strcmp(way->name, "io_uring");
}

static enum verdict try(const char *library, const struct way *way, int fd)
{
	int ends[2], status;

	if (!(way->streams & (fd == 1 ? STDOUT : STDERR)))
		return UNTRIED;
	if (way->output == SOCKET ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)
				  : pipe2(ends, O_CLOEXEC))
		return FAILED;
	fflush(stdout);
	pid_t child = fork();

	if (!child)
		take(library, way, fd, ends[1]);
	close(ends[1]);
	size_t longest = child < 0 ? 0 : longest_line(ends[0]);

	close(ends[0]);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return FAILED;
	if (WIFEXITED(status) && WEXITSTATUS(status) == WAYS_ABSENT)
		return ABSENT;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return FAILED;
	if (longest <= LIMITER_MAX_DEFAULT)
		return CAUGHT;
	return is_beyond(way) ? BEYOND : NOT_CAUGHT;
}

static void try_all(struct diagnosis *diagnosis)
{
	bool shows = isatty(STDERR_FILENO);

	for (const struct way *way = NULL; (way = ways_next(way));) {
		if (shows)
			fprintf(stderr, "\r\033[Ktrying %s", way->name);
		diagnosis->tried[diagnosis->ways].way = way;
		for (int fd = 1; fd <= 2; fd++)
			diagnosis->tried[diagnosis->ways].verdict[fd - 1] =
				diagnosis->library.trouble ? UNTRIED
							   : try(diagnosis->library.path, way, fd);
		diagnosis->ways++;
	}
	if (shows)
		fputs("\r\033[K", stderr);
}

static bool all_caught(const struct diagnosis *diagnosis)
{
	if (diagnosis->library.trouble)
		return false;
	for (unsigned i = 0; i < diagnosis->ways; i++)
		for (int stream = 0; stream < 2; stream++) {
			enum verdict verdict = diagnosis->tried[i].verdict[stream];

			if (verdict == NOT_CAUGHT || verdict == FAILED)
				return false;
		}
	return true;
}

/* The environment that this process was started with: a library that is loaded in here has put its
 * answers into ours already. NULL: it can't be read. */
static char **first_environment(void)
{
	enum { WORDS = 4096, BYTES = 1 << 20 };
	static char *words[WORDS + 1], bytes[BYTES + 1];
	size_t length = 0, count = 0;
	ssize_t n;
	int fd = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	while ((n = read(fd, bytes + length, BYTES - length)) > 0)
		length += (size_t)n;
	close(fd);
	for (char *at = bytes; at < bytes + length && count < WORDS; at += strlen(at) + 1)
		words[count++] = at;
	return words;
}

static void look_at_settings(struct diagnosis *diagnosis)
{
	char **now = environ, **first = first_environment();

	if (first)
		environ = first;
	diagnosis->settings = options_load();
	environ = now;
	diagnosis->target = diagnosis->settings.target;
	diagnosis->reason = target_resolve(&diagnosis->target);
}

static const char *reason_text(const struct diagnosis *diagnosis)
{
	static const char *const reasons[] = {
		[TARGET_GIVEN] = "LINECAP_TARGET says so",
		[TARGET_OWN_STDIO] = "LINECAP_TARGET=stdio: this process's own stdout and stderr",
		[TARGET_OF_FIRST] = "stdout and stderr of the container's first process",
		[TARGET_EXEC] = "this process was put into the container (an exec session)",
		[TARGET_OWN_DEFAULT] = "this process's own stdout and stderr that are FIFOs",
	};

	return reasons[diagnosis->reason];
}

static const char *const origins[] = {
	[ORIGIN_DEFAULT] = "default",
	[ORIGIN_CONF] = SETTINGS_CONF,
	[ORIGIN_ENVIRONMENT] = "environment",
	[ORIGIN_OPTION] = "option",
};

static const char *via(const struct diagnosis *diagnosis)
{
	if (diagnosis->program.verdict == PROGRAM_ABSENT)
		return "none";
	return diagnosis->program.verdict == PROGRAM_REACHED && !diagnosis->library.trouble
		       ? "preload"
		       : "pipe";
}

static void print_table(const struct diagnosis *diagnosis)
{
	char text[SETTINGS_TEXT];

	if (diagnosis->library.trouble)
		printf("library: %s\n\n", diagnosis->library.trouble);
	else
		printf("library: %s\n\n", shown(diagnosis->library.path));
	printf("%-32s %-12s %s\n", "WAY OUT", "STDOUT", "STDERR");
	for (unsigned i = 0; i < diagnosis->ways; i++)
		printf("%-32s %-12s %s\n", diagnosis->tried[i].way->name,
		       verdicts[diagnosis->tried[i].verdict[0]],
		       verdicts[diagnosis->tried[i].verdict[1]]);
	puts("beyond: no preloaded library can see it (linecap run --via pipe); -: not present "
	     "here");
	target_format(&diagnosis->target, text);
	printf("\nguarded pipes: %s (%s)\n\n", text, reason_text(diagnosis));
	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++) {
		settings_format(&diagnosis->settings, setting, text);
		printf("%-16s %-24s %s\n", settings_name(setting), shown(text),
		       origins[diagnosis->settings.origin[setting]]);
	}
	if (!diagnosis->command)
		return;
	printf("\n%s: %s %s%s%s\n", shown(diagnosis->command), shown(diagnosis->program.path),
	       program_reason(&diagnosis->program), diagnosis->program.error ? ": " : "",
	       diagnosis->program.error ? strerror(diagnosis->program.error) : "");
	printf("linecap run --via auto takes: %s\n", via(diagnosis));
}

static void print_member(const char *name, const char *text, const char *end)
{
	json_text(name);
	fputs(": ", stdout);
	json_text(text);
	fputs(end, stdout);
}

static const char *plain(enum verdict verdict)
{
	static const char *const words[VERDICTS] = {
		[CAUGHT] = "caught", [NOT_CAUGHT] = "not caught", [BEYOND] = "beyond",
		[ABSENT] = "absent", [FAILED] = "failed",	  [UNTRIED] = "not tried",
	};

	return words[verdict];
}

static void print_json(const struct diagnosis *diagnosis)
{
	char text[SETTINGS_TEXT];

	fputs("{\n  ", stdout);
	if (diagnosis->library.trouble)
		print_member("trouble", diagnosis->library.trouble, ",\n");
	else
		print_member("library", diagnosis->library.path, ",\n");
	printf("  \"all_caught\": %s,\n  \"ways\": [\n", all_caught(diagnosis) ? "true" : "false");
	for (unsigned i = 0; i < diagnosis->ways; i++) {
		fputs("    {", stdout);
		print_member("way", diagnosis->tried[i].way->name, ", ");
		print_member("stdout", plain(diagnosis->tried[i].verdict[0]), ", ");
		print_member("stderr", plain(diagnosis->tried[i].verdict[1]), "}");
		puts(i + 1 < diagnosis->ways ? "," : "");
	}
	target_format(&diagnosis->target, text);
	fputs("  ],\n  \"guarded\": {", stdout);
	print_member("pipes", text, ", ");
	print_member("reason", reason_text(diagnosis), "},\n  \"settings\": {\n");
	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++) {
		settings_format(&diagnosis->settings, setting, text);
		printf("    \"%s\": {", settings_name(setting));
		print_member("value", text, ", ");
		print_member("origin", origins[diagnosis->settings.origin[setting]],
			     setting + 1 < SETTINGS ? "},\n" : "}\n  }");
	}
	if (diagnosis->command) {
		fputs(",\n  \"command\": {", stdout);
		print_member("name", diagnosis->command, ", ");
		print_member("path", diagnosis->program.path, ", ");
		print_member("reason", program_reason(&diagnosis->program), ", ");
		print_member("via", via(diagnosis), "}");
	}
	puts("\n}");
}

static int main_doctor(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
	static struct diagnosis diagnosis;
	bool json = false;

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
		if (option != 'j')
			usage_error(self, "'%s' is not an option; it has --json",
				    shown(argv[optind - 1]));
		json = true;
	}
	diagnosis.command = argv[optind];
	diagnosis.library = library_find();
	if (diagnosis.command)
		diagnosis.program = program_of(diagnosis.command);
	look_at_settings(&diagnosis);
	try_all(&diagnosis);
	(json ? print_json : print_table)(&diagnosis);
	if (fflush(stdout))
		failure(self, EX_IOERR, "stdout");
	return all_caught(&diagnosis) ? 0 : 1;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "try what linecap catches on this system",
	.usage =
		"usage: linecap doctor [--json] [[--] COMMAND]\n"
		"Takes each way that bytes can take out of a process, with the library loaded, "
		"and\n"
		"prints which were caught; then which pipes are guarded from here and why, the\n"
		"settings and where they come from, and how COMMAND would be reached.\n\n"
		"exit status: 0 if all that is present is caught, 1 if not, 64 for a bad option.\n",
	.main = main_doctor,
};
