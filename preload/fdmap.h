/* The fd map: what each fd is, as far as it has been asked.
 *
 * An entry can be stale: an fd can be closed or replaced where no hook sees it, in libc, by another
 * thread at the wrong moment, in a child that shares this memory. No list of such cases is ever
 * complete, so an entry only says what to look at. Before bytes change, fdmap_verify asks the
 * kernel. And what passes as "no guarded pipe" is counted: after max bytes in which no newline was
 * seen the fd is asked again.
 * Async-signal-safe throughout; errno is kept. */
#ifndef LINECAP_FDMAP_H
#define LINECAP_FDMAP_H

#include "process.h"

enum {
	FDMAP_PART = 256,    /* most processes have no more; less than a page */
	FDMAP_FDS = 1 << 20, /* the kernel's default fs.nr_open; fds beyond are asked each time */
	/* Parts that are mapped at once: little for a program that locks its memory, or that has
	 * hardly any address space left. */
	FDMAP_BLOCK = FDMAP_FDS / FDMAP_PART / PROCESS_FAR,
};

enum fdmap_trait {
	FDMAP_UNREAD = 1,    /* a device: /dev/null takes bytes without a look at them */
	FDMAP_WRITE_END = 2, /* of a pipe, as somebody has asked */
};

/* What is known of as many fds. */
struct fdmap {
	/* Of fds that are FD_OTHER: the bytes that have passed since they were last asked, less
	 * those that may. This is on the path of each write, so it is one addition and its sign.
	 * (A write of more than SSIZE_MAX bytes, which fails, is taken for less than none.) */
	_Atomic int64_t over[FDMAP_PART];
	_Atomic unsigned char is[FDMAP_PART]; /* indexes into process.pipes */
	/* What else was seen of an fd that is noted, each one an enum fdmap_trait. */
	_Atomic unsigned char traits[FDMAP_PART];
};

/* The library is small in every process: there is room for more only where there are more. */
extern struct fdmap fdmap __attribute__((visibility("hidden")));

/* Of an fd beyond the first part; NULL: nothing can be noted of it, so it is asked each time. */
struct fdmap *fdmap_far(int fd);

struct fd_place {
	struct fdmap *map; /* or NULL */
	unsigned at;
};

static inline bool fdmap_is_near(int fd)
{
	return __builtin_expect((unsigned)fd < FDMAP_PART, 1);
}

/* One base for the two look-ups of a write: the compiler would make two of them. */
static inline struct fd_place fdmap_near(int fd)
{
	struct fdmap *map;

	__asm__("" : "=r"(map) : "0"(&fdmap));
	if (!map)
		__builtin_unreachable();
	return (struct fd_place){map, (unsigned)fd};
}

static inline struct fd_place fdmap_place(int fd)
{
	return fdmap_is_near(fd) ? fdmap_near(fd)
				 : (struct fd_place){fdmap_far(fd), (unsigned)fd % FDMAP_PART};
}

static inline unsigned fdmap_is(struct fd_place place)
{
	return place.map ? atomic_load_explicit(&place.map->is[place.at], memory_order_relaxed)
			 : FD_UNKNOWN;
}

/* What fd is taken to be: an index into process.pipes. */
static inline unsigned fdmap_entry(int fd)
{
	return fdmap_is(fdmap_place(fd));
}

/* Of an fd that is noted. */
static inline bool fdmap_has(int fd, enum fdmap_trait trait)
{
	struct fd_place place = fdmap_place(fd);

	return place.map &&
	       atomic_load_explicit(&place.map->traits[place.at], memory_order_relaxed) & trait;
}

/* Counts n bytes that are to pass on an fd that is FD_OTHER. False: it is time to ask again. */
static inline bool fdmap_counts(struct fd_place place, size_t n)
{
	return __builtin_expect(__atomic_add_fetch((int64_t *)&place.map->over[place.at],
						   (int64_t)n, __ATOMIC_RELAXED) < 0,
				1);
}

/* May n bytes pass, whatever they are? If so, they are counted. False: fd isn't known to be no
 * guarded pipe, or it is time to ask again. */
static inline bool fdmap_passes(int fd, size_t n)
{
	struct fd_place place = fdmap_place(fd);

	return fdmap_is(place) == FD_OTHER && fdmap_counts(place, n);
}

/* What fd is, for a write of n bytes that nobody looks at: the guarded pipe, or NULL. */
struct guarded *fdmap_guarded(int fd, size_t n);

/* The same, asked now unless it is known to be guarded. */
struct guarded *fdmap_ask(int fd);

/* Asks of an fd that is FD_OTHER whether it still is. */
bool fdmap_is_still_other(int fd);

/* The last bytes that passed on an fd that is FD_OTHER ended a line: behind it are n. */
void fdmap_ended(int fd, size_t n);

/* fd is guarded. */
void fdmap_note_trait(int fd, enum fdmap_trait trait);

/* The same for one who won't write to it: no ledger is joined for it, and nothing noted. */
struct guarded *fdmap_peek(int fd);

/* Asks the kernel whether fd is that pipe. If not, the entry is forgotten. */
bool fdmap_verify(int fd, const struct guarded *pipe);

/* The fds first…last may be something else now: to be called after the fact, for until then the
 * entry is true. */
void fdmap_forget(int fd);
void fdmap_forget_range(unsigned first, unsigned last);

/* A seccomp(2) filter is about to be put in: behind it even fstat may be deadly, so fds 1 and 2 are
 * asked for now. True: it would be this process's filter. */
bool fdmap_expect_filter(void);

/* It was put in, so nothing is asked any more. What a filter lets through isn't known, so no break
 * is put in either: it could not be verified. */
void fdmap_filtered(void);

#endif
