/* The line. It makes no system call, and knows nothing of bytes: only of how many there are. */
#include "line.h"

#include <assert.h>

#define GENERATION  ((UINT64_C(1) << LINE_COLUMN_SHIFT) - 1)
#define COLUMN_MOST UINT64_C(0xffffffff)
#define BROKEN	    (UINT64_C(1) << 61)
#define DROPPING    (UINT64_C(1) << 62)
#define TORN	    (UINT64_C(1) << 63)
#define BLIND	    ((UINT64_C(1) << LINE_BEGUN_SHIFT) - 1)
#define BEGUN_MOST  (UINT64_MAX >> LINE_BEGUN_SHIFT)

static_assert(COLUMN_MOST << LINE_COLUMN_SHIFT < BROKEN, "the fields don't overlap");
static_assert(LIMITER_MAX_MOST < COLUMN_MOST / 2, "a column over max still fits");
static_assert(UINT64_C(2) * LIMITER_QUICK_MOST < BLIND, "two writers never overfill the flight");

static uint64_t column_of(uint64_t word)
{
	return word >> LINE_COLUMN_SHIFT & COLUMN_MOST;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct line line_of(uint64_t word)
{
	return (struct line){
		.column = column_of(word),
		.broken = word & BROKEN,
		.dropping = word & DROPPING,
		.torn = word & TORN,
	};
}

uint64_t line_owner(uint64_t word, uint64_t writer)
{
	/* An odd number far from any writer's: no two lines give two writers the same name. */
	return writer ^ (word & GENERATION) * UINT64_C(0x9e3779b97f4a7c15);
}

uint64_t line_holder(uint64_t word, uint64_t column, uint64_t writer)
{
	return line_owner(word, writer) ^ column * UINT64_C(0xbf58476d1ce4e5b9);
}

static uint64_t with_column(uint64_t word, uint64_t column)
{
	return (word & ~(COLUMN_MOST << LINE_COLUMN_SHIFT)) | smaller(column, COLUMN_MOST)
								      << LINE_COLUMN_SHIFT;
}

/* Exact but for a carry out of the blind bytes, which takes more writers at once than a pipe has
 * room for. */
static uint64_t begun_of(const struct account *account)
{
	return atomic_load_explicit(&account->flight, memory_order_acquire) >> LINE_BEGUN_SHIFT;
}

static uint64_t begun_since(const struct account *account, const struct turn *turn)
{
	return (begun_of(account) - turn->begun) & BEGUN_MOST;
}

uint64_t line_bytes(const struct account *account)
{
	return (begun_of(account) -
		atomic_load_explicit(&account->returned, memory_order_relaxed)) &
	       BEGUN_MOST;
}

static bool swap(_Atomic uint64_t *word, uint64_t *now, uint64_t next)
{
	return atomic_compare_exchange_weak_explicit(word, now, next, memory_order_acq_rel,
						     memory_order_acquire);
}

/* Nobody is taken for dead. */
#define ALL_LIVE UINT64_MAX

/* Ends the turn's flight. Bytes that stay in flight are a dead writer's where nobody else has begun
 * since. Where they are so many that nobody may go blind any more, they count as a dead one's up to
 * what others have begun. A dead one's are on the line until a newline ends it (contract 1). */
static void land(struct account *account, struct turn *turn, uint64_t others)
{
	uint64_t now = atomic_load_explicit(&account->flight, memory_order_acquire), next;

	do {
		uint64_t blind = now & BLIND;

		blind = blind > turn->blind ? blind - turn->blind : 0;
		if (!others || blind > LIMITER_QUICK_MOST)
			blind = smaller(blind, others);
		next = (now & ~BLIND) | blind;
	} while (next != now && !swap(&account->flight, &now, next));
	turn->blind = 0;
}

void line_back_out(struct account *account, size_t n)
{
	atomic_fetch_sub_explicit(&account->flight, n, memory_order_acq_rel);
	atomic_fetch_add_explicit(&account->returned, n, memory_order_relaxed);
}

bool line_enter(struct account *account, const struct limits *limits, size_t n, struct turn *turn)
{
	turn->word = atomic_load_explicit(&account->word, memory_order_acquire);
	uint64_t flight = atomic_fetch_add_explicit(
		&account->flight, n | (uint64_t)n << LINE_BEGUN_SHIFT, memory_order_acq_rel);
	uint64_t blind = (flight & BLIND) + n;

	turn->begun = ((flight >> LINE_BEGUN_SHIFT) + n) & BEGUN_MOST;
	turn->reserved = 0;
	turn->blind = n;
	if (blind <= limits->max && blind <= LIMITER_QUICK_MOST)
		return true;
	line_back_out(account, n);
	return false;
}

struct turn line_turn_alone(const struct account *account, size_t n)
{
	uint64_t word = atomic_load_explicit(&account->word, memory_order_acquire);

	return (struct turn){.word = word & GENERATION, .begun = begun_of(account) + 1, .blind = n};
}

struct turn line_begin(struct account *account, size_t n)
{
	struct turn turn = {0};

	atomic_fetch_add_explicit(&account->flight, (uint64_t)n << LINE_BEGUN_SHIFT,
				  memory_order_acq_rel);
	line_look(account, &turn);
	return turn;
}

void line_look(const struct account *account, struct turn *turn)
{
	turn->begun = begun_of(account);
	turn->word = atomic_load_explicit(&account->word, memory_order_acquire);
}

void line_go_on(struct account *account, struct turn *turn, size_t n)
{
	atomic_fetch_add_explicit(&account->flight, (uint64_t)n << LINE_BEGUN_SHIFT,
				  memory_order_acq_rel);
	atomic_fetch_add_explicit(&account->returned, n, memory_order_relaxed);
	turn->begun = (turn->begun + n) & BEGUN_MOST;
}

bool line_reserve(struct account *account, struct turn *turn, uint64_t n)
{
	uint64_t now = turn->word;

	turn->reserved = 0;
	if (!n || atomic_compare_exchange_strong_explicit(
			  &account->word, &now, with_column(now, column_of(now) + n),
			  memory_order_acq_rel, memory_order_acquire)) {
		turn->reserved = n;
		return true;
	}
	line_look(account, turn);
	return false;
}

/* What was reserved and not used goes back while the line is the same; what was used and not
 * reserved is added to whatever line there is. */
void line_extend(struct account *account, struct turn *turn, uint64_t n)
{
	uint64_t now = atomic_load_explicit(&account->word, memory_order_acquire), next;

	do {
		uint64_t column = column_of(now), back = turn->reserved - n;

		if (n >= turn->reserved)
			next = with_column(now, column + n - turn->reserved);
		else if ((now ^ turn->word) & GENERATION)
			break;
		else
			next = with_column(now, column > back ? column - back : 0);
	} while (next != now && !swap(&account->word, &now, next));
	turn->reserved = 0;
	if (turn->blind)
		land(account, turn, ALL_LIVE);
}

/* The word for a line that has begun anew. others: bytes that others have begun to write since. */
static uint64_t renewed(const struct turn *turn, const struct line *line, uint64_t now,
			uint64_t others)
{
	uint64_t seen = column_of(turn->word) + turn->reserved, column = column_of(now);
	uint64_t flags = now & ~turn->word & (DROPPING | TORN); /* another's, since: they stay */
	bool same = !((now ^ turn->word) & GENERATION);

	if (same)
		column = line->column + smaller(column > seen ? column - seen : 0, others);
	else
		column = smaller(larger(column, line->column), line->column + others);
	flags |= (line->broken ? BROKEN : 0) | (line->dropping ? DROPPING : 0) |
		 (line->torn ? TORN : 0);
	return with_column(flags | ((now + 1) & GENERATION), column);
}

void line_renew(struct account *account, struct turn *turn, const struct line *line)
{
	uint64_t now = atomic_load_explicit(&account->word, memory_order_acquire), next, others;

	do {
		others = begun_since(account, turn);
		next = renewed(turn, line, now, others);
	} while (!swap(&account->word, &now, next));
	turn->word = next;
	turn->reserved = 0;
	land(account, turn, others);
}
