/* linecap stat: the figures of the guarded pipes, from the ledger's pages. What they hold is other
 * processes' word, so text from them goes through vis(3), or is made sound UTF-8.
 *
 * Prometheus: the text exposition format 0.0.4 and its naming conventions (base units, _total for
 * counters, a gauge for what is not one). */
#include <bsd/string.h>
#include <bsd/vis.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "json_out.h"
#include "ledger.h"
#include "options.h"
#include "utf8.h"

enum {
	START_SHOWN = 4 * LEDGER_START + 1,
	PROGRAM_SHOWN = 4 * LEDGER_PROGRAM + 1,
	TIME_SHOWN = 32,
};

/* Whose page it is: a pipe and a uid. */
struct key {
	struct pipe_id pipe;
	uid_t uid;
};

/* A page as it was when it was looked at. */
struct row {
	struct key key;
	uint64_t bytes, lines, broken, breaks, dropped, longest;
	struct culprit last; /* pid 0: no line was broken */
};

/* A program that writes past the library. */
struct bypass {
	struct key key;
	char program[PROGRAM_SHOWN]; /* UTF-8 */
	const char *reason;
	uint64_t count;
	int64_t time;
};

/* All there is, in order; no two of one kind are of the same thing. */
struct figures {
	size_t rows, bypasses, room_of_rows, room_of_bypasses;
	size_t hidden; /* pages that can't be read */
	struct row *row;
	struct bypass *bypass;
};

/* --- what the pages say ----------------------------------------------------------------------- */

static uint64_t read_word(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static struct row row_of(const struct key *key, const struct ledger *ledger)
{
	const struct account *account = &ledger->account;
	uint64_t blamed = read_word(&ledger->blamed);
	struct row row = {
		.key = *key,
		.bytes = line_bytes(account),
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

/* What can't be shown becomes U+FFFD. */
static void make_sound(const char *bytes, size_t n, char text[PROGRAM_SHOWN])
{
	static const char replacement[] = "\xef\xbf\xbd";

	for (size_t i = 0; i < n;) {
		size_t length = utf8_shown(bytes + i, n - i);
		const char *from = length ? bytes + i : replacement;

		text = mempcpy(text, from, length ? length : strlen(replacement));
		i += length ? length : 1;
	}
	*text = '\0';
}

static struct bypass bypass_of(const struct key *key, const struct hole *hole)
{
	struct bypass bypass = {
		.key = *key,
		.reason = hole_reason_word(hole->reason),
		.count = read_word(&hole->count),
		.time = hole->time,
	};

	make_sound(hole->program, strnlen(hole->program, LEDGER_PROGRAM), bypass.program);
	return bypass;
}

/* Room for one more. */
static void *grow(const struct command *self, void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = 2 * *room + 16;
	array = reallocarray(array, *room, size);
	if (!array)
		failure(self, EX_OSERR, "memory");
	return array;
}

static void add_page(const struct command *self, struct figures *figures, uid_t uid,
		     const struct ledger *page)
{
	struct key key = {page->pipe, uid};

	figures->row = grow(self, figures->row, figures->rows, &figures->room_of_rows,
			    sizeof *figures->row);
	figures->row[figures->rows++] = row_of(&key, page);
	for (int i = 0; i < LEDGER_HOLES; i++) {
		const struct hole *hole = &page->holes[i];

		if (!read_word(&hole->count) || !*hole->program)
			continue;
		figures->bypass = grow(self, figures->bypass, figures->bypasses,
				       &figures->room_of_bypasses, sizeof *figures->bypass);
		figures->bypass[figures->bypasses++] = bypass_of(&key, hole);
	}
}

/* Root in a container need not have CAP_IPC_OWNER, but may become the owner for a moment. */
static enum look look(const struct command *self, int index, uid_t *owner, struct ledger *page)
{
	enum look look = ledger_look(index, owner, page);

	if (look != LOOK_HIDDEN || geteuid() || seteuid(*owner))
		return look;
	look = ledger_look(index, owner, page);
	if (seteuid(0))
		failure(self, EX_OSERR, "seteuid");
	return look;
}

/* --- in order --------------------------------------------------------------------------------- */

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_key(const struct key *a, const struct key *b)
{
	int order = compare(a->pipe.ino, b->pipe.ino);

	if (!order)
		order = compare(a->pipe.dev, b->pipe.dev);
	return order ? order : compare(a->uid, b->uid);
}

static int rows_in_order(const void *a, const void *b)
{
	return by_key(&((const struct row *)a)->key, &((const struct row *)b)->key);
}

static int by_program(const void *left, const void *right)
{
	const struct bypass *a = left, *b = right;
	int order = strcmp(a->program, b->program);

	return order ? order : strcmp(a->reason, b->reason);
}

static int bypasses_in_order(const void *a, const void *b)
{
	int order = by_key(&((const struct bypass *)a)->key, &((const struct bypass *)b)->key);

	return order ? order : by_program(a, b);
}

/* A pipe and a uid have two pages where their processes came to count apart. */
static void merge_rows(struct figures *figures)
{
	struct row *kept = figures->row;

	if (!figures->rows)
		return;
	qsort(figures->row, figures->rows, sizeof *figures->row, rows_in_order);
	for (size_t i = 1; i < figures->rows; i++) {
		const struct row *row = &figures->row[i];

		if (by_key(&kept->key, &row->key)) {
			*++kept = *row;
			continue;
		}
		kept->bytes += row->bytes;
		kept->lines += row->lines;
		kept->broken += row->broken;
		kept->breaks += row->breaks;
		kept->dropped += row->dropped;
		if (row->longest > kept->longest)
			kept->longest = row->longest;
		if (row->last.pid && (!kept->last.pid || row->last.time > kept->last.time))
			kept->last = row->last;
	}
	figures->rows = (size_t)(kept - figures->row) + 1;
}

typedef int comparison(const void *a, const void *b);

/* How many are left. */
static size_t merge_bypasses(struct bypass *bypass, size_t count, comparison *order)
{
	struct bypass *kept = bypass;

	if (!count)
		return 0;
	qsort(bypass, count, sizeof *bypass, order);
	for (size_t i = 1; i < count; i++) {
		if (order(kept, &bypass[i])) {
			*++kept = bypass[i];
			continue;
		}
		kept->count += bypass[i].count;
		if (bypass[i].time > kept->time)
			kept->time = bypass[i].time;
	}
	return (size_t)(kept - bypass) + 1;
}

static void read_figures(const struct command *self, struct figures *figures)
{
	int last = ledger_last();

	if (last < 0) {
		errno = -last;
		failure(self, EX_UNAVAILABLE, "shared memory segments");
	}
	figures->rows = figures->bypasses = figures->hidden = 0;
	for (int index = 0; index <= last; index++) {
		struct ledger page;
		uid_t owner;
		enum look seen = look(self, index, &owner, &page);

		if (seen == LOOK_PAGE)
			add_page(self, figures, owner, &page);
		else if (seen == LOOK_HIDDEN)
			figures->hidden++;
	}
	merge_rows(figures);
	figures->bypasses = merge_bypasses(figures->bypass, figures->bypasses, bypasses_in_order);
}

/* --- the three formats ------------------------------------------------------------------------ */

static void show_time(int64_t seconds, char text[TIME_SHOWN])
{
	time_t time = (time_t)seconds;
	struct tm utc;

	if (!gmtime_r(&time, &utc) || !strftime(text, TIME_SHOWN, "%Y-%m-%dT%H:%M:%SZ", &utc))
		strlcpy(text, "?", TIME_SHOWN);
}

static void print_last_broken(const struct culprit *last)
{
	char time[TIME_SHOWN], start[START_SHOWN] = "", program[PROGRAM_SHOWN];

	show_time(last->time, time);
	strnvis(program, sizeof program, last->program, VIS_CSTYLE | VIS_NL | VIS_TAB);
	strnvisx(start, sizeof start, last->start, last->length, VIS_CSTYLE | VIS_NL | VIS_TAB);
	printf("  last broken: %s by pid %" PRId64 " (%s)%s%s\n", time, last->pid, program,
	       last->length ? ": " : "", start);
}

static void print_bypass(const struct bypass *bypass)
{
	char time[TIME_SHOWN], program[4 * PROGRAM_SHOWN];

	show_time(bypass->time, time);
	strnvis(program, sizeof program, bypass->program, VIS_CSTYLE | VIS_NL | VIS_TAB);
	printf("  out of reach: %s (%s), started %" PRIu64 " times, last %s\n", program,
	       bypass->reason, bypass->count, time);
}

/* Does it belong to the row? They are in the same order. */
static bool belongs(const struct figures *figures, size_t bypass, const struct row *row)
{
	return bypass < figures->bypasses && !by_key(&figures->bypass[bypass].key, &row->key);
}

static void print_table(const struct figures *figures)
{
	size_t bypass = 0;

	if (!figures->rows) {
		puts("no guarded pipe has been written to");
		return;
	}
	printf("%-16s %6s %14s %10s %8s %10s %12s %12s\n", "PIPE", "UID", "BYTES", "LINES",
	       "BROKEN", "BREAKS", "DROPPED", "LONGEST");
	for (size_t i = 0; i < figures->rows; i++) {
		const struct row *row = &figures->row[i];
		char pipe[64];

		snprintf(pipe, sizeof pipe, "%ju:%ju", (uintmax_t)row->key.pipe.dev,
			 (uintmax_t)row->key.pipe.ino);
		printf("%-16s %6u %14" PRIu64 " %10" PRIu64 " %8" PRIu64 " %10" PRIu64 " %12" PRIu64
		       " %12" PRIu64 "\n",
		       pipe, (unsigned)row->key.uid, row->bytes, row->lines, row->broken,
		       row->breaks, row->dropped, row->longest);
		if (row->last.pid)
			print_last_broken(&row->last);
		for (; belongs(figures, bypass, row); bypass++)
			print_bypass(&figures->bypass[bypass]);
	}
}

static void print_json_last_broken(const struct culprit *last)
{
	char time[TIME_SHOWN];

	if (!last->pid) {
		fputs("null", stdout);
		return;
	}
	show_time(last->time, time);
	printf("{\"time\": \"%s\", \"pid\": %" PRId64 ", \"program\": ", time, last->pid);
	json_text(last->program);
	fputs(", \"start\": ", stdout);
	json_string(last->start, last->length);
	putchar('}');
}

static void print_json_bypass(const struct bypass *bypass)
{
	char time[TIME_SHOWN];

	show_time(bypass->time, time);
	fputs("{\"program\": ", stdout);
	json_text(bypass->program);
	printf(", \"reason\": \"%s\", \"count\": %" PRIu64 ", \"time\": \"%s\"}", bypass->reason,
	       bypass->count, time);
}

static void print_json(const struct figures *figures)
{
	size_t bypass = 0;

	puts("[");
	for (size_t i = 0; i < figures->rows; i++) {
		const struct row *row = &figures->row[i];
		size_t first = bypass;

		printf("  {\"dev\": %ju, \"ino\": %ju, \"uid\": %u, \"bytes\": %" PRIu64
		       ", \"lines\": %" PRIu64 ", \"lines_broken\": %" PRIu64
		       ", \"breaks\": %" PRIu64 ", \"bytes_dropped\": %" PRIu64
		       ", \"longest_line_bytes\": %" PRIu64 ", \"last_broken\": ",
		       (uintmax_t)row->key.pipe.dev, (uintmax_t)row->key.pipe.ino,
		       (unsigned)row->key.uid, row->bytes, row->lines, row->broken, row->breaks,
		       row->dropped, row->longest);
		print_json_last_broken(&row->last);
		fputs(", \"unreached\": [", stdout);
		for (; belongs(figures, bypass, row); bypass++) {
			fputs(bypass > first ? ", " : "", stdout);
			print_json_bypass(&figures->bypass[bypass]);
		}
		puts(i + 1 < figures->rows ? "]}," : "]}");
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

static void print_help(const char *name, const char *type, const char *help)
{
	printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_label(const char *name, const char *value)
{
	printf("%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			putchar('\\');
		putchar(*value);
	}
	putchar('"');
}

/* Not a pipe at a time: a program is one, whatever it writes to. */
static void print_prometheus_bypasses(const struct figures *figures)
{
	size_t count = merge_bypasses(figures->bypass, figures->bypasses, by_program);

	print_help("linecap_unreached_programs_total", "counter",
		   "Starts of programs that the library can't get into.");
	for (size_t i = 0; i < count; i++) {
		const struct bypass *bypass = &figures->bypass[i];

		fputs("linecap_unreached_programs_total{", stdout);
		print_label("program", bypass->program);
		putchar(',');
		print_label("reason", bypass->reason);
		printf("} %" PRIu64 "\n", bypass->count);
	}
}

static void print_prometheus(const struct figures *figures)
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

		print_help(metric->name, metric->type, metric->help);
		for (size_t i = 0; i < figures->rows; i++) {
			const struct row *row = &figures->row[i];
			uint64_t value;

			memcpy(&value, (const char *)row + metric->offset, sizeof value);
			printf("%s{pipe=\"%ju:%ju\",uid=\"%u\"} %" PRIu64 "\n", metric->name,
			       (uintmax_t)row->key.pipe.dev, (uintmax_t)row->key.pipe.ino,
			       (unsigned)row->key.uid, value);
		}
	}
	print_prometheus_bypasses(figures);
}

/* --- the command ------------------------------------------------------------------------------ */

/* To a user another user's pages are no news; root expects them all. */
static void tell_of_hidden(const struct command *self, const struct figures *figures)
{
	if (figures->hidden && !geteuid())
		fprintf(stderr,
			"linecap %s: pages of other users that can't be read without CAP_IPC_OWNER "
			"or "
			"CAP_SETUID: %zu\n",
			self->name, figures->hidden);
}

static int stat_main(const struct command *self, int argc, char **argv)
{
	struct options options = options_begin(self, argc, argv);
	struct figures figures = {0};
	bool json = false, prometheus = false;
	unsigned seconds = 0;

	for (int key; (key = option_next(&options));)
		switch (key) {
		case 'j':
			json = true;
			break;
		case 'p':
			prometheus = true;
			break;
		case 'w':
			seconds = options.value ? (unsigned)option_number(&options, 1, 86400) : 2;
			break;
		}
	if (json && prometheus)
		usage_error(self, "--json and --prometheus: one of them at a time");
	if (seconds && !isatty(STDOUT_FILENO))
		usage_error(self, "--watch: stdout is no terminal");
	for (;;) {
		read_figures(self, &figures);
		if (seconds)
			fputs("\033[H\033[2J", stdout);
		if (json)
			print_json(&figures);
		else if (prometheus)
			print_prometheus(&figures);
		else
			print_table(&figures);
		if (fflush(stdout))
			failure(self, EX_IOERR, "stdout");
		tell_of_hidden(self, &figures);
		if (!seconds)
			return 0;
		sleep(seconds);
	}
}

static const struct option_row option_rows[] = {
	{.key = 'j', .names = "--json", .help = "as JSON"},
	{.key = 'p', .names = "--prometheus", .help = "in Prometheus' text format"},
	{.key = 'w',
	 .names = "--watch",
	 .value = "[N]",
	 .expects = "seconds from 1 to 86400",
	 .help = "on a terminal: again every N seconds (2)"},
	{0},
};

static const struct exit_row exits[] = {
	{"0", "the figures were shown"},
	{"69", "the figures can't be had"},
	{"74", "stdout can't be written to"},
	{0},
};

const struct command command_stat = {
	.name = "stat",
	.summary = "show the figures of the guarded pipes",
	.about = "Shows what went through the pipes that linecap guards, a line for each pipe and "
		 "uid that can be seen from here; whose line was broken last; and which programs "
		 "that the library can't get into were started on them.",
	.options = option_rows,
	.exits = exits,
	.main = stat_main,
};
