/* Fuzz target: limiter and emitter against the naive model.
 *
 * The input says it all: the limits, the writes with their iovecs (read from the front), and what
 * the sink answers (read from the back). Whatever breaks a claim of trial.h aborts. Build:
 *   clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Isrc -Itests/unit \
 *         -o emitter tests/fuzz/emitter.c src/{limiter,line,json,record,whole,drop,plan,emitter}.c
 */
#include "emitter.h"
#include "trial.h"

enum { IOVECS = 6, STREAM_MOST = 16384, SINK_ERRORS = 0xe0 };

/* The input, eaten from both ends; behind it come zeros. */
struct input {
	const uint8_t *front, *back;
};

static uint8_t next(struct input *input)
{
	return input->front < input->back ? *input->front++ : 0;
}

static uint8_t next_from_back(struct input *input)
{
	return input->front < input->back ? *--input->back : 0;
}

/* 0: the sink takes all. Up to SINK_ERRORS: so many bytes. From there on: it fails. */
static ssize_t accept_by_input(void *context, size_t offered)
{
	static const int errors[] = {EAGAIN, EINTR, ENOSPC, EPIPE};
	uint8_t answer = next_from_back(context);

	if (answer >= SINK_ERRORS)
		return -errors[answer % 4];
	return answer && answer < offered ? answer : (ssize_t)offered;
}

static void begin(struct trial *trial, struct input *input, uint8_t flags)
{
	char mark[LIMITER_MARK_MOST] = {0};
	uint64_t max = LIMITER_MAX_LEAST + next(input) % 32;
	size_t mark_length = next(input) % (LIMITER_MARK_MOST + 1);

	for (size_t i = 0; i < mark_length; i++) {
		mark[i] = (char)next(input);
		if (mark[i] == '\n')
			mark[i] = '~';
	}
	trial_begin(trial, max, flags & 1 ? LIMITER_TRUNCATE : LIMITER_SPLIT, mark, mark_length);
	trial->accepts = accept_by_input;
	trial->context = input;
}

/* n bytes of the input, or n times one of them; in a buffer of exactly that size. */
static struct iovec next_iovec(struct input *input)
{
	uint8_t head = next(input);
	size_t n = head & 0x7f;
	char *bytes = n ? malloc(n) : NULL;
	uint8_t byte = head & 0x80 ? next(input) : 0;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(head & 0x80 ? byte : next(input));
	return (struct iovec){bytes, n};
}

static const char *next_write(struct trial *trial, struct input *input, bool lying)
{
	struct iovec iov[IOVECS];
	uint8_t head = next(input);
	enum emitter_first first = head & 0x80 ? EMITTER_FIRST_WHOLE : EMITTER_FIRST_CUT;
	enum trial_way way = head & 0x40 ? TRIAL_EMITTER_ONLY : TRIAL_AS_HOOK;
	int count = head % (IOVECS + 1);
	const char *broken;

	for (int i = 0; i < count; i++)
		iov[i] = next_iovec(input);
	if (lying)
		broken = trial_lying_call(trial, iov, count, first);
	else
		broken = trial_write(trial, iov, count, first, way);
	for (int i = 0; i < count; i++)
		free(iov[i].iov_base);
	return broken;
}

static uint64_t next_word(struct input *input)
{
	uint64_t word = 0;

	for (size_t i = 0; i < sizeof word; i++)
		word = word << 8 | next(input);
	return word;
}

static void lie(struct account *account, struct input *input)
{
	atomic_store(&account->word, next_word(input));
	atomic_store(&account->dropping, next_word(input));
	atomic_store(&account->torn, next(input));
	atomic_store(&account->torn_text, next(input) & 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trial trial;
	struct input input = {data, data + size};
	uint8_t flags = next(&input);
	bool lying = flags & 2;
	const char *broken = NULL;

	begin(&trial, &input, flags);
	if (lying)
		lie(&trial.account, &input);
	while (input.front < input.back && !trial.gone && !broken && trial.in_length < STREAM_MOST)
		broken = next_write(&trial, &input, lying);
	if (!broken && !lying)
		broken = trial_verdict(&trial);
	if (broken) {
		fprintf(stderr, "%s\n", broken);
		abort();
	}
	return 0;
}
