/* The rest of a line that is being dropped (truncate, json), and the report that stands at its end.
 * Async-signal-safe: no heap, no lock; it writes only where the reader has gone. */
#ifndef LINECAP_DROP_H
#define LINECAP_DROP_H

#include "bytes.h"
#include "json.h"
#include "line.h"
#include "sink.h"

/* Bytes of {"linecap":{"dropped_bytes":…}}\n, or of "[linecap: 281474976710655 bytes dropped]\n".
 */
enum { DROP_REPORT_MOST = JSON_DROPPED_MOST };

/* What the line at hand has lost, as a line of its own. The answer is its length, in bytes. */
size_t drop_report(const struct account *account, enum limiter_mode mode,
		   char report[DROP_REPORT_MOST]);

/* Drops bytes up to the end of the line or of the rest. The reader has gone: the bytes that made us
 * look are not done with, so that the caller comes back to hear of it; errno is the sink's. */
struct dropped {
	size_t bytes;
	bool reader_gone;
};

struct dropped drop(struct account *account, const struct sink *sink, struct rest *rest);

#endif
