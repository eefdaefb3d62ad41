/* The ledger. It makes raw system calls, since ledger_open runs inside other people's writes.
 * Facts: shmget(2), shmop(2), shmctl(2), and that on x86-64 and aarch64 the kernel's struct
 * shmid64_ds is libc's struct shmid_ds; proc(5), getdents(2). */
#include "ledger.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/shm.h>
#include <time.h>

#include "sys.h"

/* To be changed with the meaning of what a page holds; with its layout it changes by itself. */
#define MEANING UINT64_C(3)

enum {
	PAGE = 4096,
	MODE = 0600,
	KEYS = 0x6c000000, /* all of ours, so that ipcs(1) shows which they are */
	KEY_BITS = 0xffffff,
	SLOTS = 2,
	TRIES = 4, /* to open a page that others sweep */
	CROWD = 64,
	LOOKS_MOST = 32,
	IDLE_SECONDS = 600,
	LATE_MOST = 16,
	SUSPECTS_MOST = 64,
};

static_assert(sizeof(struct ledger) <= PAGE, "the ledger is one page");
static_assert(sizeof(_Atomic uint64_t) == 8 && ATOMIC_LLONG_LOCK_FREE == 2,
	      "the words are lock-free, so they can be shared");
static_assert(sizeof(struct shmid_ds) == 112 && offsetof(struct shmid_ds, shm_nattch) == 88 &&
		      offsetof(struct ipc_perm, mode) == 20,
	      "libc's struct shmid_ds is the kernel's");

static long segment_control(int id, int command, void *about)
{
	return sys3(SYS_shmctl, id, command, about);
}

static bool is_error(long result)
{
	return result > -4096 && result < 0;
}

static uid_t effective_uid(void)
{
	return (uid_t)sys3(SYS_geteuid, 0, 0, 0);
}

/* --- whose page ------------------------------------------------------------------------------- */

/* The finalizer of splitmix64: each bit of the input changes half of the output's. */
static uint64_t mix(uint64_t bits)
{
	bits += UINT64_C(0x9e3779b97f4a7c15);
	bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
	return bits ^ bits >> 31;
}

static uint64_t identity_of(const struct pipe_id *id, uid_t uid)
{
	const uint64_t layout = MEANING << 48 ^ sizeof(struct ledger) << 32 ^
				sizeof(struct account) << 16 ^ offsetof(struct ledger, culprits);
	uint64_t identity = mix(mix(mix(layout ^ id->dev) ^ id->ino) ^ uid);

	return identity ? identity : 1;
}

/* The page that is wanted. */
struct claim {
	struct pipe_id id;
	uid_t uid;
	uint64_t identity;
};

static struct claim claim_of(const struct pipe_id *id, uid_t uid)
{
	return (struct claim){*id, uid, identity_of(id, uid)};
}

static key_t key_of(const struct claim *claim, unsigned slot)
{
	return (key_t)(KEYS | ((claim->identity + slot) & KEY_BITS));
}

static bool is_ours(const struct shmid_ds *about, uid_t uid)
{
	return about->shm_perm.uid == uid && about->shm_perm.cuid == uid &&
	       (about->shm_perm.mode & 0777) == MODE && about->shm_segsz == PAGE;
}

/* --- to open a page --------------------------------------------------------------------------- */

struct found {
	enum finding {
		ABSENT,
		OWN,
		NEW,	 /* ours, and nobody's page yet */
		FOREIGN, /* another uid's, or another page */
		GONE,	 /* removed while we looked at it */
		DENIED,	 /* no limit leaves room, or there is no such system call */
	} what;
	int id;
	struct ledger *ledger; /* attached, where OWN or NEW */
	struct shmid_ds about;
};

static enum finding attach(struct found *found, const struct claim *claim)
{
	long at = sys3(SYS_shmat, found->id, NULL, 0);

	if (is_error(at))
		return at == -EIDRM || at == -EINVAL ? GONE : at == -EACCES ? FOREIGN : DENIED;
	found->ledger = (struct ledger *)at;
	/* Only now: the time of the last attachment is our own then, a clock for nothing. */
	enum finding what = segment_control(found->id, IPC_STAT, &found->about) ? GONE : FOREIGN;

	if (what == FOREIGN && is_ours(&found->about, claim->uid)) {
		uint64_t identity =
			atomic_load_explicit(&found->ledger->identity, memory_order_relaxed);

		if (found->about.shm_perm.mode & SHM_DEST)
			what = GONE;
		else if (!identity || identity == claim->identity)
			what = identity ? OWN : NEW;
	}
	if (what != OWN && what != NEW)
		ledger_leave(found->ledger);
	return what;
}

/* flags: IPC_CREAT or 0. */
static struct found find(const struct claim *claim, unsigned slot, int flags)
{
	struct found found = {.what = DENIED};
	long id = sys3(SYS_shmget, key_of(claim, slot), PAGE, flags | MODE);

	if (id == -ENOENT)
		found.what = ABSENT;
	else if (id == -EACCES || id == -EINVAL) /* no right to it; or it is less than a page */
		found.what = FOREIGN;
	else if (id >= 0) {
		found.id = (int)id;
		found.what = attach(&found, claim);
	}
	return found;
}

/* Removes what find has just made where it wasn't wanted. */
static void unmake(const struct found *found)
{
	if (found->what != NEW && found->what != FOREIGN)
		return;
	if (found->about.shm_nattch == 1 && found->about.shm_cpid &&
	    found->about.shm_cpid == sys3(SYS_getpid, 0, 0, 0))
		segment_control(found->id, IPC_RMID, NULL);
	if (found->what == NEW)
		ledger_leave(found->ledger);
}

/* The first key may have been in use when others of the uid wanted this page: they have it under
 * the second. */
static struct found prefer_second(const struct claim *claim, const struct found *first)
{
	struct found second = find(claim, 1, 0);

	if (second.what == OWN) {
		unmake(first);
		return second;
	}
	if (second.what == NEW)
		ledger_leave(second.ledger);
	return *first;
}

static void sweep_idle(uid_t uid, int64_t now, uint64_t start);

/* False: another pipe's process has claimed it at the same time. */
static bool take(const struct claim *claim, const struct found *found)
{
	struct ledger *ledger = found->ledger;
	uint64_t identity = 0;

	if (found->what == NEW) {
		if (!atomic_compare_exchange_strong(&ledger->identity, &identity,
						    claim->identity) &&
		    identity != claim->identity) {
			ledger_leave(ledger);
			return false;
		}
		ledger->pipe = claim->id;
		/* The kernel hands out the lowest index that is free. Users that never start a
		 * process tree never sweep: so where pages pile up, each new one looks at a few old
		 * ones. */
		if ((found->id & 0x7fff) >= CROWD)
			sweep_idle(claim->uid, found->about.shm_atime, claim->identity);
	}
	atomic_store_explicit(&ledger->joined, found->about.shm_atime, memory_order_relaxed);
	return true;
}

struct ledger *ledger_open(const struct pipe_id *id, uid_t likely)
{
	bool asked = likely == LEDGER_UNKNOWN;
	struct claim claim = claim_of(id, asked ? effective_uid() : likely);

	for (int tries = 0; tries < TRIES; tries++) {
		struct found found = find(&claim, 0, IPC_CREAT);

		if (found.what == FOREIGN && !asked) {
			uid_t uid = effective_uid();

			asked = true;
			if (uid != claim.uid) {
				unmake(&found);
				claim = claim_of(id, uid);
				continue;
			}
		}
		if (found.what == FOREIGN)
			found = find(&claim, 1, IPC_CREAT);
		else if (found.what == NEW)
			found = prefer_second(&claim, &found);
		if (found.what == FOREIGN || found.what == DENIED)
			break;
		if (found.what != GONE && take(&claim, &found))
			return found.ledger;
	}
	return NULL;
}

void ledger_leave(const struct ledger *ledger)
{
	sys3(SYS_shmdt, ledger, 0, 0);
}

/* --- what is noted ---------------------------------------------------------------------------- */

static int64_t seconds_now(void)
{
	struct timespec now = {0};

	sys3(SYS_clock_gettime, CLOCK_REALTIME, &now, 0);
	return now.tv_sec;
}

void ledger_blame(struct ledger *ledger, pid_t pid, const char *program, const char *start,
		  size_t length)
{
	uint64_t turn = atomic_fetch_add_explicit(&ledger->blamed, 1, memory_order_relaxed);
	struct culprit *culprit = &ledger->culprits[turn % LEDGER_CULPRITS];

	culprit->time = seconds_now();
	culprit->pid = pid;
	strncpy(culprit->program, program, LEDGER_PROGRAM - 1);
	if (length > LEDGER_START)
		length = LEDGER_START;
	memcpy(culprit->start, start, length);
	culprit->length = (uint32_t)length;
}

static bool is_hole_of(const struct hole *hole, const char *program, uint32_t reason)
{
	return atomic_load_explicit(&hole->count, memory_order_relaxed) && hole->reason == reason &&
	       !strncmp(hole->program, program, LEDGER_PROGRAM - 1);
}

/* Two who meet here with one program may make two entries of it; whoever reads them adds them up.
 */
void ledger_unreached(struct ledger *ledger, const char *program, enum hole_reason reason,
		      int64_t now)
{
	struct hole *entry = &ledger->holes[0];

	for (int i = 0; i < LEDGER_HOLES; i++) {
		struct hole *hole = &ledger->holes[i];
		uint64_t nobody = 0;

		if (is_hole_of(hole, program, reason)) {
			atomic_fetch_add_explicit(&hole->count, 1, memory_order_relaxed);
			hole->time = now;
			return;
		}
		if (atomic_compare_exchange_strong(&hole->count, &nobody, 1)) {
			entry = hole;
			break;
		}
		if (hole->time < entry->time)
			entry = hole;
	}
	entry->time = now;
	entry->reason = reason;
	strncpy(entry->program, program, LEDGER_PROGRAM - 1);
	atomic_store_explicit(&entry->count, 1, memory_order_relaxed);
}

const char *hole_reason_word(uint32_t reason)
{
	static const char *const words[HOLE_REASONS] = {
		[HOLE_STATIC] = "static",
		[HOLE_GO] = "go",
		[HOLE_PRIVILEGED] = "privileged",
		[HOLE_FOREIGN] = "foreign",
	};

	return reason < HOLE_REASONS ? words[reason] : "unknown";
}

/* --- to look at pages ------------------------------------------------------------------------- */

/* A look attaches a page, and changes the very time that tells since when nobody has it: so it
 * notes the time before, and its own. A page that nobody has is idle since it was left or joined,
 * whichever came later. */
static void note_look(struct ledger *ledger, const struct shmid_ds *about, int64_t now)
{
	int64_t looked = atomic_load_explicit(&ledger->looked, memory_order_relaxed);

	if (about->shm_dtime < looked || about->shm_dtime > looked + 1)
		atomic_store_explicit(&ledger->left, about->shm_dtime, memory_order_relaxed);
	atomic_store_explicit(&ledger->looked, now, memory_order_relaxed);
}

static int64_t idle_since(const struct ledger *ledger)
{
	int64_t left = atomic_load_explicit(&ledger->left, memory_order_relaxed);
	int64_t joined = atomic_load_explicit(&ledger->joined, memory_order_relaxed);

	return left > joined ? left : joined;
}

/* The segment attached, if it is a page, or one that nobody has claimed; else NULL. */
static struct ledger *enter(int id, const struct shmid_ds *about, int64_t now)
{
	long at = sys3(SYS_shmat, id, NULL, 0);

	if (is_error(at))
		return NULL;
	struct ledger *ledger = (struct ledger *)at;
	struct pipe_id pipe = ledger->pipe;

	if (ledger->identity && ledger->identity != identity_of(&pipe, about->shm_perm.uid)) {
		ledger_leave(ledger);
		return NULL;
	}
	if (ledger->identity && !about->shm_nattch)
		note_look(ledger, about, now);
	return ledger;
}

/* Might it be a page? */
static bool has_pages_form(const struct shmid_ds *about)
{
	return ((unsigned)about->shm_perm.__key & ~(unsigned)KEY_BITS) == KEYS &&
	       is_ours(about, about->shm_perm.uid);
}

int ledger_last(void)
{
	struct shm_info info;

	return (int)segment_control(0, SHM_INFO, &info);
}

enum look ledger_look(int index, uid_t *owner, struct ledger *copy)
{
	struct shmid_ds about = {0};
	long id = segment_control(index, SHM_STAT, &about);
	bool hidden = id == -EACCES && segment_control(index, SHM_STAT_ANY, &about) >= 0;

	if ((id < 0 && !hidden) || !has_pages_form(&about))
		return LOOK_NOTHING;
	*owner = about.shm_perm.uid;
	if (hidden)
		return LOOK_HIDDEN;
	struct ledger *ledger = enter((int)id, &about, seconds_now());

	if (!ledger)
		return LOOK_NOTHING;
	memcpy(copy, ledger, sizeof *copy);
	ledger_leave(ledger);
	return copy->identity == identity_of(&copy->pipe, *owner) ? LOOK_PAGE : LOOK_NOTHING;
}

/* --- the sweep -------------------------------------------------------------------------------- */

/* A page that may be left over. */
struct suspect {
	int id;
	struct pipe_id pipe;
	int64_t since;
	bool near; /* made by a process that could be seen from here */
	bool held;
};

static bool suspect_at(int index, uid_t uid, int64_t now, struct suspect *suspect)
{
	struct shmid_ds about = {0};
	long id = segment_control(index, SHM_STAT, &about);

	if (id < 0 || !has_pages_form(&about) || about.shm_perm.uid != uid || about.shm_nattch)
		return false;
	struct ledger *ledger = enter((int)id, &about, now);

	if (!ledger)
		return false;
	/* The maker's pid is 0 if it is none of this PID namespace's (Linux before 4.17 gives it as
	 * it was in its own). What nobody has claimed is no pipe's: its maker died, or was denied
	 * shmat(2), or is about to claim it. */
	*suspect = ledger->identity ? (struct suspect){.id = (int)id,
						       .pipe = ledger->pipe,
						       .since = idle_since(ledger),
						       .near = about.shm_cpid != 0}
				    : (struct suspect){.id = (int)id, .since = about.shm_ctime};
	ledger_leave(ledger);
	return true;
}

static void remove_page(int id)
{
	struct shmid_ds about = {0};

	if (!segment_control(id, IPC_STAT, &about) && !about.shm_nattch)
		segment_control(id, IPC_RMID, NULL);
}

static bool is_idle(const struct suspect *suspect, int64_t now)
{
	return now - suspect->since > IDLE_SECONDS;
}

static void sweep_idle(uid_t uid, int64_t now, uint64_t start)
{
	int last = ledger_last();
	struct suspect suspect;

	for (uint64_t i = 0; last >= 0 && i < LOOKS_MOST; i++) {
		int index = (int)((start + i) % ((uint64_t)last + 1));

		if (suspect_at(index, uid, now, &suspect) && is_idle(&suspect, now))
			remove_page(suspect.id);
	}
}

/* For those whose pipes are held by anybody. */
struct search {
	struct suspect suspects[SUSPECTS_MOST];
	unsigned count, held;
	bool untold;	 /* a process can't be looked into */
	bool first_seen; /* /proc shows PID 1, so it may well show all */
};

enum { NAME_MOST = 20, ENTRIES = 1024 };

/* As getdents64(2) has it. */
struct entry {
	uint64_t ino;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

typedef void visitor(struct search *search, int folder, const char *name);

/* Visits the entries of folder at/name that are numbers. How many there are, or -errno. */
static long each_number(struct search *search, int at, const char *name, visitor *visit)
{
	_Alignas(struct entry) char entries[ENTRIES] = {0};
	long count = 0, n;
	long folder =
		sys_call(SYS_openat, at, (long)name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);

	if (folder < 0)
		return folder;
	while ((n = sys3(SYS_getdents64, folder, entries, sizeof entries)) > 0)
		for (long i = 0; i < n;) {
			const struct entry *entry = (const struct entry *)(void *)(entries + i);

			i += entry->length;
			if (entry->name[0] < '0' || entry->name[0] > '9' ||
			    strlen(entry->name) > NAME_MOST)
				continue;
			count++;
			if (search->held < search->count)
				visit(search, (int)folder, entry->name);
		}
	sys3(SYS_close, folder, 0, 0);
	return n < 0 ? n : count;
}

/* Of a process that has ended in the meantime there is nothing more to learn. */
static void note_error(struct search *search, long error)
{
	if (error < 0 && error != -ENOENT && error != -ESRCH)
		search->untold = true;
}

static void see_fd(struct search *search, int folder, const char *name)
{
	struct stat st = {0};
	long error = sys_call(SYS_newfstatat, folder, (long)name, (long)&st, 0, 0, 0);

	note_error(search, error);
	for (unsigned i = 0; !error && i < search->count; i++) {
		struct suspect *suspect = &search->suspects[i];

		if (!suspect->held && suspect->pipe.ino == st.st_ino &&
		    suspect->pipe.dev == st.st_dev) {
			suspect->held = true;
			search->held++;
		}
	}
}

static long see_fds(struct search *search, int folder, const char *name)
{
	char path[NAME_MOST + sizeof "/fd"];
	long count = each_number(search, folder, strcat(strcpy(path, name), "/fd"), see_fd);

	note_error(search, count);
	return count;
}

static void see_task(struct search *search, int folder, const char *name)
{
	see_fds(search, folder, name);
}

static void see_process(struct search *search, int folder, const char *name)
{
	char path[NAME_MOST + sizeof "/task"];

	search->first_seen = search->first_seen || !strcmp(name, "1");
	/* A first thread that has ended shows no fds, though the others have them all. */
	if (!see_fds(search, folder, name))
		note_error(search, each_number(search, folder, strcat(strcpy(path, name), "/task"),
					       see_task));
}

/* The pages that stay although nobody can be shown to need them. */
struct late {
	unsigned count;
	struct suspect pages[LATE_MOST];
};

static void stay(struct late *late, struct suspect suspect)
{
	if (late->count < LATE_MOST) {
		late->pages[late->count++] = suspect;
		return;
	}
	for (unsigned i = 0; i < LATE_MOST; i++)
		if (late->pages[i].since < suspect.since) {
			struct suspect earlier = late->pages[i];

			late->pages[i] = suspect;
			suspect = earlier;
		}
	remove_page(suspect.id);
}

static void judge(struct search *search, struct late *late, int64_t now)
{
	if (!search->count)
		return;
	note_error(search, each_number(search, AT_FDCWD, "/proc", see_process));
	bool told = !search->untold && search->first_seen;

	for (unsigned i = 0; i < search->count; i++) {
		const struct suspect *suspect = &search->suspects[i];

		if (suspect->held)
			continue;
		if ((told && suspect->near) || is_idle(suspect, now))
			remove_page(suspect->id);
		else
			stay(late, *suspect);
	}
	*search = (struct search){0};
}

static bool lives(const struct target *living, const struct pipe_id *id)
{
	for (unsigned i = 0; i < living->count; i++)
		if (living->pipes[i].dev == id->dev && living->pipes[i].ino == id->ino)
			return true;
	return false;
}

void ledger_sweep(const struct target *living)
{
	uid_t uid = effective_uid();
	int64_t now = seconds_now();
	int last = ledger_last();
	struct search search = {0};
	struct late late = {0};

	for (int index = 0; index <= last; index++) {
		struct suspect *suspect = &search.suspects[search.count];

		if (!suspect_at(index, uid, now, suspect) || lives(living, &suspect->pipe))
			continue;
		if (++search.count == SUSPECTS_MOST)
			judge(&search, &late, now);
	}
	judge(&search, &late, now);
}
