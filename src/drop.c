/* Dropping. */
#include "drop.h"

#include <assert.h>

#include "decimal.h"

enum { GONE_EVERY = 64 * 1024 }; /* dropped bytes between two looks for the reader */

#define DROPPED_MOST ((UINT64_C(1) << 48) - 1) /* what a report can say */

static_assert(DROP_REPORT_MOST - 1 <= LIMITER_MAX_LEAST, "the report is a line within max");

size_t drop_report(const struct account *account, enum limiter_mode mode,
		   char report[DROP_REPORT_MOST])
{
	static const char before[] = "[linecap: ", after[] = " bytes dropped]\n";
	uint64_t dropped = line_figure(&account->dropping);

	if (mode == LIMITER_JSON)
		return json_dropped(report, dropped);
	memcpy(report, before, sizeof before - 1);
	char *end = decimal_put(report + sizeof before - 1,
				dropped < DROPPED_MOST ? dropped : DROPPED_MOST);

	memcpy(end, after, sizeof after - 1);
	return (size_t)(end - report) + sizeof after - 1;
}

/* The reader went while bytes were dropped: the sink shall say so (EPIPE, SIGPIPE) as it would have
 * without linecap. Should another reader have come since, an empty line is all that it sees. */
static bool write_to_nobody(const struct sink *sink)
{
	const struct iovec newline = {.iov_base = (char *)"\n", .iov_len = 1};

	return sink->writev(sink, &newline, 1) >= 0;
}

struct dropped drop(struct account *account, const struct sink *sink, struct rest *rest)
{
	struct dropped dropped = {0};

	for (; rest->count; rest_skip_empty(rest)) {
		const char *bytes = rest_bytes(rest);
		size_t n = rest_length(rest);
		size_t look = (size_t)(GONE_EVERY - line_figure(&account->dropping) % GONE_EVERY);

		if (n > look)
			n = look;
		const char *newline = memchr(bytes, '\n', n);

		if (newline)
			n = (size_t)(newline - bytes);
		if (n == look && sink->gone(sink) && !write_to_nobody(sink)) {
			dropped.reader_gone = true;
			break;
		}
		line_add(&account->dropped, n);
		line_add(&account->dropping, n);
		rest->offset += n;
		dropped.bytes += n;
		if (newline)
			break;
	}
	return dropped;
}
