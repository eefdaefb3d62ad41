/* The target: which pipes are the runtime's. Facts: proc(5) on /proc/PID/stat, /proc/PID/fd and
 * /proc/PID/cgroup; pid_namespaces(7): a parent outside of the namespace shows as 0. */
#include "target.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "decimal.h"
#include "sys.h"

static const char *const words[] = {
	[TARGET_AUTO] = "auto", [TARGET_STDIO] = "stdio", [TARGET_NONE] = "none"};

static bool parse_list(struct target *target, const char *text)
{
	struct target list = {.kind = TARGET_LIST};

	for (;; text++) {
		uint64_t dev, ino;

		if (list.count == TARGET_PIPES || !decimal_parse(&text, &dev) || *text++ != ':' ||
		    !decimal_parse(&text, &ino))
			return false;
		list.pipes[list.count++] = (struct pipe_id){(dev_t)dev, (ino_t)ino};
		if (*text != ',')
			break;
	}
	if (*text)
		return false;
	*target = list;
	return true;
}

bool target_parse(struct target *target, const char *text)
{
	for (enum target_kind kind = TARGET_AUTO; kind <= TARGET_NONE; kind++)
		if (!strcmp(text, words[kind])) {
			*target = (struct target){.kind = kind};
			return true;
		}
	return parse_list(target, text);
}

void target_format(const struct target *target, char text[TARGET_TEXT])
{
	if (target->kind != TARGET_LIST) {
		strcpy(text, words[target->kind]);
		return;
	}
	for (unsigned i = 0; i < target->count; i++) {
		text = decimal_put(text, target->pipes[i].dev);
		*text++ = ':';
		text = decimal_put(text, target->pipes[i].ino);
		*text++ = i + 1 < target->count ? ',' : '\0';
	}
}

bool target_holds(const struct target *target, const struct stat *st)
{
	if (!S_ISFIFO(st->st_mode) && !S_ISSOCK(st->st_mode))
		return false;
	for (unsigned i = 0; i < target->count; i++)
		if (target->pipes[i].dev == st->st_dev && target->pipes[i].ino == st->st_ino)
			return true;
	return false;
}

static void add(struct target *target, const struct stat *st)
{
	if (target->count < TARGET_PIPES && !target_holds(target, st))
		target->pipes[target->count++] = (struct pipe_id){st->st_dev, st->st_ino};
	target->kind = TARGET_LIST;
}

static void add_path(struct target *target, const char *pid, const char *fd)
{
	char path[64] = "/proc/";
	struct stat st = {0};

	strcat(strcat(strcat(path, pid), "/fd/"), fd);
	if (!sys_stat(path, &st) && S_ISFIFO(st.st_mode))
		add(target, &st);
}

static bool is_stream_socket(int fd)
{
	int type = 0;
	socklen_t length = sizeof type;

	return !sys_call(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, (long)&type, (long)&length, 0) &&
	       type == SOCK_STREAM;
}

static void add_own(struct target *target, bool sockets)
{
	for (int fd = 1; fd <= 2; fd++) {
		struct stat st = {0};

		if (sys_fstat(fd, &st))
			continue;
		if (S_ISFIFO(st.st_mode) || (sockets && is_stream_socket(fd)))
			add(target, &st);
	}
}

/* The start of /proc/PID/NAME, NUL-terminated; its length, or 0. */
static size_t read_proc(uint64_t pid, const char *name, char *text, size_t size)
{
	char path[64] = "/proc/";
	char *at = decimal_put(path + strlen(path), pid);

	*at++ = '/';
	strcpy(at, name);
	int fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	ssize_t n = fd < 0 ? -1 : sys_read(fd, text, size - 1);

	if (fd >= 0)
		sys_close(fd);
	if (n < 0)
		n = 0;
	text[n] = '\0';
	return (size_t)n;
}

struct kin {
	bool known;
	uint64_t parent; /* pid; 0: outside of this PID namespace */
	uint64_t start;	 /* clock ticks since boot */
};

static struct kin kin_of(uint64_t pid)
{
	enum { FIELD_STATE = 3, FIELD_PARENT = 4, FIELD_START = 22 };
	char text[1024];
	struct kin kin = {0};

	if (!read_proc(pid, "stat", text, sizeof text))
		return kin;
	const char *at = strrchr(text, ')'); /* ends field 2; the name may hold anything */

	for (int field = FIELD_STATE; at && field <= FIELD_START; field++) {
		at = strchr(at + 1, ' ');
		const char *number = at ? at + 1 : NULL;

		if (number && field == FIELD_PARENT)
			decimal_parse(&number, &kin.parent);
		if (number && field == FIELD_START)
			kin.known = decimal_parse(&number, &kin.start);
	}
	return kin;
}

/* The oldest ancestor that can be seen: PID 1, or a process whose parent is outside of the PID
 * namespace. */
static uint64_t top_of(uint64_t pid)
{
	for (int depth = 0; pid != 1 && depth < 4096; depth++) {
		struct kin kin = kin_of(pid);

		if (!kin.known)
			return 1;
		if (!kin.parent)
			return pid;
		pid = kin.parent;
	}
	return 1;
}

enum { CGROUP_MOST = 1024 };

static bool same_cgroup(uint64_t pid, const char own[CGROUP_MOST])
{
	char text[CGROUP_MOST];

	return read_proc(pid, "cgroup", text, sizeof text) && !strcmp(text, own);
}

struct search {
	const char *cgroup;
	uint64_t first, start; /* the oldest so far */
};

static void consider(struct search *search, const char *name)
{
	uint64_t pid;

	if (!decimal_parse(&name, &pid) || *name)
		return;
	struct kin kin = kin_of(pid);

	if (kin.known && !kin.parent && kin.start < search->start &&
	    same_cgroup(pid, search->cgroup)) {
		search->first = pid;
		search->start = kin.start;
	}
}

/* The oldest process of the cgroup that came from outside, of all that /proc shows; or `first`. */
static uint64_t oldest_of(const char *cgroup, uint64_t first)
{
	struct search search = {cgroup, first, UINT64_MAX};
	union {
		struct dirent64 entry;
		char bytes[4096];
	} some;
	int proc = sys_open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	ssize_t n;

	if (proc < 0)
		return 1;
	while ((n = sys_result(sys3(SYS_getdents64, proc, &some, sizeof some))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(some.bytes + at);

			consider(&search, entry->d_name);
			at += entry->d_reclen;
		}
	sys_close(proc);
	return search.first;
}

/* The process that the container was started with. That is PID 1, unless the pod shares a PID
 * namespace: then PID 1 is another container's (as its cgroup tells), and ours is the oldest
 * process of our cgroup that came from outside. */
static uint64_t first_of_container(uint64_t top)
{
	char own[CGROUP_MOST];

	if (top == 1 || !read_proc(top, "cgroup", own, sizeof own) || same_cgroup(1, own))
		return 1;
	return oldest_of(own, top);
}

static enum target_reason resolve_auto(struct target *target)
{
	uint64_t top = top_of((uint64_t)sys_getpid());
	uint64_t first = first_of_container(top);
	char pid[24];

	*decimal_put(pid, first) = '\0';
	add_path(target, pid, "1");
	add_path(target, pid, "2");
	if (target->count)
		return TARGET_OF_FIRST;
	if (top != first)
		return TARGET_EXEC;
	add_own(target, false);
	return TARGET_OWN_DEFAULT;
}

enum target_reason target_resolve(struct target *target)
{
	struct target found = {.kind = TARGET_NONE};
	enum target_reason reason = TARGET_GIVEN;

	switch (target->kind) {
	case TARGET_AUTO:
		reason = resolve_auto(&found);
		break;
	case TARGET_STDIO:
		add_own(&found, true);
		reason = TARGET_OWN_STDIO;
		break;
	case TARGET_NONE:
	case TARGET_LIST:
		return TARGET_GIVEN;
	}
	*target = found;
	return reason;
}
