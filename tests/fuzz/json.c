/* Fuzz target: the cut of JSON records, against the model and by jansson's judgement.
 *
 * The input's first bytes say max and how the line comes; then comes the line, up to its newline,
 * or which record of the corpus it is, and which of its bytes are others. Whatever breaks a claim
 * of json_trial.h aborts. Build:
 *   clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Isrc -Itests/unit \
 *         -o json tests/fuzz/json.c src/json.c -ljansson */
#include <stdio.h>
#include <stdlib.h>

#include "json_records.h"
#include "json_trial.h"

enum { LEAST = 64, LINE_MOST = 2048, COMPARED_MOST = 256 };

struct input {
	const uint8_t *at, *end;
	size_t longest;
	bool compares;
};

static uint8_t next(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

/* Without a longest piece all of them are as long as the input's next byte. */
static size_t next_piece(void *context, size_t left)
{
	struct input *input = context;
	size_t n = input->longest ? input->longest : 1u + next(input);

	return n < left ? n : left;
}

static bool compares(void *context)
{
	return ((struct input *)context)->compares;
}

/* The line that the input holds. */
static size_t given_line(struct input *input, char line[LINE_MOST])
{
	size_t n = 0;

	while (n < LINE_MOST && input->at < input->end && *input->at != '\n')
		line[n++] = (char)next(input);
	next(input);
	return n;
}

/* A record of the corpus, up to three bytes of it replaced: none of them by a newline. */
static size_t spoilt_record(struct input *input, char line[LINE_MOST])
{
	const char *record = json_records[next(input) % JSON_RECORDS];
	size_t n = strlen(record);

	memcpy(line, record, n);
	for (uint8_t changes = next(input) % 4; changes; changes--) {
		size_t at = ((size_t)next(input) << 8 | next(input)) % n;
		char byte = (char)next(input);

		line[at] = byte == '\n' ? ' ' : byte;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_trial trial;
	struct input input = {.at = data, .end = data + size};
	const struct json_pieces pieces = {next_piece, &input, compares};
	char line[LINE_MOST];

	trial.max = LEAST + next(&input);
	uint8_t way = next(&input);

	trial.line = line;
	trial.n = (way & 0x80 ? spoilt_record : given_line)(&input, line);
	/* What is left of the input says how the line comes. */
	input.longest = way % 64;
	input.compares = trial.n <= COMPARED_MOST;
	const char *broken = json_trial_send(&trial, way & 0x40 ? NULL : &pieces);

	if (!broken)
		broken = json_trial_judge(&trial);
	if (!broken)
		broken = json_trial_scan(line, trial.n);
	if (broken) {
		fprintf(stderr, "max %llu: %s\n", (unsigned long long)trial.max, broken);
		abort();
	}
	return 0;
}
