/* clang-format off */
/* The line: what the line on a pipe has come to, as all who write to the pipe know it, without a
 * lock. Nobody but line.c and this file knows a bit of the two words that hold it.
 *
 * The protocol (tests/model/ checks it, writers that die at each step included):
 *
 * - Before a write, what would extend the line is counted: so a writer that dies in its write
 *   leaves the column too high, never too low (contract 1). A writer that has looked at its bytes
 *   reserves those up to their first newline on the column (line_reserve). One that must not look,
 *   since the kernel has its own answer to a bad buffer (contract 2), goes blind (line_enter): all
 *   n bytes count as in flight, which only bounds how many may be so; nobody breaks a line for it.
 * - A write of at most PIPE_BUF that holds a newline reserves nothing: the pipe takes all of it or
 *   nothing, so it always ends the line that it began on.
 * - After a write whose last newline leaves a tail, the line begins anew (line_renew): on the
 *   column stand the tail and what others can have put behind it, and no more. What others have
 *   reserved since tells that while nobody else has begun the line anew; what others have begun to
 *   write since tells it in any case.
 *
 * All of it is async-signal-safe and wait-free but for the retries of a compare-and-swap. Whatever
 * the words hold, nothing here leaves its own memory: they may lie in a page that others can write. */
/* clang-format on */
#ifndef LINECAP_LINE_H
#define LINECAP_LINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limiter.h"

/* clang-format off */
/* The word:   bits  0…28  the generation: how often the line has begun anew
 *             bits 29…60  the column, in bytes
 *             bit  61     the line has been broken before
 *             bit  62     the rest of the line is being dropped (truncate)
 *             bit  63     a text of ours is torn: part of it is out (stream sockets only)
 * The flight: bits  0…16  bytes that are being written blind
 *             bits 17…63  bytes that all writes together have begun to write */
/* clang-format on */
enum { LINE_COLUMN_SHIFT = 29, LINE_BEGUN_SHIFT = 17 };

/* A word on whose line nothing ever fits. */
#define LINE_CLOSED INT64_MAX

/* All that is known of a pipe's lines. The figures only grow, and nothing depends on them. */
struct account {
	_Atomic uint64_t flight, word;

	/* Of the line at hand, where the word says that there is such a thing. */
	_Atomic uint64_t before;    /* bytes that came before its last break */
	_Atomic uint64_t dropping;  /* bytes of it that have been dropped */
	_Atomic uint64_t last;	    /* whose alone it is (truncate, json): see line_holder */
	_Atomic uint64_t owner;	    /* whose rest is dropped, or text is torn: see line_owner */
	_Atomic uint64_t record[2]; /* what is known of it (json): see record.h */
	_Atomic uint64_t torn;	    /* how many bytes of the torn text are out */
	_Atomic uint64_t torn_text; /* which text that is: see enum line_text */

	_Atomic uint64_t returned; /* bytes begun that were not written after all */
	_Atomic uint64_t lines;	   /* writes that ended a line: one that ends several counts once */
	_Atomic uint64_t broken;   /* lines that were broken */
	_Atomic uint64_t breaks;   /* put in */
	_Atomic uint64_t dropped;  /* bytes, in truncate */
	_Atomic uint64_t
		longest; /* bytes of the longest broken line so far, as its writers meant it */
};

/* A text that stands on the line, or ends it. */
enum line_text {
	LINE_BREAK,	   /* behind which the line goes on, or is dropped */
	LINE_BREAK_BEFORE, /* behind which another line begins */
	LINE_REPORT
};

/* The figures need no order among themselves, nor with the line. */
static inline uint64_t line_figure(const _Atomic uint64_t *figure)
{
	return atomic_load_explicit(figure, memory_order_relaxed);
}

static inline void line_set(_Atomic uint64_t *figure, uint64_t n)
{
	atomic_store_explicit(figure, n, memory_order_relaxed);
}

static inline void line_add(_Atomic uint64_t *figure, uint64_t n)
{
	if (n)
		atomic_fetch_add_explicit(figure, n, memory_order_relaxed);
}

static inline void line_raise(_Atomic uint64_t *figure, uint64_t n)
{
	if (n > line_figure(figure))
		line_set(figure, n);
}

/* The line, apart from its protocol. */
struct line {
	uint64_t column;
	bool broken, dropping, torn;
};

/* A writer's turn: what it saw when it began, and what it has counted. */
struct turn {
	uint64_t word, begun;
	uint64_t reserved; /* on the column */
	uint64_t blind;
};

static inline uint64_t line_word(const struct account *account)
{
	return atomic_load_explicit(&account->word, memory_order_relaxed);
}

struct line line_of(uint64_t word);

/* How the account names this writer as the one whose line the word is about. Nobody is the owner of
 * a line that has begun anew since, however late a name is put down. */
uint64_t line_owner(uint64_t word, uint64_t writer);

/* The same for the one by whom alone the line has come to this column. Nobody is that any more once
 * another has counted a byte on it, written or not. */
uint64_t line_holder(uint64_t word, uint64_t column, uint64_t writer);

void line_back_out(struct account *account, size_t n);

/* Bytes that callers have written. */
uint64_t line_bytes(const struct account *account);

/* --- Blind ------------------------------------------------------------------------------------ */

/* May n bytes pass as they are, whatever they hold? False may only mean that they must be looked
 * at. */
static inline bool line_fits(const struct limits *limits, uint64_t word, size_t n)
{
	return (word >> LINE_COLUMN_SHIFT) + n <= limits->quick;
}

/* Counts n bytes that fit, as in flight and as begun. False: too much is in flight already, and
 * they are not counted; look at them. */
bool line_enter(struct account *account, const struct limits *limits, size_t n, struct turn *turn);

/* The same in few instructions, for n > 0 bytes on an empty line while nobody else is in flight. */
enum line_entry { LINE_ENTERED, LINE_REFUSED, LINE_CROWDED /* then line_back_out is due */ };

static inline enum line_entry line_enter_alone(struct account *account, const struct limits *limits,
					       size_t n)
{
	if (__builtin_expect(line_word(account) >> LINE_COLUMN_SHIFT != 0, 0) ||
	    __builtin_expect(n - 1 >= limits->quick, 0))
		return LINE_REFUSED;
	uint64_t flight = atomic_fetch_add_explicit(
		&account->flight, n * (1 | UINT64_C(1) << LINE_BEGUN_SHIFT), memory_order_acq_rel);

	if (__builtin_expect((flight & ((UINT64_C(1) << LINE_BEGUN_SHIFT) - 1)) != 0, 0))
		return LINE_CROWDED;
	return LINE_ENTERED;
}

/* What was written by a writer that entered alone is a whole line. On the column stands what others
 * have put there since, which is as it should be. (Should somebody have taken the n bytes for those
 * of a dead writer by now, the flight looks crowded until the next line begins.) */
static inline void line_leave_alone(struct account *account, size_t n)
{
	atomic_fetch_sub_explicit(&account->flight, n, memory_order_acq_rel);
	atomic_fetch_add_explicit(&account->lines, 1, memory_order_relaxed);
}

/* The turn of one who entered alone and has something else to note. It saw an empty line; since
 * when, it doesn't know, so all that is on the column by now counts as put there meanwhile. */
struct turn line_turn_alone(const struct account *account, size_t n);

/* --- Having looked ---------------------------------------------------------------------------- */

/* Begins a write of n bytes. */
struct turn line_begin(struct account *account, size_t n);

/* The same write goes on: what has others' doing come to? */
void line_look(const struct account *account, struct turn *turn);

/* And n bytes of it are next. They count as begun once more: others have looked since the first
 * time, and would take theirs for the only ones that can be in flight. */
void line_go_on(struct account *account, struct turn *turn, size_t n);

/* Counts n bytes that will extend the line. False: another writer came in between; the turn has the
 * new word, and what is to be written must be thought over. */
bool line_reserve(struct account *account, struct turn *turn, uint64_t n);

/* --- What became of it ------------------------------------------------------------------------ */

/* n bytes went out, none of them a newline. */
void line_extend(struct account *account, struct turn *turn, uint64_t n);

/* A newline went out, or the line's state is another: the line is as given. line->column: the bytes
 * behind the last newline. The turn has the new word. */
void line_renew(struct account *account, struct turn *turn, const struct line *line);

#endif
