/* The ledger. It makes system calls by syscall(2), which no cancellation interrupts, since
 * ledger_open runs inside other people's writes. Facts: shm_overview(7), fallocate(2), proc(5). */
#include "ledger.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "decimal.h"
#include "status.h"

#define MAGIC UINT64_C(0x326c646567726c63) /* its layout, in little-endian ASCII: "clrgedl2" */

enum { PAGE = 4096, IDLE_SECONDS = 3600, SWEEP_MOST = 64 };

static_assert(sizeof(struct ledger) <= PAGE, "the ledger is one page");
static_assert(sizeof(line_word) == 8 && ATOMIC_LLONG_LOCK_FREE == 2,
	      "the words are lock-free, so they can be shared");

static void put_path(char path[LEDGER_NAME], uid_t uid, const struct pipe_id *id)
{
	strcpy(path, LEDGER_FOLDER "/" LEDGER_PREFIX);
	char *at = decimal_put(path + strlen(path), uid);

	*at++ = '.';
	at = decimal_put(at, id->dev);
	*at++ = '.';
	*decimal_put(at, id->ino) = '\0';
}

bool ledger_parse_name(const char *name, struct ledger_name *parsed)
{
	uint64_t uid, dev, ino;

	if (strncmp(name, LEDGER_PREFIX, strlen(LEDGER_PREFIX)) != 0)
		return false;
	name += strlen(LEDGER_PREFIX);
	if (!decimal_parse(&name, &uid) || *name++ != '.' || !decimal_parse(&name, &dev) ||
	    *name++ != '.' || !decimal_parse(&name, &ino) || *name || uid != (uid_t)uid)
		return false;
	*parsed = (struct ledger_name){(uid_t)uid, {(dev_t)dev, (ino_t)ino}};
	return true;
}

/* A file of that owner, and under no other name. */
static bool is_own(const struct stat *st, uid_t uid)
{
	return S_ISREG(st->st_mode) && st->st_uid == uid && st->st_nlink == 1;
}

static bool is_page(const struct stat *st, uid_t uid)
{
	return is_own(st, uid) && (st->st_mode & 07777) == 0600 && st->st_size == PAGE;
}

static uint64_t pid_namespace(void)
{
	struct stat st;

	return status_of_path("/proc/self/ns/pid", &st) ? 0 : st.st_ino;
}

static void *map(long fd, int protection)
{
	long at = syscall(SYS_mmap, NULL, PAGE, protection, MAP_SHARED, fd, 0);

	return at == -1 ? NULL : (void *)at;
}

/* Maps what fd is, if that is a page; makes it one if it is an empty file. Two who meet here do
 * the same thing twice. */
static struct ledger *map_page(long fd, uid_t uid)
{
	struct stat st;

	if (status_of_fd((int)fd, &st) || !is_own(&st, uid))
		return NULL;
	if (!st.st_size && syscall(SYS_fchmod, fd, 0600))
		return NULL;
	if (st.st_size && !is_page(&st, uid))
		return NULL;
	/* Allocated now: a hole would be filled at the first write, or not (SIGBUS). */
	if (syscall(SYS_fallocate, fd, 0, 0L, (long)PAGE))
		return NULL;
	struct ledger *ledger = map(fd, PROT_READ | PROT_WRITE);

	if (ledger && !ledger->magic) {
		ledger->pid_namespace = pid_namespace();
		ledger->magic = MAGIC;
	}
	if (ledger && ledger->magic != MAGIC) {
		ledger_leave(ledger);
		return NULL;
	}
	return ledger;
}

struct ledger *ledger_open(const struct pipe_id *id)
{
	enum { FLAGS = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };
	char path[LEDGER_NAME];
	uid_t uid = (uid_t)syscall(SYS_geteuid);

	put_path(path, uid, id);
	long fd = syscall(SYS_openat, AT_FDCWD, path, FLAGS, 0600);

	if (fd < 0)
		return NULL;
	struct ledger *ledger = map_page(fd, uid);

	syscall(SYS_close, fd);
	return ledger;
}

bool ledger_look(const char *path, struct ledger *copy)
{
	const char *slash = strrchr(path, '/');
	struct ledger_name name;
	struct stat st;
	long fd = syscall(SYS_openat, AT_FDCWD, path,
			  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool whole = ledger_parse_name(slash ? slash + 1 : path, &name) &&
		     !status_of_fd((int)fd, &st) && is_page(&st, name.uid) &&
		     syscall(SYS_read, fd, copy, sizeof *copy) == sizeof *copy;

	syscall(SYS_close, fd);
	return whole && copy->magic == MAGIC;
}

void ledger_leave(const struct ledger *ledger)
{
	syscall(SYS_munmap, ledger, PAGE);
}

void ledger_blame(struct ledger *ledger, pid_t pid, const char *program, const char *start,
		  size_t length)
{
	uint64_t turn = atomic_fetch_add_explicit(&ledger->blamed, 1, memory_order_relaxed);
	struct culprit *culprit = &ledger->culprits[turn % LEDGER_CULPRITS];
	struct timespec now = {0};

	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	culprit->time = now.tv_sec;
	culprit->pid = pid;
	strncpy(culprit->program, program, LEDGER_PROGRAM - 1);
	if (length > LEDGER_START)
		length = LEDGER_START;
	memcpy(culprit->start, start, length);
	culprit->length = (uint32_t)length;
}

enum presence { NOTHING, ABSENT, PRESENT, UNTOLD };
enum { PROC_PATH = 96 }; /* bytes of "/proc/PID/task/TID/fd/N" */

typedef enum presence look(const char *path, const struct pipe_id *id);

/* Asks the folder's entries that are numbers, up to the first that doesn't say ABSENT; NOTHING: it
 * has none. */
static enum presence presence_in(const char *folder, const char *name, look *entry_holds,
				 const struct pipe_id *id)
{
	char path[PROC_PATH];
	enum presence presence = NOTHING;

	strcat(strcpy(path, folder), name);
	DIR *entries = opendir(path);

	if (!entries)
		return errno == ENOENT ? ABSENT : UNTOLD; /* ended in the meantime */
	strcat(path, "/");
	size_t stem = strlen(path);

	for (struct dirent *entry; presence < PRESENT && (entry = readdir(entries));) {
		const char *digit = entry->d_name;
		uint64_t number;

		if (!decimal_parse(&digit, &number) || *digit)
			continue;
		*decimal_put(path + stem, number) = '\0';
		presence = entry_holds(path, id);
	}
	closedir(entries);
	return presence;
}

static enum presence fd_holds(const char *path, const struct pipe_id *id)
{
	struct stat st;

	if (status_of_path(path, &st))
		return errno == EACCES || errno == EPERM ? UNTOLD : ABSENT;
	return st.st_dev == id->dev && st.st_ino == id->ino ? PRESENT : ABSENT;
}

static enum presence task_holds(const char *path, const struct pipe_id *id)
{
	return presence_in(path, "/fd", fd_holds, id);
}

static enum presence process_holds(const char *path, const struct pipe_id *id)
{
	enum presence presence = task_holds(path, id);

	/* A first thread that has ended shows no fds, though the others have them all. */
	return presence == NOTHING ? presence_in(path, "/task", task_holds, id) : presence;
}

static enum presence anybody_holds(const struct pipe_id *id)
{
	return presence_in("/proc", "", process_holds, id);
}

/* Does no process anywhere map the page? Then nobody else has it open, and a write lease is given
 * (fcntl(2), F_SETLEASE). Whoever opens it meanwhile has us sent a signal: by default SIGIO, which
 * would end the process. */
static bool is_unmapped(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	bool unmapped = fd >= 0 && !syscall(SYS_fcntl, fd, F_SETSIG, SIGURG) &&
			!syscall(SYS_fcntl, fd, F_SETLEASE, F_WRLCK);

	if (fd >= 0)
		syscall(SYS_close, fd);
	return unmapped;
}

/* Where it can't be told who holds the pipe, as in another PID namespace, a page counts as left
 * over once it has not been opened for an hour (map_page's fallocate sets st_ctime). */
static bool is_idle(const char *path)
{
	struct stat st;
	struct timespec now = {0};

	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	return !status_of_path(path, &st) && now.tv_sec - st.st_ctime > IDLE_SECONDS;
}

/* told: false once a process was met that can't be looked into; then no walk tells any more. */
static bool is_left_over(const char *path, const struct ledger *page, const struct pipe_id *id,
			 bool *told)
{
	enum presence presence = UNTOLD;

	if (*told && page->pid_namespace && page->pid_namespace == pid_namespace()) {
		/* Here, too: the number of a namespace that has ended is soon another's. */
		if (!is_unmapped(path))
			return false;
		presence = anybody_holds(id);
		*told = presence != UNTOLD;
	}
	return presence < PRESENT || (presence == UNTOLD && is_idle(path) && is_unmapped(path));
}

/* True: a page was looked at. */
static bool sweep(const char *name, uid_t uid, const struct target *living, bool *told)
{
	char path[LEDGER_NAME];
	struct ledger_name parsed;
	struct ledger page;

	if (!ledger_parse_name(name, &parsed) || parsed.uid != uid)
		return false;
	for (unsigned i = 0; i < living->count; i++)
		if (living->pipes[i].dev == parsed.id.dev && living->pipes[i].ino == parsed.id.ino)
			return false;
	put_path(path, uid, &parsed.id);
	if (ledger_look(path, &page) && is_left_over(path, &page, &parsed.id, told))
		syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	return true;
}

void ledger_sweep(const struct target *living)
{
	uid_t uid = (uid_t)syscall(SYS_geteuid);
	DIR *folder = opendir(LEDGER_FOLDER);
	bool told = true;
	int looks = 0;

	if (!folder)
		return;
	for (struct dirent *entry; looks < SWEEP_MOST && (entry = readdir(folder));)
		looks += sweep(entry->d_name, uid, living, &told);
	closedir(folder);
}
