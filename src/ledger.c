/* The ledger. It makes system calls by syscall(2), which no cancellation interrupts, since
 * ledger_open runs inside other people's writes. Facts: shm_overview(7), fallocate(2), proc(5). */
#include "ledger.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "decimal.h"
#include "status.h"

#define MAGIC UINT64_C(0x316c646567726c63) /* its layout, in little-endian ASCII: "clrgedl1" */

enum { PAGE = 4096, IDLE_SECONDS = 3600 };

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

	if (strncmp(name, LEDGER_PREFIX, strlen(LEDGER_PREFIX)))
		return false;
	name += strlen(LEDGER_PREFIX);
	if (!decimal_parse(&name, &uid) || *name++ != '.' || !decimal_parse(&name, &dev) ||
	    *name++ != '.' || !decimal_parse(&name, &ino) || *name)
		return false;
	*parsed = (struct ledger_name){(uid_t)uid, {(dev_t)dev, (ino_t)ino}};
	return true;
}

/* A page of that owner, and nobody else's doing. */
static bool is_page(const struct stat *st, uid_t uid)
{
	return S_ISREG(st->st_mode) && st->st_uid == uid && st->st_nlink == 1 &&
	       (st->st_mode & 07777) == 0600;
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

	if (status_of_fd((int)fd, &st))
		return NULL;
	bool empty = !st.st_size;

	if (empty && st.st_uid == uid && syscall(SYS_fchmod, fd, 0600))
		return NULL;
	if (empty && status_of_fd((int)fd, &st))
		return NULL;
	if (!is_page(&st, uid) || (!empty && st.st_size != PAGE))
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

const struct ledger *ledger_look(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct ledger_name name;
	struct stat st;
	struct ledger *ledger = NULL;
	long fd = syscall(SYS_openat, AT_FDCWD, path,
			  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (ledger_parse_name(slash ? slash + 1 : path, &name) && !status_of_fd((int)fd, &st) &&
	    is_page(&st, name.uid) && st.st_size == PAGE)
		ledger = map(fd, PROT_READ);
	syscall(SYS_close, fd);
	if (ledger && ledger->magic != MAGIC) {
		ledger_leave(ledger);
		return NULL;
	}
	return ledger;
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

enum presence { ABSENT, PRESENT, UNTOLD };

/* Does the process hold the pipe open? */
static enum presence presence_in(const char *pid, const struct pipe_id *id)
{
	char path[320];
	enum presence presence = ABSENT;
	DIR *fds;

	strcat(strcat(strcpy(path, "/proc/"), pid), "/fd");
	fds = opendir(path);
	if (!fds)
		return errno == ENOENT ? ABSENT : UNTOLD; /* ended in the meantime */
	strcat(path, "/");
	size_t stem = strlen(path);

	for (struct dirent *entry; presence == ABSENT && (entry = readdir(fds));) {
		struct stat st;

		strncpy(path + stem, entry->d_name, sizeof path - stem - 1);
		path[sizeof path - 1] = '\0';
		if (entry->d_name[0] == '.' || status_of_path(path, &st))
			continue;
		if (st.st_dev == id->dev && st.st_ino == id->ino)
			presence = PRESENT;
	}
	closedir(fds);
	return presence;
}

static bool is_dead(const struct pipe_id *id)
{
	DIR *proc = opendir("/proc");
	enum presence presence = proc ? ABSENT : UNTOLD;

	for (struct dirent *entry; presence == ABSENT && (entry = readdir(proc));)
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			presence = presence_in(entry->d_name, id);
	if (proc)
		closedir(proc);
	return presence == ABSENT;
}

/* Does no process anywhere map the page? Then nobody else has it open, and a write lease is given
 * (fcntl(2), F_SETLEASE). */
static bool is_unmapped(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	bool unmapped = fd >= 0 && !syscall(SYS_fcntl, fd, F_SETLEASE, F_WRLCK);

	if (fd >= 0)
		syscall(SYS_close, fd);
	return unmapped;
}

/* Of another PID namespace's pipes nothing can be seen. There a page counts as left over once it
 * has not been opened for an hour (map_page's fallocate sets st_ctime) and is mapped nowhere. */
static bool is_idle(const char *path)
{
	struct stat st;
	struct timespec now = {0};

	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	return !status_of_path(path, &st) && now.tv_sec - st.st_ctime > IDLE_SECONDS &&
	       is_unmapped(path);
}

static void sweep(const char *name, uid_t uid, const struct target *living)
{
	char path[LEDGER_NAME];
	struct ledger_name parsed;

	if (!ledger_parse_name(name, &parsed) || parsed.uid != uid)
		return;
	for (unsigned i = 0; i < living->count; i++)
		if (living->pipes[i].dev == parsed.id.dev && living->pipes[i].ino == parsed.id.ino)
			return;
	put_path(path, uid, &parsed.id);
	const struct ledger *ledger = ledger_look(path);

	if (!ledger)
		return;
	uint64_t home = ledger->pid_namespace;

	ledger_leave(ledger);
	if (home && home == pid_namespace() ? is_dead(&parsed.id) : is_idle(path))
		syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

void ledger_sweep(const struct target *living)
{
	uid_t uid = (uid_t)syscall(SYS_geteuid);
	DIR *folder = opendir(LEDGER_FOLDER);

	if (!folder)
		return;
	for (struct dirent *entry; (entry = readdir(folder));)
		sweep(entry->d_name, uid, living);
	closedir(folder);
}
