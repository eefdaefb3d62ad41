/* A trial: the emitter, between a caller that retries and a sink that fails where it is told to,
 * watched byte by byte by the naive model.
 *
 * Each function that can find something wrong returns the claim that didn't hold, or NULL. */
#ifndef LINECAP_TESTS_TRIAL_H
#define LINECAP_TESTS_TRIAL_H

#include <errno.h>
#include <stdlib.h>

#include "naive.h"
#include "steady.h"

enum {
	TRIAL_STREAM = 1 << 18,
	TRIAL_IOVECS = 256,
	TRIAL_RETRIES = 100000,
	TRIAL_STALLED = ENOLINK,   /* what no sink of ours fails with by itself */
	TRIAL_UNTOUCHED = ENOTBLK, /* errno before each call */
};

#define TRIAL_STRING(x)	 TRIAL_STRING_(x)
#define TRIAL_STRING_(x) #x
#define TRIAL_CLAIM(claim)                                                                         \
	do {                                                                                       \
		if (!(claim))                                                                      \
			return __FILE__ ":" TRIAL_STRING(__LINE__) ": " #claim;                    \
	} while (0)

/* Of the offered bytes, how many the sink takes (1…offered), or -errno. */
typedef ssize_t trial_accepts(void *context, size_t offered);

struct trial {
	struct sink sink; /* first: the emitter hands it back */
	struct limits limits;
	struct account account;
	struct naive model;
	bool lying; /* the word was made up: only the caller's bytes can be foretold */
	trial_accepts *accepts;
	void *context;

	/* The call under way. */
	const struct iovec *iov;
	int count;
	struct naive_input input;
	struct naive_output expected;
	size_t accepted; /* of expected; while lying, of input */
	bool ended;	 /* the sink came back short, or failed */
	int failure;	 /* with this errno */
	const char *broken;
	ssize_t result;
	int error;

	/* All calls so far. */
	size_t sink_calls, direct, in_length, out_length;
	bool gone; /* EPIPE: nothing can follow */
	char in[TRIAL_STREAM], out[TRIAL_STREAM];
	bool ours[TRIAL_STREAM]; /* out[i] is not the caller's */
};

static inline bool trial_is_callers(const struct trial *trial, const char *at)
{
	for (int i = 0; i < trial->count; i++) {
		const char *base = trial->iov[i].iov_base;

		if (trial->iov[i].iov_len && at >= base && at < base + trial->iov[i].iov_len)
			return true;
	}
	return false;
}

/* One byte of a batch, the i-th of those still expected. */
static inline const char *trial_watch(struct trial *trial, size_t i, const char *at)
{
	i += trial->accepted;
	TRIAL_CLAIM(i < trial->expected.length);
	TRIAL_CLAIM(*at == trial->expected.bytes[i].byte);
	const char *source = trial->expected.bytes[i].source;

	TRIAL_CLAIM(source ? at == source : !trial_is_callers(trial, at));
	return NULL;
}

static inline const char *trial_watch_all(struct trial *trial, const struct iovec *iov, int count,
					  size_t *offered)
{
	*offered = 0;
	TRIAL_CLAIM(!trial->ended);
	for (int i = 0; i < count; i++)
		for (size_t j = 0; j < iov[i].iov_len; j++) {
			const char *broken =
				trial->lying ? NULL
					     : trial_watch(trial, (*offered)++,
							   (const char *)iov[i].iov_base + j);

			if (broken)
				return broken;
		}
	return NULL;
}

/* While the word lies: n bytes of the batch are taken, and those of the caller's come in order. */
static inline const char *trial_take_lying(struct trial *trial, const struct iovec *iov, size_t n)
{
	for (; n; iov++)
		for (size_t j = 0; j < iov->iov_len && n; j++, n--) {
			const char *at = (const char *)iov->iov_base + j;

			if (!trial_is_callers(trial, at))
				continue;
			while (trial->limits.mode == LIMITER_TRUNCATE &&
			       trial->accepted < trial->input.length &&
			       trial->input.bytes[trial->accepted].at != at)
				trial->accepted++;
			TRIAL_CLAIM(trial->accepted < trial->input.length);
			TRIAL_CLAIM(trial->input.bytes[trial->accepted].at == at);
			trial->accepted++;
		}
	return NULL;
}

static inline ssize_t trial_answer(struct trial *trial, const struct iovec *iov, size_t offered)
{
	ssize_t n = trial->accepts(trial->context, offered);

	trial->sink_calls++;
	trial->ended = n < (ssize_t)offered;
	if (n < 0) {
		trial->failure = errno = (int)-n;
		return -1;
	}
	if (trial->lying)
		trial->broken = trial_take_lying(trial, iov, (size_t)n);
	else
		trial->accepted += (size_t)n;
	return n;
}

static inline ssize_t trial_writev(const struct sink *sink, const struct iovec *iov, int count)
{
	struct trial *trial = (struct trial *)sink;
	size_t offered = 0;

	bool direct = iov == trial->iov;

	trial->direct += direct;
	if (!trial->broken && !direct && (count < 1 || count > SINK_IOVECS))
		trial->broken = "a batch has 1 to SINK_IOVECS iovecs";
	for (int i = 0; i < count && !direct; i++)
		if (!iov[i].iov_len)
			trial->broken = "no iovec of a batch is empty";
	if (!trial->broken)
		trial->broken = trial_watch_all(trial, iov, count, &offered);
	if (trial->broken) {
		errno = EPIPE;
		return -1;
	}
	if (trial->lying)
		for (int i = 0; i < count; i++)
			offered += iov[i].iov_len;
	return trial_answer(trial, iov, offered);
}

static inline int trial_stalled(const struct sink *sink)
{
	(void)sink;
	return TRIAL_STALLED;
}

/* A trial is large: begin one and the same again. */
static inline void trial_begin(struct trial *trial, uint64_t max, enum limiter_mode mode,
			       const char *mark, size_t mark_length)
{
	trial->sink = (struct sink){
		.writev = trial_writev, .stalled = trial_stalled, .gone = steady_gone};
	trial->limits = limits_of(max, mode, mark, mark_length);
	memset(&trial->account, 0, sizeof trial->account);
	trial->model = naive_of(max, mode, mark, mark_length);
	trial->lying = trial->gone = false;
	trial->sink_calls = trial->direct = trial->in_length = trial->out_length = 0;
	trial->broken = NULL;
}

/* Does the model say that these bytes go out as they are? */
static inline bool trial_expects_untouched(const struct trial *trial)
{
	size_t callers = 0;

	for (size_t i = 0; i < trial->expected.length; i++)
		callers += trial->expected.bytes[i].source != NULL;
	return callers == trial->expected.length && callers == trial->input.length &&
	       !trial->model.dropping && !trial->model.torn;
}

/* whole_passes and line_fits against the model; `passes` is what a hook would go by. */
static inline const char *trial_ask(struct trial *trial, bool *passes)
{
	uint64_t word = atomic_load(&trial->account.word);
	struct naive model = trial->model;

	naive_write(&model, &trial->input, EMITTER_FIRST_CUT, SIZE_MAX, &trial->expected);
	*passes = whole_passes(&trial->limits, &trial->account, word, trial->iov, trial->count);
	TRIAL_CLAIM(*passes == trial_expects_untouched(trial));
	TRIAL_CLAIM(*passes || !line_fits(&trial->limits, word, trial->input.length));
	return NULL;
}

/* The bytes that went out and in become part of the stream. */
static inline const char *trial_record(struct trial *trial, size_t done)
{
	TRIAL_CLAIM(trial->in_length + done <= TRIAL_STREAM);
	TRIAL_CLAIM(trial->out_length + trial->accepted <= TRIAL_STREAM);
	for (size_t i = 0; i < done; i++)
		trial->in[trial->in_length++] = *trial->input.bytes[i].at;
	for (size_t i = 0; i < trial->accepted; i++) {
		trial->out[trial->out_length] = trial->expected.bytes[i].byte;
		trial->ours[trial->out_length++] = !trial->expected.bytes[i].source;
	}
	return NULL;
}

/* What the call answered, against what the sink took and the model makes of it. */
static inline const char *trial_judge(struct trial *trial, enum emitter_first first)
{
	size_t everything = trial->expected.length;

	naive_write(&trial->model, &trial->input, first, trial->accepted, &trial->expected);
	size_t done = trial->expected.done;

	TRIAL_CLAIM(trial->ended || trial->accepted == everything);
	TRIAL_CLAIM(trial->ended || done == trial->input.length);
	TRIAL_CLAIM(trial->result == (trial->ended && !done ? -1 : (ssize_t)done));
	if (trial->result < 0)
		TRIAL_CLAIM(trial->error == (trial->failure ? trial->failure : TRIAL_STALLED));
	else if (!trial->failure)
		TRIAL_CLAIM(trial->error == TRIAL_UNTOUCHED);
	TRIAL_CLAIM(naive_agrees(&trial->model, &trial->account));
	return trial_record(trial, done);
}

/* As a hook does it with bytes that pass: the caller's own iovecs go to the original function,
 * blind where they fit whatever they hold. */
static inline void trial_direct(struct trial *trial)
{
	size_t offered = trial->input.length;
	struct turn turn;

	if (!offered) {
		trial->direct++;
		trial->result = 0;
	} else if (!line_fits(&trial->limits, line_word(&trial->account), offered) ||
		   !line_enter(&trial->account, &trial->limits, offered, &turn)) {
		trial->result = whole_pass(&trial->limits, &trial->account, &trial->sink,
					   trial->iov, trial->count, 0);
	} else {
		trial->direct++;
		trial->result = trial_answer(trial, trial->iov, offered);
		int error = errno;

		whole_note(&trial->limits, &trial->account, turn, trial->iov, offered,
			   trial->result, 0);
		errno = error;
	}
	trial->error = errno;
}

/* Do bytes that pass go past the emitter, as in a hook, or through it? */
enum trial_way { TRIAL_AS_HOOK, TRIAL_EMITTER_ONLY };

/* One call; its answer is in result and error. */
static inline const char *trial_call(struct trial *trial, const struct iovec *iov, int count,
				     enum emitter_first first, enum trial_way way)
{
	struct naive model = trial->model;
	bool passes;

	trial->iov = iov;
	trial->count = count;
	trial->accepted = 0;
	trial->ended = false;
	trial->failure = 0;
	naive_flatten(&trial->input, iov, count);
	const char *broken = trial_ask(trial, &passes);

	if (broken)
		return broken;
	naive_write(&model, &trial->input, first, SIZE_MAX, &trial->expected);
	errno = TRIAL_UNTOUCHED;
	if (passes && way == TRIAL_AS_HOOK) {
		trial_direct(trial);
	} else {
		trial->result = emitter_writev(&trial->limits, &trial->account, &trial->sink, iov,
					       count, first);
		trial->error = errno;
	}
	return trial->broken ? trial->broken : trial_judge(trial, first);
}

/* As a caller of writev(2) drops what is done with from its iovecs. */
static inline int trial_advance(struct iovec *iov, int count, size_t done)
{
	int first = 0;

	for (; first < count && done >= iov[first].iov_len; first++)
		done -= iov[first].iov_len;
	for (int i = first; i < count; i++)
		iov[i - first] = iov[i];
	if (done) {
		iov[0].iov_base = (char *)iov[0].iov_base + done;
		iov[0].iov_len -= done;
	}
	return count - first;
}

/* Calls until all bytes are done with, or the sink says EPIPE. */
static inline const char *trial_write(struct trial *trial, const struct iovec *iov, int count,
				      enum emitter_first first, enum trial_way way)
{
	struct iovec rest[TRIAL_IOVECS];
	const char *broken;

	TRIAL_CLAIM(count <= TRIAL_IOVECS);
	if (count)
		memcpy(rest, iov, (size_t)count * sizeof *iov);
	for (int i = 0; i < TRIAL_RETRIES && !trial->gone; i++) {
		broken = trial_call(trial, rest, count, first, way);
		if (broken)
			return broken;
		trial->gone = trial->failure == EPIPE;
		if (trial->result < 0)
			continue;
		count = trial_advance(rest, count, (size_t)trial->result);
		if (!count)
			return NULL;
	}
	TRIAL_CLAIM(trial->gone);
	return NULL;
}

/* One call with a made-up word: the caller's bytes in order, honest counts, an end. */
static inline const char *trial_lying_call(struct trial *trial, const struct iovec *iov, int count,
					   enum emitter_first first)
{
	trial->lying = true;
	trial->iov = iov;
	trial->count = count;
	trial->accepted = 0;
	trial->ended = false;
	trial->failure = 0;
	naive_flatten(&trial->input, iov, count);
	size_t total = trial->input.length;

	(void)whole_passes(&trial->limits, &trial->account, line_word(&trial->account), iov, count);
	trial->result =
		emitter_writev(&trial->limits, &trial->account, &trial->sink, iov, count, first);
	if (trial->broken)
		return trial->broken;
	size_t done = trial->result < 0 ? 0 : (size_t)trial->result;

	TRIAL_CLAIM(trial->result >= 0 || trial->ended);
	TRIAL_CLAIM(done <= total && (trial->ended || done == total));
	if (trial->limits.mode == LIMITER_SPLIT)
		TRIAL_CLAIM(done == trial->accepted);
	else
		TRIAL_CLAIM(done >= trial->accepted);
	return NULL;
}

/* contract 1 */
static inline const char *trial_is_bounded(const struct trial *trial)
{
	uint64_t column = 0;

	for (size_t i = 0; i < trial->out_length; i++) {
		column = trial->out[i] == '\n' ? 0 : column + 1;
		TRIAL_CLAIM(column <= trial->limits.max);
	}
	return NULL;
}

/* contract 3, as a reader sees it that knows nothing but the mark. */
static inline const char *trial_joins(const struct trial *trial)
{
	const struct limits *limits = &trial->limits;
	size_t length = limits->break_length, in = 0;
	bool marked = length > 1;

	if (marked && memchr(trial->in, limits->break_bytes[0], trial->in_length))
		return NULL; /* here only linecap join's rules can tell */
	for (size_t out = 0; out < trial->out_length;) {
		size_t left = trial->out_length - out;

		if (marked && left >= length &&
		    !memcmp(trial->out + out, limits->break_bytes, length)) {
			out += length;
			continue;
		}
		if (in < trial->in_length && trial->out[out] == trial->in[in])
			in++;
		else if (!trial->gone)
			TRIAL_CLAIM(!marked && trial->out[out] == '\n');
		out++;
	}
	TRIAL_CLAIM(in == trial->in_length);
	return NULL;
}

/* Is there a whole UTF-8 sequence with this position inside? */
static inline bool trial_in_sequence(const char *bytes, size_t length, size_t at)
{
	for (size_t back = 1; back <= LIMITER_MOVE_MOST && back <= at; back++) {
		size_t sequence = naive_sequence(bytes + at - back, length - at + back);

		if (sequence > back && at - back + sequence <= length)
			return true;
	}
	return false;
}

/* A break stands at this position of the caller's stream: may it? */
static inline const char *trial_break_is_due(const struct trial *trial, size_t at)
{
	size_t start = at, end = at;

	TRIAL_CLAIM(at && trial->in[at - 1] != '\n');
	TRIAL_CLAIM(at == trial->in_length || trial->in[at] != '\n');
	TRIAL_CLAIM(!trial_in_sequence(trial->in, trial->in_length, at));
	while (start && trial->in[start - 1] != '\n')
		start--;
	while (end < trial->in_length && trial->in[end] != '\n')
		end++;
	TRIAL_CLAIM(trial->gone || end - start > trial->limits.easy);
	return NULL;
}

/* contract 3, byte by byte, and no break where none is due (split). */
static inline const char *trial_is_lossless(const struct trial *trial)
{
	const char *broken = NULL;
	size_t at = 0;

	for (size_t i = 0; i < trial->out_length && !broken; i++) {
		if (!trial->ours[i]) {
			TRIAL_CLAIM(at < trial->in_length && trial->out[i] == trial->in[at]);
			at++;
		} else if (!i || !trial->ours[i - 1] || trial->out[i - 1] == '\n') {
			broken = trial_break_is_due(trial, at);
		}
	}
	TRIAL_CLAIM(broken || at == trial->in_length);
	return broken ? broken : trial_joins(trial);
}

/* What must hold of the whole stream, whatever the model says. */
static inline const char *trial_verdict(const struct trial *trial)
{
	const char *broken = trial_is_bounded(trial);

	if (!broken && trial->limits.mode == LIMITER_SPLIT)
		broken = trial_is_lossless(trial);
	return broken;
}

#endif
