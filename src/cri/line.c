/* The format of a log line; see line.h. Pure: bytes in, fields out, and the other way round. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "line.h"

enum { MINUTE = 60, NANOSECOND_DIGITS = 9 };

static const char *const stream_names[CRI_STREAMS] = {"stdout", "stderr"};

const char *cri_stream_name(enum cri_stream stream)
{
	return stream_names[stream];
}

enum cri_stream cri_stream_named(const char *name, size_t n)
{
	enum cri_stream stream = CRI_STDOUT;

	while (stream < CRI_STREAMS &&
	       (strlen(stream_names[stream]) != n || memcmp(stream_names[stream], name, n) != 0))
		stream++;
	return stream;
}

size_t cri_format_time(char text[CRI_TIME_SIZE], struct cri_time time)
{
	time_t local = time.at.tv_sec + (time_t)time.offset * MINUTE;
	unsigned east = (unsigned)(time.offset < 0 ? -time.offset : time.offset) % (24 * 60);
	char zone[sizeof "+07:00"] = "Z";
	struct tm tm;
	int length;

	gmtime_r(&local, &tm);
	if (time.offset)
		snprintf(zone, sizeof zone, "%c%02u:%02u", time.offset < 0 ? '-' : '+', east / 60,
			 east % 60);
	length = snprintf(text, CRI_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%09ld%s",
			  tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			  tm.tm_sec, time.at.tv_nsec, zone);
	assert(length > 0 && length < CRI_TIME_SIZE);
	return (size_t)length;
}

size_t cri_format_header(char text[CRI_HEADER_SIZE], struct timespec now, enum cri_stream stream,
			 bool partial)
{
	size_t length = cri_format_time(text, (struct cri_time){.at = now});
	int rest = snprintf(text + length, CRI_HEADER_SIZE - length, " %s %c ",
			    stream_names[stream], partial ? 'P' : 'F');

	return length + (size_t)rest;
}

/* Does text have this form, in which 0 stands for any digit? */
static bool has_form(const char *text, size_t n, const char *form)
{
	if (n < strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	return true;
}

static int number(const char *digits, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++)
		value = 10 * value + (digits[i] - '0');
	return value;
}

/* `Z`, `+hh:mm` or `-hh:mm`. */
static bool parse_zone(const char *text, size_t n, int *offset)
{
	*offset = 0;
	if (n == 1 && *text == 'Z')
		return true;
	if (n != 6 || !(has_form(text, n, "+00:00") || has_form(text, n, "-00:00")))
		return false;
	if (number(text + 1, 2) > 23 || number(text + 4, 2) > 59)
		return false;
	*offset = 60 * number(text + 1, 2) + number(text + 4, 2);
	if (*text == '-')
		*offset = -*offset;
	return true;
}

/* `.` and digits, or nothing. Answers how many bytes that is. */
static size_t parse_fraction(const char *text, size_t n, long *nanoseconds)
{
	size_t length = 1;
	long unit = 1000000000;

	*nanoseconds = 0;
	if (!has_form(text, n, ".0"))
		return 0;
	for (; length < n && text[length] >= '0' && text[length] <= '9'; length++)
		if (length <= NANOSECOND_DIGITS)
			*nanoseconds += (text[length] - '0') * (unit /= 10);
	return length;
}

bool cri_parse_time(const char *text, size_t n, struct cri_time *time)
{
	enum { SECONDS_LENGTH = sizeof "2006-01-02T15:04:05" - 1 };
	struct tm tm, given;
	size_t fraction;

	if (!has_form(text, n, "0000-00-00T00:00:00"))
		return false;
	given = (struct tm){
		.tm_year = number(text, 4) - 1900,
		.tm_mon = number(text + 5, 2) - 1,
		.tm_mday = number(text + 8, 2),
		.tm_hour = number(text + 11, 2),
		.tm_min = number(text + 14, 2),
		.tm_sec = number(text + 17, 2),
	};
	fraction = parse_fraction(text + SECONDS_LENGTH, n - SECONDS_LENGTH, &time->at.tv_nsec);
	if (!parse_zone(text + SECONDS_LENGTH + fraction, n - SECONDS_LENGTH - fraction,
			&time->offset))
		return false;
	tm = given;
	time->at.tv_sec = timegm(&tm) - (time_t)time->offset * MINUTE;
	/* timegm carries what is out of range over into the next field. */
	return tm.tm_mon == given.tm_mon && tm.tm_mday == given.tm_mday &&
	       tm.tm_hour == given.tm_hour && tm.tm_min == given.tm_min &&
	       tm.tm_sec == given.tm_sec;
}

static struct cri_header malformed(const char *fault)
{
	return (struct cri_header){.fault = fault};
}

struct cri_header cri_parse_header(const char *line, size_t n)
{
	struct cri_header header = {.fault = NULL};
	const char *end = line + (n < CRI_HEADER_MAX ? n : CRI_HEADER_MAX);
	const char *field = line, *space = memchr(field, ' ', (size_t)(end - field));

	if (!space)
		return malformed("no timestamp");
	if (!cri_parse_time(field, (size_t)(space - field), &header.time))
		return malformed("the timestamp is not RFC 3339");

	field = space + 1;
	space = memchr(field, ' ', (size_t)(end - field));
	if (!space)
		return malformed("no stream");
	header.stream = cri_stream_named(field, (size_t)(space - field));
	if (header.stream == CRI_STREAMS)
		return malformed("the stream is neither stdout nor stderr");

	field = space + 1;
	space = memchr(field, ' ', (size_t)(end - field));
	if (!space)
		return malformed("no tag");
	/* Tags may be a list, P:other; the first is P or F. */
	header.partial = *field == 'P' && (field[1] == ' ' || field[1] == ':');
	header.length = (size_t)(space + 1 - line);
	return header;
}
