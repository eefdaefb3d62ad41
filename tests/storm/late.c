/* Contract 1 where a writer is late: another one goes on between a write and the note of it in the
 * word. No line may exceed max plus what the late writer had in flight.
 *
 * Both are here, one inside the other's sink, so that the moment is always hit. The hook's own path
 * is the same two steps around the write: line_enter before it, whole_note behind it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/steady.h"
#include "emitter.h"
#include "whole.h"

enum { MAX = 64 };

static struct limits limits;
static struct account account;
static size_t column, longest;

static void leave(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		column = bytes[i] == '\n' ? 0 : column + 1;
		longest = column > longest ? column : longest;
	}
}

static ssize_t pass_all(const struct sink *sink, const struct iovec *iov, int count)
{
	ssize_t n = 0;

	(void)sink;
	for (int i = 0; i < count; i++) {
		leave(iov[i].iov_base, iov[i].iov_len);
		n += (ssize_t)iov[i].iov_len;
	}
	return n;
}

/* As a hook does it: blind where it can, and the sink is late. */
static void write_through(const struct sink *sink, const char *bytes, size_t n)
{
	struct iovec iov = {(char *)(uintptr_t)bytes, n};
	struct turn turn;

	if (line_fits(&limits, line_word(&account), n) && line_enter(&account, &limits, n, &turn)) {
		whole_note(&limits, &account, turn, &iov, n, sink->writev(sink, &iov, 1), 0);
		return;
	}
	if (whole_pass(&limits, &account, sink, &iov, 1, 0) == WHOLE_NEVER)
		emitter_writev(&limits, &account, sink, &iov, 1, EMITTER_FIRST_WHOLE);
}

static const struct sink plain = {
	.writev = pass_all, .stalled = steady_stalled, .gone = steady_gone};

static void others_write(size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		write_through(&plain, "o", 1);
}

static size_t others_bytes;

static ssize_t pass_and_be_late(const struct sink *sink, const struct iovec *iov, int count)
{
	ssize_t n = pass_all(sink, iov, count);

	others_write(others_bytes);
	return n;
}

static const struct sink late = {
	.writev = pass_and_be_late, .stalled = steady_stalled, .gone = steady_gone};

/* before: the column where the late writer finds the line. */
static size_t longest_line(size_t before, const char *bytes, size_t between)
{
	memset(&account, 0, sizeof account);
	column = longest = 0;
	others_write(before);
	others_bytes = between;
	write_through(&late, bytes, strlen(bytes));
	others_write(2 * MAX);
	return longest;
}

struct trial {
	const char *name, *bytes; /* what the late writer writes… */
	size_t from, to;	  /* …where the line has come to one of these columns */
};

static bool holds(const struct trial *trial)
{
	size_t worst = 0, bound = MAX + strlen(trial->bytes), at = 0;
	const char *word = getenv("STORM_WORD");

	if (word && !strstr(trial->name, word))
		return true;
	for (size_t before = trial->from; before <= trial->to; before++)
		for (size_t between = 0; between <= 3 * MAX; between++) {
			size_t length = longest_line(before, trial->bytes, between);

			if (length > worst) {
				worst = length;
				at = between;
			}
		}
	printf("%sok - %s (longest %zu, bound %zu, max %d; another writes %zu bytes meanwhile)\n",
	       worst <= bound ? "" : "not ", trial->name, worst, bound, MAX, at);
	return worst <= bound;
}

int main(void)
{
	static const struct trial trials[] = {
		{"a writer that is late to note what it added keeps to the bound", "lll", 0, 55},
		{"a writer that is late to note its newline keeps to the bound", "lll\n", 0, 55},
		{"a writer that is late to note its break keeps to the bound", "lll", 62, 64},
	};
	bool held = true;

	limits = limits_of(MAX, LIMITER_SPLIT, "", 0);
	for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
		held &= holds(&trials[i]);
	return !held;
}
