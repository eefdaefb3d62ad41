/* linecap doctor: what linecap does on this very system, and for this very command. It believes
 * nothing that it can try: each way that bytes can take out of a process (ways/) is taken by a
 * process of its own, a program of this system with the library loaded (probe.h). */
#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "json_out.h"
#include "ledger.h"
#include "options.h"
#include "probe.h"
#include "program.h"
#include "settings.h"
#include "version.h"

static const char *const verdicts[VERDICTS] = {
	[CAUGHT] = "caught", [NOT_CAUGHT] = "NOT CAUGHT", [BEYOND] = "beyond",
	[ABSENT] = "-",	     [FAILED] = "FAILED",	  [UNTRIED] = "",
};

enum { TROUBLES = 16, HOLES = 32 };

struct diagnosis {
	struct library library;
	struct probe probe;
	struct facts facts;		   /* with just the library */
	struct facts here;		   /* with the LD_PRELOAD that this process was given */
	const char *preload;		   /* that; or "" */
	const char *others;		   /* the libraries in it that aren't linecap's; or "" */
	struct trial trial[PROBE_WAYS][2]; /* by stdout and by stderr */
	const char *trouble[TROUBLES];
	unsigned troubles;
	struct settings settings; /* as loaded */
	struct target target;	  /* as resolved */
	enum target_reason reason;
	const char *command; /* NULL: none was given */
	struct program program;
	bool can_try;
	struct hole hole[HOLES]; /* programs that were started past the library */
	unsigned holes;
};

/* In the words as they are: how they may be shown is for those who print. */
static void add_trouble(struct diagnosis *diagnosis, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_trouble(struct diagnosis *diagnosis, const char *format, ...)
{
	char *text;
	va_list list;

	va_start(list, format);
	int n = vasprintf(&text, format, list);
	va_end(list);
	if (n >= 0 && diagnosis->troubles < TROUBLES)
		diagnosis->trouble[diagnosis->troubles++] = text;
}

/* --- where it is tried ------------------------------------------------------------------------ */

/* Any of these may be started by way of trial: it does nothing but say its version. */
static const char *const harmless[] = {"sh",   "true", "busybox", "env",    "cat",  "ls",
				       "bash", "perl", "python3", "python", "node", "ruby",
				       "php",  "java", "openssl", "curl",   NULL};

static bool is_reached(const char *command, char path[PATH_MAX])
{
	struct program program = program_of(command);

	return program.verdict == PROGRAM_REACHED &&
	       strlcpy(path, program.path, PATH_MAX) < PATH_MAX;
}

static bool find_harmless(char path[PATH_MAX])
{
	for (const char *const *name = harmless; *name; name++)
		if (is_reached(*name, path))
			return true;
	return false;
}

/* libways.so, beside liblinecap.so or this program. */
static bool find_ways(struct diagnosis *diagnosis)
{
	char *path = diagnosis->probe.ways, *slash;

	strlcpy(path, diagnosis->library.path, PATH_MAX);
	slash = strrchr(path, '/');
	if (slash)
		strlcpy(slash + 1, "libways.so", (size_t)(path + PATH_MAX - slash - 1));
	if (access(path, R_OK) && !program_beside("libways.so", path)) {
		add_trouble(diagnosis,
			    "there is no libways.so beside %s or linecap, so nothing can be "
			    "tried",
			    diagnosis->library.path);
		return false;
	}
	return true;
}

/* The facts of a program with just the library; or a trouble. */
static bool look_into(struct diagnosis *diagnosis, const char *program)
{
	struct probe probe = diagnosis->probe;
	static struct facts facts;
	const char *library = diagnosis->library.path;

	strlcpy(probe.program, program, sizeof probe.program);
	probe_facts(&probe, library, &facts);
	if (!facts.told || !facts.copies)
		add_trouble(diagnosis, "%s %s", library,
			    probe_absence(library, program, facts.said));
	if (!facts.told)
		return false;
	diagnosis->probe = probe;
	diagnosis->facts = facts;
	return true;
}

/* A program that does no harm comes first: where libways.so isn't loaded, it runs. */
static bool choose_program(struct diagnosis *diagnosis)
{
	bool reached = diagnosis->command && diagnosis->program.verdict == PROGRAM_REACHED;
	char path[PATH_MAX];

	if (!find_harmless(path)) {
		if (reached)
			return look_into(diagnosis, diagnosis->program.path);
		add_trouble(diagnosis,
			    "no program is found here that a library can be loaded into; "
			    "name one: linecap doctor -- COMMAND");
		return false;
	}
	if (!look_into(diagnosis, path))
		return false;
	if (reached && strcmp(path, diagnosis->program.path) != 0)
		look_into(diagnosis, diagnosis->program.path);
	return true;
}

/* --- what is in LD_PRELOAD -------------------------------------------------------------------- */

static bool is_linecaps(const char *entry)
{
	const char *slash = strrchr(entry, '/');

	return !strncmp(slash ? slash + 1 : entry, "liblinecap", strlen("liblinecap"));
}

static void look_at_entry(struct diagnosis *diagnosis, const char *entry)
{
	const struct facts *here = &diagnosis->here;
	bool missing = strchr(entry, '/') && faccessat(AT_FDCWD, entry, R_OK, AT_EACCESS);

	if (missing || (is_linecaps(entry) && !here->copies))
		add_trouble(diagnosis, "LD_PRELOAD has %s, which %s", entry,
			    probe_absence(entry, diagnosis->probe.program, here->said));
	if (is_linecaps(entry))
		return;
	char *others;

	if (asprintf(&others, "%s%s%s", diagnosis->others, *diagnosis->others ? " " : "", entry) >
	    0)
		diagnosis->others = others;
}

static void look_at_version(struct diagnosis *diagnosis, const struct facts *facts)
{
	for (unsigned i = 0; i < facts->copies && i < PROBE_COPIES; i++)
		if (strcmp(facts->copy[i].version, LINECAP_VERSION) != 0)
			add_trouble(diagnosis,
				    "%s has version %s, and linecap has " LINECAP_VERSION,
				    facts->copy[i].path, facts->copy[i].version);
}

/* What becomes of the LD_PRELOAD that programs started from here get. */
static void look_at_preload(struct diagnosis *diagnosis)
{
	static char entries[PROBE_TEXT];
	struct facts *here = &diagnosis->here;
	struct probe probe = diagnosis->probe;

	probe_facts(&probe, diagnosis->preload, here);
	strlcpy(entries, diagnosis->preload, sizeof entries);
	char *rest = entries;

	for (char *entry; (entry = strsep(&rest, ": "));)
		if (*entry)
			look_at_entry(diagnosis, entry);
	if (!here->told && !diagnosis->troubles)
		add_trouble(diagnosis, "with LD_PRELOAD=%s, %s doesn't start: %s",
			    diagnosis->preload, probe.program, here->why);
	if (here->copies > 1)
		add_trouble(diagnosis,
			    "two copies of the library are loaded, %s and %s, of which "
			    "one is at work",
			    here->copy[0].path, here->copy[1].path);
	if (here->copies)
		look_at_version(diagnosis, here);
	if (!here->copies || strcmp(here->copy[0].path, diagnosis->library.path) != 0)
		look_at_version(diagnosis, &diagnosis->facts);
}

/* --- what came of the ways -------------------------------------------------------------------- */

static void try_all(struct diagnosis *diagnosis)
{
	bool shows = isatty(STDERR_FILENO);

	for (unsigned i = 0; i < diagnosis->facts.ways; i++) {
		const struct probe_way *way = &diagnosis->facts.way[i];

		if (shows)
			fprintf(stderr, "\r\033[Ktrying %s", way->name);
		for (int fd = 1; fd <= 2; fd++)
			diagnosis->trial[i][fd - 1] =
				probe_try(&diagnosis->probe, diagnosis->library.path, way, fd);
	}
	if (shows)
		fputs("\r\033[K", stderr);
}

static unsigned count(const struct diagnosis *diagnosis, enum verdict verdict)
{
	unsigned found = 0;

	for (unsigned i = 0; i < diagnosis->facts.ways; i++)
		found += (unsigned)(diagnosis->trial[i][0].verdict == verdict) +
			 (unsigned)(diagnosis->trial[i][1].verdict == verdict);
	return found;
}

static bool all_caught(const struct diagnosis *diagnosis)
{
	return diagnosis->facts.ways && !count(diagnosis, NOT_CAUGHT) && !count(diagnosis, FAILED);
}

static bool is_good(const struct diagnosis *diagnosis)
{
	return all_caught(diagnosis) && !diagnosis->troubles;
}

/* --- what else is known ----------------------------------------------------------------------- */

static void add_hole(struct diagnosis *diagnosis, const struct hole *hole)
{
	uint64_t times = atomic_load_explicit(&hole->count, memory_order_relaxed);
	unsigned i = 0;

	if (!times || !*hole->program)
		return;
	while (i < diagnosis->holes &&
	       (diagnosis->hole[i].reason != hole->reason ||
		strncmp(diagnosis->hole[i].program, hole->program, LEDGER_PROGRAM - 1) != 0))
		i++;
	if (i == HOLES)
		return;
	if (i == diagnosis->holes) {
		diagnosis->hole[i] = *hole;
		diagnosis->hole[i].count = 0;
		diagnosis->hole[i].program[LEDGER_PROGRAM - 1] = '\0';
		diagnosis->holes++;
	}
	diagnosis->hole[i].count += times;
}

/* Of all pages that this uid may see. */
static void look_at_ledger(struct diagnosis *diagnosis)
{
	static struct ledger page;
	uid_t owner;

	for (int index = 0, last = ledger_last(); index <= last; index++) {
		if (ledger_look(index, &owner, &page) != LOOK_PAGE)
			continue;
		for (int i = 0; i < LEDGER_HOLES; i++)
			add_hole(diagnosis, &page.holes[i]);
	}
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
	const char *preload = getenv("LD_PRELOAD");

	diagnosis->preload = preload ? preload : "";
	diagnosis->others = "";
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

static void look_at_command(struct diagnosis *diagnosis)
{
	const struct program *program = &diagnosis->program;

	diagnosis->program = program_of(diagnosis->command);
	if (program->verdict == PROGRAM_ABSENT)
		add_trouble(diagnosis, "%s %s: %s", diagnosis->command, program_reason(program),
			    strerror(program->error));
}

static void look_at_all(struct diagnosis *diagnosis)
{
	look_at_settings(diagnosis);
	diagnosis->library = library_find();
	if (diagnosis->command)
		look_at_command(diagnosis);
	if (diagnosis->library.trouble)
		add_trouble(diagnosis, "%s", diagnosis->library.trouble);
	else if (find_ways(diagnosis))
		diagnosis->can_try = choose_program(diagnosis);
	if (diagnosis->can_try) {
		look_at_preload(diagnosis);
		try_all(diagnosis);
	}
	if (!diagnosis->settings.max)
		add_trouble(diagnosis, "switched off: %s=off (%s)", settings_name(SETTING_MAX),
			    origins[diagnosis->settings.origin[SETTING_MAX]]);
	if (!strcmp(diagnosis->facts.libc, "unknown"))
		add_trouble(diagnosis,
			    "the libc of %s is neither glibc nor musl, so its stdio is left "
			    "alone",
			    diagnosis->probe.program);
	look_at_ledger(diagnosis);
}

/* One line, without its newline. Allocated, or a constant. */
static const char *summary(const struct diagnosis *diagnosis)
{
	unsigned missed = count(diagnosis, NOT_CAUGHT), failed = count(diagnosis, FAILED);
	char *text;

	if (diagnosis->troubles)
		return asprintf(&text, diagnosis->troubles > 1 ? "%s (and %u more)" : "%s",
				diagnosis->trouble[0], diagnosis->troubles - 1) < 0
			       ? diagnosis->trouble[0]
			       : text;
	if (missed || failed)
		return asprintf(&text, "%u not caught, %u failed", missed, failed) < 0
			       ? "not all is caught"
			       : text;
	if (asprintf(&text, "all that is present is caught%s%s",
		     diagnosis->target.count ? "" : "; nothing is guarded from here",
		     diagnosis->holes ? "; programs were started past the library" : "") < 0)
		return "all that is present is caught";
	return text;
}

/* --- as a table ------------------------------------------------------------------------------- */

static void print_where(const struct diagnosis *diagnosis)
{
	const struct facts *facts = &diagnosis->facts;

	if (diagnosis->library.trouble)
		printf("library: %s\n", diagnosis->library.trouble);
	else
		printf("library: %s%s%s\n", shown(diagnosis->library.path),
		       facts->copies ? ", version " : "",
		       facts->copies ? shown(facts->copy[0].version) : "");
	puts("program: linecap, version " LINECAP_VERSION);
	if (diagnosis->can_try)
		printf("tried in: %s, libc %s\n", shown(diagnosis->probe.program),
		       shown(facts->libc));
	if (diagnosis->here.copies)
		printf("LD_PRELOAD: the library is loaded into what is started from here\n");
	else
		printf("LD_PRELOAD: %s\n",
		       *diagnosis->preload ? "without the library"
					   : "not set; `linecap run` sets it for its command");
	if (*diagnosis->others)
		printf("LD_PRELOAD: others in it: %s\n", shown(diagnosis->others));
}

static void print_ways(const struct diagnosis *diagnosis)
{
	const struct facts *facts = &diagnosis->facts;

	printf("\n%-32s %-12s %s\n", "WAY OUT", "STDOUT", "STDERR");
	for (unsigned i = 0; i < facts->ways; i++)
		printf("%-32s %-12s %s\n", shown(facts->way[i].name),
		       verdicts[diagnosis->trial[i][0].verdict],
		       verdicts[diagnosis->trial[i][1].verdict]);
	puts("beyond: no preloaded library can see it (linecap run --via pipe); -: not present "
	     "here");
	for (unsigned i = 0; i < facts->ways; i++)
		for (int stream = 0; stream < 2; stream++)
			if (diagnosis->trial[i][stream].why)
				printf("FAILED: %s to %s: %s\n", shown(facts->way[i].name),
				       stream ? "stderr" : "stdout",
				       shown(diagnosis->trial[i][stream].why));
}

static void print_settings(const struct diagnosis *diagnosis)
{
	char text[SETTINGS_TEXT];

	target_format(&diagnosis->target, text);
	printf("\nguarded pipes: %s (%s)\n", text, reason_text(diagnosis));
	if (diagnosis->reason == TARGET_EXEC)
		puts("An exec session guards nothing under auto, so what is tried in it shows "
		     "nothing.\nTo see linecap at work all the same: LINECAP_TARGET=stdio COMMAND "
		     "| "
		     "cat");
	putchar('\n');
	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++) {
		settings_format(&diagnosis->settings, setting, text);
		printf("%-16s %-24s %s\n", settings_name(setting), shown(text),
		       origins[diagnosis->settings.origin[setting]]);
	}
}

static void print_command(const struct diagnosis *diagnosis)
{
	printf("\n%s: %s %s%s%s\n", shown(diagnosis->command), shown(diagnosis->program.path),
	       program_reason(&diagnosis->program), diagnosis->program.error ? ": " : "",
	       diagnosis->program.error ? strerror(diagnosis->program.error) : "");
	printf("linecap run --via auto takes: %s\n", via(diagnosis));
}

static void print_table(const struct diagnosis *diagnosis)
{
	print_where(diagnosis);
	if (diagnosis->can_try)
		print_ways(diagnosis);
	print_settings(diagnosis);
	if (diagnosis->command)
		print_command(diagnosis);
	putchar('\n');
	for (unsigned i = 0; i < diagnosis->holes; i++)
		printf("started past the library: %s (%s), %" PRIu64 " times\n",
		       shown(diagnosis->hole[i].program),
		       hole_reason_word(diagnosis->hole[i].reason), diagnosis->hole[i].count);
	for (unsigned i = 0; i < diagnosis->troubles; i++)
		printf("trouble: %s\n", shown(diagnosis->trouble[i]));
	printf("%s: %s\n", is_good(diagnosis) ? "good" : "not good", shown(summary(diagnosis)));
}

/* --- as JSON ---------------------------------------------------------------------------------- */

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

static const char *truth(bool is)
{
	return is ? "true" : "false";
}

static void json_where(const struct diagnosis *diagnosis)
{
	const struct facts *here = &diagnosis->here;

	if (diagnosis->library.trouble)
		print_member("trouble", diagnosis->library.trouble, ",\n  ");
	else
		print_member("library", diagnosis->library.path, ",\n  ");
	print_member("version", LINECAP_VERSION, ",\n  ");
	print_member("library_version",
		     diagnosis->facts.copies ? diagnosis->facts.copy[0].version : "", ",\n  ");
	fputs("\"tried_in\": {", stdout);
	print_member("program", diagnosis->probe.program, ", ");
	print_member("libc", diagnosis->facts.libc, "},\n  \"preload\": {");
	print_member("value", diagnosis->preload, ", ");
	print_member("others", diagnosis->others, "");
	printf(", \"in_charge\": %s, \"copies\": [", truth(here->in_charge));
	for (unsigned i = 0; i < here->copies && i < PROBE_COPIES; i++) {
		fputs(i ? ", {" : "{", stdout);
		print_member("path", here->copy[i].path, ", ");
		print_member("version", here->copy[i].version, "}");
	}
	puts("]},");
}

static void json_ways(const struct diagnosis *diagnosis)
{
	static const char *const reasons[] = {"stdout_reason", "stderr_reason"};
	const struct facts *facts = &diagnosis->facts;

	printf("  \"all_caught\": %s,\n  \"ways\": [", truth(all_caught(diagnosis)));
	for (unsigned i = 0; i < facts->ways; i++) {
		const struct trial *trial = diagnosis->trial[i];

		fputs(i ? ",\n    {" : "\n    {", stdout);
		print_member("way", facts->way[i].name, ", ");
		print_member("stdout", plain(trial[0].verdict), ", ");
		print_member("stderr", plain(trial[1].verdict), "");
		for (int stream = 0; stream < 2; stream++) {
			if (!trial[stream].why)
				continue;
			fputs(", ", stdout);
			print_member(reasons[stream], trial[stream].why, "");
		}
		putchar('}');
	}
	puts("\n  ],");
}

static void json_settings(const struct diagnosis *diagnosis)
{
	char text[SETTINGS_TEXT];

	target_format(&diagnosis->target, text);
	fputs("  \"guarded\": {", stdout);
	print_member("pipes", text, ", ");
	print_member("reason", reason_text(diagnosis), "},\n  \"settings\": {\n");
	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++) {
		settings_format(&diagnosis->settings, setting, text);
		printf("    \"%s\": {", settings_name(setting));
		print_member("value", text, ", ");
		print_member("origin", origins[diagnosis->settings.origin[setting]],
			     setting + 1 < SETTINGS ? "},\n" : "}\n  },\n");
	}
}

static void json_command(const struct diagnosis *diagnosis)
{
	fputs("  \"command\": {", stdout);
	print_member("name", diagnosis->command, ", ");
	print_member("path", diagnosis->program.path, ", ");
	print_member("reason", program_reason(&diagnosis->program), ", ");
	print_member("via", via(diagnosis), "},\n");
}

static void json_result(const struct diagnosis *diagnosis)
{
	fputs("  \"unreached\": [", stdout);
	for (unsigned i = 0; i < diagnosis->holes; i++) {
		fputs(i ? ", {" : "{", stdout);
		print_member("program", diagnosis->hole[i].program, ", ");
		print_member("reason", hole_reason_word(diagnosis->hole[i].reason), ", ");
		printf("\"count\": %" PRIu64 "}", diagnosis->hole[i].count);
	}
	fputs("],\n  \"troubles\": [", stdout);
	for (unsigned i = 0; i < diagnosis->troubles; i++) {
		fputs(i ? ", " : "", stdout);
		json_text(diagnosis->trouble[i]);
	}
	printf("],\n  \"good\": %s,\n  ", truth(is_good(diagnosis)));
	print_member("summary", summary(diagnosis), "\n");
}

static void print_json(const struct diagnosis *diagnosis)
{
	fputs("{\n  ", stdout);
	json_where(diagnosis);
	json_ways(diagnosis);
	json_settings(diagnosis);
	if (diagnosis->command)
		json_command(diagnosis);
	json_result(diagnosis);
	puts("}");
}

static int doctor_main(const struct command *self, int argc, char **argv)
{
	static struct diagnosis diagnosis;
	struct options options = options_begin(self, argc, argv);
	bool json = option_next(&options); /* --json is all that there is */

	diagnosis.command = options.operands[0];
	look_at_all(&diagnosis);
	(json ? print_json : print_table)(&diagnosis);
	if (fflush(stdout))
		failure(self, EX_IOERR, "write to stdout");
	return is_good(&diagnosis) ? 0 : 1;
}

static const struct option_row option_rows[] = {
	{.key = 'j', .names = "--json", .help = "as JSON"},
	{0},
};

static const struct exit_row exits[] = {
	{"0", "good: all that is present is caught"},
	{"1", "not good: something isn't caught, or there is trouble; the last line says what"},
	{"74", "stdout can't be written to"},
	{0},
};

const struct command command_doctor = {
	.name = "doctor",
	.summary = "try what linecap catches on this system",
	.synopsis = "[[--] COMMAND]",
	.about =
		"Takes each way that bytes can take out of a process, with the library loaded into "
		"a program of this system (COMMAND, where it can be), and prints which were "
		"caught; then which pipes are guarded from here and why, the settings and where "
		"they come from, how COMMAND would be reached, and what is wrong. The last line "
		"sums it up.",
	.options = option_rows,
	.exits = exits,
	.runs_operands = true,
	.operand = "COMMAND",
	.main = doctor_main,
};
