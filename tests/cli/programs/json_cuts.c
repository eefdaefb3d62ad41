/* json_cuts: prints what becomes of each record of the corpus at each max below its length, in one
 * write and byte by byte: a line each. Those who read JSON say whether they are records. */
#include <err.h>
#include <stdio.h>

#include "json.h"
#include "json_records.h"

enum { MAX_LEAST = 64 };

/* Whether it was cut. */
static bool print_cut(const char *record, size_t n, uint64_t max, size_t piece)
{
	char closing[JSON_CLOSING_MOST];
	struct json json = {0};

	for (size_t at = 0; at < n; at += piece) {
		size_t left = n - at;
		struct json_run run =
			json_run(&json, max, max, at, record + at, piece < left ? piece : left);

		if (run.fate == JSON_PASSES)
			continue;
		if (run.fate == JSON_NO_RECORD)
			errx(1, "max %d: taken for no record: %s", (int)max, record);
		size_t length = json_close(&json, closing);

		if (length) /* else the record is whole, and only blanks are missing */
			printf("%.*s%.*s\n", (int)(at + run.length), record, (int)length, closing);
		return length;
	}
	return false;
}

int main(void)
{
	char deep[JSON_DEEP_MOST];
	int cut = 0;

	for (size_t i = 0; i < JSON_RECORDS + 3; i++) {
		const char *record = i < JSON_RECORDS ? json_records[i] : deep;

		if (i >= JSON_RECORDS)
			json_deep_record(deep, JSON_DEPTH_MOST, (int)(i - JSON_RECORDS));
		size_t n = strlen(record);

		for (uint64_t max = MAX_LEAST; max < n; max++)
			cut += print_cut(record, n, max, n) + print_cut(record, n, max, 1);
	}
	fprintf(stderr, "%d\n", cut);
	return fflush(stdout) || cut < 1000;
}
