/* The fd map. It may call nothing but the raw system call. */
#include "fdmap.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>

#include "sys.h"
#include <sys/prctl.h>
#include <sys/stat.h>

static bool may_ask(void)
{
	return atomic_load_explicit(&process.active, memory_order_acquire) &&
	       !atomic_load_explicit(&process.filtered, memory_order_relaxed);
}

static _Atomic(struct fdmap *) *block_of(unsigned fd)
{
	return &process.far[fd / (FDMAP_PART * FDMAP_BLOCK)];
}

struct fdmap *fdmap_far(int fd)
{
	unsigned at = (unsigned)fd;
	struct fdmap *block =
		at < FDMAP_FDS ? atomic_load_explicit(block_of(at), memory_order_acquire) : NULL;

	return block ? &block[at / FDMAP_PART % FDMAP_BLOCK] : NULL;
}

/* If there is no address space left, there is no place. */
static struct fd_place make_place(int fd)
{
	enum { SIZE = FDMAP_BLOCK * sizeof(struct fdmap) };
	struct fdmap *none = NULL;
	struct fd_place place = fdmap_place(fd);

	if (place.map || (unsigned)fd >= FDMAP_FDS)
		return place;
	long at = sys_call(SYS_mmap, 0, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	if ((unsigned long)at > -4096UL)
		return place;
	if (!atomic_compare_exchange_strong(block_of((unsigned)fd), &none, (struct fdmap *)at))
		sys3(SYS_munmap, at, SIZE, 0); /* another thread was first */
	return fdmap_place(fd);
}

/* What the kernel says; FD_UNKNOWN where it says nothing. */
struct seen {
	unsigned entry;
	unsigned char traits;
};

static struct seen look(int fd)
{
	struct stat st = {0};
	struct seen seen = {.entry = FD_OTHER};

	if (sys3(SYS_fstat, fd, &st, 0))
		return (struct seen){.entry = FD_UNKNOWN};
	if (S_ISCHR(st.st_mode))
		seen.traits = FDMAP_UNREAD;
	for (unsigned i = FD_GUARDED; i < process.pipes_end; i++)
		if (process.pipes[i].id.ino == st.st_ino && process.pipes[i].id.dev == st.st_dev)
			seen.entry = i;
	return seen;
}

/* Is the map about this process's fds? A child that shares the memory only (vfork(2), clone(2) with
 * CLONE_VM) has fds of its own, and may not note them. Any other child has a map of its own, and an
 * owner's pid of 0, which the kernel wipes (start.c).
 *
 * Such a sharing child may be the first that asks, and takes the map for its own. Its parent finds
 * that out later: the other isn't its parent. What the map says then is the child's. */
static bool is_mine(void)
{
	pid_t pid = sys_getpid();
	pid_t owner = atomic_load_explicit(&process_own.own.pid, memory_order_relaxed);

	if (pid == owner)
		return true;
	if (owner && (!process.wiped || sys3(SYS_getppid, 0, 0, 0) == owner))
		return false;
	if (owner)
		fdmap_forget_range(0, FDMAP_FDS - 1);
	atomic_store_explicit(&process_own.own.pid, pid, memory_order_relaxed);
	return true;
}

static void raise_highest(unsigned fd)
{
	unsigned highest = atomic_load_explicit(&process.highest, memory_order_relaxed);

	while (fd > highest &&
	       !atomic_compare_exchange_weak_explicit(&process.highest, &highest, fd,
						      memory_order_seq_cst, memory_order_relaxed))
		;
}

/* The process has come to write to the pipe: from now on it counts with all others. Two threads
 * that meet here map the page twice, and either is good. */
static void join_ledger(unsigned entry)
{
	struct guarded *pipe = &process.pipes[entry];

	if (atomic_load_explicit(&pipe->ledger, memory_order_relaxed))
		return;
	int error = errno;
	struct ledger *ledger = ledger_open(&pipe->id, process.uid);

	errno = error;
	if (!ledger)
		return;
	atomic_store_explicit(&pipe->ledger, ledger, memory_order_relaxed);
	atomic_store_explicit(&process.accounts[entry], &ledger->account, memory_order_release);
}

/* n bytes have passed. */
static void count_from(struct fd_place place, size_t n)
{
	atomic_store_explicit(&place.map->over[place.at], (int64_t)n - (int64_t)process.limits.max,
			      memory_order_relaxed);
}

/* While the kernel is asked, the entry is FD_ASKING: whoever changes the fd meanwhile takes that
 * away, and then the answer, which may be from before, isn't noted. */
static unsigned ask_and_note(int fd, struct fd_place place)
{
	_Atomic unsigned char *is = &place.map->is[place.at];
	unsigned char expected = FD_ASKING;

	raise_highest((unsigned)fd);
	atomic_store(is, FD_ASKING);
	atomic_thread_fence(memory_order_seq_cst);
	struct seen seen = look(fd);

	if (seen.entry >= FD_GUARDED)
		join_ledger(seen.entry);
	count_from(place, 0);
	atomic_store_explicit(&place.map->traits[place.at], seen.traits, memory_order_relaxed);
	atomic_compare_exchange_strong(is, &expected, (unsigned char)seen.entry);
	return seen.entry;
}

/* There is nothing to note but that it was asked. */
bool fdmap_is_still_other(int fd)
{
	if (!may_ask())
		return true;
	if (fdmap_entry(fd) != FD_OTHER)
		return false;
	if (look(fd).entry != FD_OTHER) {
		fdmap_forget(fd);
		return false;
	}
	count_from(fdmap_place(fd), 0);
	return true;
}

static unsigned ask(int fd)
{
	struct fd_place place = {0};

	if (fdmap_is_still_other(fd))
		return FD_OTHER;
	if (is_mine())
		place = make_place(fd);
	if (place.map)
		return ask_and_note(fd, place);
	unsigned entry = look(fd).entry;

	if (entry >= FD_GUARDED)
		join_ledger(entry);
	return entry;
}

struct guarded *fdmap_ask(int fd)
{
	unsigned entry = fdmap_entry(fd);

	if (entry < FD_GUARDED)
		entry = ask(fd);
	return entry < FD_GUARDED ? NULL : &process.pipes[entry];
}

struct guarded *fdmap_guarded(int fd, size_t n)
{
	return fdmap_passes(fd, n) ? NULL : fdmap_ask(fd);
}

void fdmap_ended(int fd, size_t n)
{
	struct fd_place place = fdmap_place(fd);

	if (place.map)
		count_from(place, n);
}

void fdmap_note_trait(int fd, enum fdmap_trait trait)
{
	struct fd_place place = fdmap_place(fd);

	if (fdmap_is(place) >= FD_GUARDED)
		atomic_fetch_or_explicit(&place.map->traits[place.at], (unsigned char)trait,
					 memory_order_relaxed);
}

struct guarded *fdmap_peek(int fd)
{
	unsigned entry = fdmap_entry(fd);

	if (entry < FD_GUARDED && entry != FD_OTHER && may_ask())
		entry = look(fd).entry;
	return entry < FD_GUARDED ? NULL : &process.pipes[entry];
}

bool fdmap_verify(int fd, const struct guarded *pipe)
{
	if (may_ask() && look(fd).entry == (unsigned)(pipe - process.pipes))
		return true;
	fdmap_forget(fd);
	return false;
}

/* The fence: the change of the fd comes before the look at its entry, as with who asks the entry
 * comes before the look at the fd. */
void fdmap_forget(int fd)
{
	atomic_thread_fence(memory_order_seq_cst);
	struct fd_place place = fdmap_place(fd);

	if (fdmap_is(place) != FD_UNKNOWN)
		atomic_store_explicit(&place.map->is[place.at], FD_UNKNOWN, memory_order_relaxed);
}

/* The pages beyond the highest that was ever noted needn't be touched. */
void fdmap_forget_range(unsigned first, unsigned last)
{
	atomic_thread_fence(memory_order_seq_cst);
	unsigned end = atomic_load_explicit(&process.highest, memory_order_relaxed);

	for (unsigned fd = first; fd <= last && fd <= end; fd++) {
		struct fd_place place = fdmap_place((int)fd);

		if (place.map)
			atomic_store_explicit(&place.map->is[place.at], FD_UNKNOWN,
					      memory_order_relaxed);
	}
}

/* Is this a process of one thread that shares its memory with another process? unshare(2) says so
 * and changes nothing. Behind a filter that is there already the question may be deadly. */
static bool shares_memory(void)
{
	return sys3(SYS_prctl, PR_GET_SECCOMP, 0, 0) == 0 &&
	       sys3(SYS_unshare, CLONE_THREAD, 0, 0) == 0 &&
	       sys3(SYS_unshare, CLONE_VM, 0, 0) == -EINVAL;
}

bool fdmap_expect_filter(void)
{
	if (!may_ask())
		return false;
	if (!atomic_load_explicit(&process_own.own.pid, memory_order_relaxed) && shares_memory())
		return false;
	fdmap_ask(1);
	fdmap_ask(2);
	return is_mine();
}

void fdmap_filtered(void)
{
	atomic_store_explicit(&process.filtered, true, memory_order_relaxed);
}
