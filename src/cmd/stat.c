/* linecap stat: the figures of the guarded pipes, from the ledger's pages. It only reads them; what
 * they hold is other processes' word, so text from them goes through vis(3).
 *
 * Prometheus: the text exposition format 0.0.4 and its naming conventions (base units, _total for
 * counters, a gauge for what is not one). */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <bsd/vis.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "json.h"
#include "ledger.h"

enum { PAGES_MOST = 4096, START_SHOWN = 4 * LEDGER_START + 1 };

/* A page as it was when it was looked at. */
struct row {
	struct ledger_name name;
	uint64_t bytes, lines, broken, breaks, dropped, longest;
	struct culprit last; /* pid 0: no line was broken */
};

struct rows {
	size_t count;
	struct row row[PAGES_MOST];
};

static uint64_t read_word(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static struct row row_of(const struct ledger_name *name, const struct ledger *ledger)
{
	const struct account *account = &ledger->account;
	uint64_t blamed = read_word(&ledger->blamed);
	struct row row = {
		.name = *name,
		.bytes = read_word(&account->bytes),
		.lines = read_word(&account->lines),
		.broken = read_word(&account->broken),
		.breaks = read_word(&account->breaks),
		.dropped = read_word(&account->dropped),
		.longest = read_word(&account->longest),
	};

	if (blamed)
		row.last = ledger->culprits[(blamed - 1) % LEDGER_CULPRITS];
	row.last.program[LEDGER_PROGRAM - 1] = '\0';
	if (row.last.length > LEDGER_START)
		row.last.length = LEDGER_START;
	return row;
}

static int by_pipe(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->name.id.ino != b->name.id.ino)
		return a->name.id.ino < b->name.id.ino ? -1 : 1;
	return a->name.uid < b->name.uid ? -1 : a->name.uid > b->name.uid;
}

static void read_rows(const struct command *self, struct rows *rows)
{
	DIR *folder = opendir(LEDGER_FOLDER);

	if (!folder)
		failure(self, EX_UNAVAILABLE, "%s", LEDGER_FOLDER);
	rows->count = 0;
	for (struct dirent *entry; rows->count < PAGES_MOST && (entry = readdir(folder));) {
		char path[LEDGER_NAME];
		struct ledger_name name;

		if (!ledger_parse_name(entry->d_name, &name))
			continue;
		if (snprintf(path, sizeof path, "%s/%s", LEDGER_FOLDER, entry->d_name) >=
		    (int)sizeof path)
			continue;
		struct ledger page;

		if (ledger_look(path, &page))
			rows->row[rows->count++] = row_of(&name, &page);
	}
	closedir(folder);
	qsort(rows->row, rows->count, sizeof *rows->row, by_pipe);
}

static void show_time(int64_t seconds, char text[32])
{
	time_t time = (time_t)seconds;
	struct tm utc;

	if (!gmtime_r(&time, &utc) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc))
		strlcpy(text, "?", 32);
}

static void show_start(const struct culprit *culprit, int flags, char text[START_SHOWN])
{
	text[0] = '\0';
	strnvisx(text, START_SHOWN, culprit->start, culprit->length, flags);
}

static void print_table(const struct rows *rows)
{
	if (!rows->count) {
		puts("no guarded pipe has been written to");
		return;
	}
	printf("%-16s %6s %14s %10s %8s %10s %12s %12s\n", "PIPE", "UID", "BYTES", "LINES",
	       "BROKEN", "BREAKS", "DROPPED", "LONGEST");
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];
		char pipe[64], time[32], start[START_SHOWN], program[4 * LEDGER_PROGRAM];

		snprintf(pipe, sizeof pipe, "%ju:%ju", (uintmax_t)row->name.id.dev,
			 (uintmax_t)row->name.id.ino);
		printf("%-16s %6u %14" PRIu64 " %10" PRIu64 " %8" PRIu64 " %10" PRIu64 " %12" PRIu64
		       " %12" PRIu64 "\n",
		       pipe, (unsigned)row->name.uid, row->bytes, row->lines, row->broken,
		       row->breaks, row->dropped, row->longest);
		if (!row->last.pid)
			continue;
		show_time(row->last.time, time);
		show_start(&row->last, VIS_CSTYLE | VIS_NL | VIS_TAB, start);
		strnvis(program, sizeof program, row->last.program, VIS_CSTYLE | VIS_NL | VIS_TAB);
		printf("  last broken: %s by pid %" PRId64 " (%s): %s\n", time, row->last.pid,
		       program, start);
	}
}

static void print_json(const struct rows *rows)
{
	puts("[");
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];
		char time[32];

		printf("  {\"dev\": %ju, \"ino\": %ju, \"uid\": %u, \"bytes\": %" PRIu64
		       ", \"lines\": %" PRIu64 ", \"lines_broken\": %" PRIu64
		       ", \"breaks\": %" PRIu64 ", \"bytes_dropped\": %" PRIu64
		       ", \"longest_line_bytes\": %" PRIu64 ", \"last_broken\": ",
		       (uintmax_t)row->name.id.dev, (uintmax_t)row->name.id.ino,
		       (unsigned)row->name.uid, row->bytes, row->lines, row->broken, row->breaks,
		       row->dropped, row->longest);
		if (row->last.pid) {
			show_time(row->last.time, time);
			printf("{\"time\": \"%s\", \"pid\": %" PRId64 ", \"program\": ", time,
			       row->last.pid);
			json_text(row->last.program);
			fputs(", \"start\": ", stdout);
			json_string(row->last.start, row->last.length);
			putchar('}');
		} else
			fputs("null", stdout);
		puts(i + 1 < rows->count ? "}," : "}");
	}
	puts("]");
}

struct metric {
	const char *name, *type, *help;
	size_t offset; /* of the uint64_t in struct row */
};

#define METRIC(name, type, field, help)                                                            \
	{                                                                                          \
		name, type, help, offsetof(struct row, field)                                      \
	}

static void print_prometheus(const struct rows *rows)
{
	static const struct metric metrics[] = {
		METRIC("linecap_bytes_total", "counter", bytes, "Bytes written to the pipe."),
		METRIC("linecap_lines_total", "counter", lines, "Writes that ended a line."),
		METRIC("linecap_lines_broken_total", "counter", broken,
		       "Lines that were longer than LINECAP_MAX."),
		METRIC("linecap_breaks_total", "counter", breaks, "Breaks put into lines."),
		METRIC("linecap_dropped_bytes_total", "counter", dropped,
		       "Bytes dropped in the mode truncate."),
		METRIC("linecap_longest_line_bytes", "gauge", longest,
		       "The longest broken line so far, as the program wrote it."),
	};

	for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
		const struct metric *metric = &metrics[m];

		printf("# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
		       metric->type);
		for (size_t i = 0; i < rows->count; i++) {
			const struct row *row = &rows->row[i];
			uint64_t value;

			memcpy(&value, (const char *)row + metric->offset, sizeof value);
			printf("%s{pipe=\"%ju:%ju\",uid=\"%u\"} %" PRIu64 "\n", metric->name,
			       (uintmax_t)row->name.id.dev, (uintmax_t)row->name.id.ino,
			       (unsigned)row->name.uid, value);
		}
	}
}

static unsigned parse_seconds(const struct command *self, const char *text)
{
	const char *trouble;
	long long seconds = strtonum(text, 1, 86400, &trouble);

	if (trouble)
		usage_error(self, "--watch: '%s' is %s; it takes seconds from 1 to 86400",
			    shown(text), trouble);
	return (unsigned)seconds;
}

static int main_stat(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"prometheus", no_argument, NULL, 'p'},
		{"watch", optional_argument, NULL, 'w'},
		{0},
	};
	static struct rows rows;
	void (*print)(const struct rows *) = print_table;
	unsigned seconds = 0;

	for (int option; (option = getopt_long(argc, argv, "+:", options, NULL)) != -1;)
		switch (option) {
		case 'j':
			print = print_json;
			break;
		case 'p':
			print = print_prometheus;
			break;
		case 'w':
			seconds = optarg ? parse_seconds(self, optarg) : 2;
			break;
		default:
			option_error(self, option, argv);
		}
	if (argv[optind])
		usage_error(self, "'%s': it takes no words but its options", shown(argv[optind]));
	if (seconds && !isatty(STDOUT_FILENO))
		usage_error(self, "--watch: stdout is no terminal");
	for (;;) {
		read_rows(self, &rows);
		if (seconds)
			fputs("\033[H\033[2J", stdout);
		print(&rows);
		if (fflush(stdout))
			failure(self, EX_IOERR, "stdout");
		if (!seconds)
			return 0;
		sleep(seconds);
	}
}

const struct command command_stat = {
	.name = "stat",
	.summary = "show the figures of the guarded pipes",
	.usage = "usage: linecap stat [--json | --prometheus] [--watch[=SECONDS]]\n"
		 "Shows what went through the pipes that linecap guards, a line for each pipe and\n"
		 "uid that can be seen from here, and whose line was broken last.\n\n"
		 "  --json        as JSON\n"
		 "  --prometheus  in Prometheus' text format\n"
		 "  --watch[=N]   on a terminal: again every N seconds (2)\n",
	.main = main_stat,
};
