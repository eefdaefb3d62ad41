/* Programs out of reach. It calls fdmap, elf and ledger, raw system calls, and the next definitions
 * of execve and posix_spawn.
 *
 * Facts: execve(2), execveat(2), execvp(3), posix_spawn(3); glibc posix/execvpe.c and musl
 * src/process/execvp.c on the search and the PATH where there is none; glibc posix/spawn_int.h on
 * what posix_spawn_file_actions_t holds, the same from 2.1 on but for new actions. What a file
 * without `#!` is, sh decides (glibc's ENOEXEC): sh is reached, so that is not looked at. */
#include "exec.h"

#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "decimal.h"
#include "elf.h"
#include "fdmap.h"
#include "hooks.h"
#include "readable.h"
#include "sys.h"

/* ---- The launcher. ---- */

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static int note_path(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	if (info->dlpi_addr != (uintptr_t)&__ehdr_start)
		return 0;
	*(const char **)data = info->dlpi_name;
	return 1;
}

/* In the library's folder, as built; or in the bin of its lib. */
static void find_launcher(char path[PATH_MAX])
{
	static const char places[][sizeof "/../../bin/linecap"] = {"/linecap", "/../bin/linecap",
								   "/../../bin/linecap"};
	const char *library = NULL;

	if (next.dl_iterate_phdr)
		next.dl_iterate_phdr(note_path, &library);
	/* A relative one was right where the program was started. */
	if (!library || *library != '/' || strlen(library) >= PATH_MAX - sizeof *places)
		return;
	strcpy(path, library);
	char *end = strrchr(path, '/');

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		strcpy(end, places[i]);
		if (!sys3(SYS_faccessat, AT_FDCWD, path, X_OK))
			return;
	}
	*path = '\0';
}

/* "-m, --max" → "--max=16384" */
static void put_option(const struct settings *settings, enum setting setting,
		       char text[SETTINGS_ENTRY])
{
	strcpy(text, strstr(settings_facts(setting)->option, "--"));
	strcat(text, "=");
	settings_format(settings, setting, text + strlen(text));
}

void exec_prepare(const struct settings *settings)
{
	process.exec = (enum exec_policy)settings->exec;
	if (process.exec != EXEC_PIPE)
		return;
	find_launcher(launcher.path);
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		put_option(settings, setting, launcher.options[setting]);
}

enum {
	LEAD = 5 + SETTINGS + 1, /* words before the program's own */
	FEW = 160,		 /* words of its own that are put on the stack: contract 5 */
};

static void put_words(char **words, const char *path, char *const *argv, size_t count)
{
	*words++ = (char *)"linecap";
	*words++ = (char *)"run";
	*words++ = (char *)"--via=pipe";
	*words++ = (char *)"--image";
	*words++ = (char *)path;
	for (int i = 0; i < SETTINGS; i++)
		*words++ = launcher.options[i];
	*words++ = (char *)"--";
	memcpy(words, argv, (count + 1) * sizeof *argv);
}

/* False: it couldn't be started. */
static bool launch_with(const struct start *start, char *const *words)
{
	const struct spawn *spawn = start->spawn;

	if (!spawn) {
		next.execve(launcher.path, words, start->envp);
		return false;
	}
	return next_library(posix_spawn) &&
	       !next.posix_spawn(spawn->pid, launcher.path, spawn->actions, spawn->attributes,
				 words, start->envp);
}

/* Words that are too many for the stack. After vfork(2) their room stays with the parent, so this
 * is not for what a shell starts again and again. */
static bool launch_long(const struct start *start, const char *path, size_t count)
{
	size_t size = (LEAD + count + 1) * sizeof(char *);
	long at = sys_call(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at <= 0) /* an address of a program's is never negative, as a long */
		return false;
	put_words((char **)at, path, start->argv, count);
	bool launched = launch_with(start, (char **)at);

	sys3(SYS_munmap, at, size, 0);
	return launched;
}

/* How many words there are; 0, too, where the kernel will find that they can't be read. */
static size_t count_words(char *const *argv)
{
	size_t count = 0;

	for (;; count++) {
		bool new_page = !count || (uintptr_t)(argv + count) % READABLE_PAGE < sizeof *argv;

		if (new_page && !readable_as_asked(argv + count, sizeof *argv))
			return 0;
		if (!argv[count])
			return count;
	}
}

/* On the stack, as by libc's execl(3). */
static bool launch_short(const struct start *start, const char *path, size_t count)
{
	char *words[LEAD + count + 1];

	put_words(words, path, start->argv, count);
	return launch_with(start, words);
}

static bool launch(const struct start *start, const char *path)
{
	int error = errno;

	if (!*launcher.path || start->passing)
		return false;
	size_t count = count_words(start->argv);

	if (!count)
		return false;
	bool launched =
		count > FEW ? launch_long(start, path, count) : launch_short(start, path, count);

	errno = error;
	return launched;
}

/* ---- The ledger. ---- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A ledger that wasn't joined isn't now, either: after vfork(2) it could be another uid's. */
static void note(const struct start *start, const char *path, const struct guarded *pipe,
		 enum hole_reason reason)
{
	struct ledger *joined = atomic_load_explicit(&pipe->ledger, memory_order_relaxed);
	struct ledger *ledger = joined ? joined : ledger_open(&pipe->id, process.uid);
	struct timespec now = {.tv_sec = 0};

	if (!ledger)
		return;
	if (start->nameless && count_words(start->argv) &&
	    readable_as_asked(start->argv[0], LEDGER_PROGRAM))
		path = start->argv[0];
	sys3(SYS_clock_gettime, CLOCK_REALTIME, &now, 0);
	ledger_unreached(ledger, last_part(path), reason, now.tv_sec);
	if (!joined)
		ledger_leave(ledger);
}

/* ---- The look. ---- */

enum sight { SEEN_NOTHING /* that could be run */, SEEN_REACHED, SEEN_HOLE };

static bool can_run(int folder, const char *path)
{
	enum { FACCESSAT2 = 439 };
	long answer = sys_call(FACCESSAT2, folder, (long)path, X_OK, AT_EACCESS, 0, 0);

	if (answer == -ENOSYS || answer == -EPERM) /* before Linux 5.8, or a filter of then */
		answer = sys3(SYS_faccessat, folder, path, X_OK);
	return !answer;
}

/* What can be run but not read may be anything: it is left alone. */
static enum sight sight_of_unreadable(int folder, const char *path, int error)
{
	return error == EACCES && can_run(folder, path) ? SEEN_REACHED : SEEN_NOTHING;
}

static enum sight look(int folder, const char *path, enum hole_reason *reason)
{
	char interpreter[ELF_INTERPRETER];
	struct elf elf = elf_look(folder, path, interpreter);

	if (elf.kind == ELF_UNREADABLE)
		return sight_of_unreadable(folder, path, elf.error);
	bool script = elf.kind == ELF_SCRIPT;

	for (int i = 0; elf.kind == ELF_SCRIPT && i < ELF_SCRIPTS_MOST; i++)
		elf = elf_look(AT_FDCWD, interpreter, interpreter);
	switch (elf.kind) {
	case ELF_STATIC:
		*reason = HOLE_STATIC;
		break;
	case ELF_GO:
		*reason = HOLE_GO;
		break;
	case ELF_PRIVILEGED:
		*reason = HOLE_PRIVILEGED;
		break;
	case ELF_FOREIGN:
		*reason = HOLE_FOREIGN;
		break;
	default:
		return SEEN_REACHED;
	}
	if (!can_run(folder, path) || (script && !can_run(AT_FDCWD, interpreter)))
		return SEEN_NOTHING;
	return SEEN_HOLE;
}

/* False: it is still to be started. pipe: NULL, where which one it will have isn't known. */
static bool deal(const struct start *start, const char *path, const struct guarded *pipe,
		 enum hole_reason reason)
{
	if (process.exec == EXEC_PIPE && launch(start, path))
		return true;
	if (pipe)
		note(start, path, pipe, reason);
	return false;
}

static const char *variable_path(void)
{
	for (char **entry = environ; entry && *entry; entry++)
		if (!strncmp(*entry, "PATH=", 5))
			return *entry + 5;
	return next.gnu_get_libc_version ? "/bin:/usr/bin" : "/usr/local/bin:/bin:/usr/bin";
}

/* As libc does, which has a buffer of that size for it, too. */
static bool search(const struct start *start, const struct guarded *pipe)
{
	const char *folder = variable_path(), *end;
	size_t most = strlen(folder), length = strlen(start->file);
	enum hole_reason reason = 0;

	if (!length || length > NAME_MAX || most >= PATH_MAX)
		return false;
	char path[most + length + 2];

	for (;; folder = end + 1) {
		size_t n = strcspn(folder, ":");

		end = folder + n;
		memcpy(path, folder, n);
		if (n)
			path[n++] = '/';
		strcpy(path + n, start->file);
		switch (look(AT_FDCWD, path, &reason)) {
		case SEEN_HOLE:
			return deal(start, path, pipe, reason);
		case SEEN_REACHED:
			return false;
		case SEEN_NOTHING:
			break;
		}
		if (!*end)
			return false;
	}
}

/* ---- stdout and stderr of the program. ---- */

/* glibc's struct __spawn_action. */
struct glibc_action {
	enum { GLIBC_CLOSE, GLIBC_DUP2, GLIBC_OPEN, GLIBC_CHDIR, GLIBC_FCHDIR } kind;
	union {
		struct {
			int fd, new_fd;
			long more[2];
		};
		const char *folder;
	} of;
};

static bool has_actions(const struct spawn *spawn)
{
	return spawn->actions && spawn->actions->__actions &&
	       (spawn->actions->__used || !next.gnu_get_libc_version);
}

/* NULL: there are none, or those of another libc, which can't be read. */
static const posix_spawn_file_actions_t *known_actions(const struct spawn *spawn)
{
	return spawn && has_actions(spawn) && next.gnu_get_libc_version ? spawn->actions : NULL;
}

/* What becomes of fds[] = {1, 2}, in terms of this process's fds; -1: something else. Where the
 * actions aren't known, they are taken to stay. */
static void follow_actions(const struct spawn *spawn, int fds[2])
{
	const posix_spawn_file_actions_t *known = known_actions(spawn);

	if (!known)
		return;
	const struct glibc_action *actions = (const void *)known->__actions;

	for (int i = 0; i < known->__used; i++) {
		const struct glibc_action *action = &actions[i];
		bool dup = action->kind == GLIBC_DUP2;
		int to = dup ? action->of.new_fd : action->of.fd;

		if ((to != 1 && to != 2) || action->kind > GLIBC_OPEN)
			continue;
		int from = dup ? action->of.fd : -1;

		fds[to - 1] = from == 1 || from == 2 ? fds[from - 1] : from;
	}
}

/* Where a relative path will begin, after the spawn's actions: AT_FDCWD, or an fd that is to be
 * closed; or one below 0: there is no such folder. */
static int folder_after_actions(const struct spawn *spawn)
{
	const posix_spawn_file_actions_t *known = known_actions(spawn);
	int folder = AT_FDCWD;

	if (!known)
		return folder;
	const struct glibc_action *actions = (const void *)known->__actions;

	for (int i = 0; i < known->__used; i++) {
		const struct glibc_action *action = &actions[i];
		int from = folder;

		if (action->kind == GLIBC_CHDIR)
			folder = (int)sys_call(SYS_openat, from, (long)action->of.folder,
					       O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
		else if (action->kind == GLIBC_FCHDIR)
			folder = (int)sys3(SYS_fcntl, action->of.fd, F_DUPFD_CLOEXEC, 0);
		else
			continue;
		if (from >= 0)
			sys_close(from);
		if (folder < 0)
			return -1;
	}
	return folder;
}

static const struct guarded *output_of(const struct start *start)
{
	int fds[] = {1, 2};

	follow_actions(start->spawn, fds);
	const struct guarded *pipe = fds[0] < 0 ? NULL : fdmap_peek(fds[0]);

	return pipe || fds[1] < 0 ? pipe : fdmap_peek(fds[1]);
}

/* Behind a filter of seccomp(2), nothing may be asked. */
static bool may_look(void)
{
	return process.exec != EXEC_OFF &&
	       atomic_load_explicit(&process.active, memory_order_acquire) &&
	       !atomic_load_explicit(&process.filtered, memory_order_relaxed);
}

static bool look_and_deal(const struct start *start, int folder, const struct guarded *pipe)
{
	enum hole_reason reason = 0;

	return look(folder, start->file, &reason) == SEEN_HOLE &&
	       deal(start, start->file, pipe, reason);
}

bool exec_ahead(const struct start *start)
{
	if (!may_look() || !start->file)
		return false;
	const struct guarded *pipe = output_of(start);

	/* By pipe, linecap itself sees what it has for stdout and stderr. */
	if (!pipe && !(process.exec == EXEC_PIPE && start->spawn && has_actions(start->spawn)))
		return false;
	if (start->searched && !strchr(start->file, '/'))
		return search(start, pipe);
	if (!start->spawn)
		return look_and_deal(start, start->folder, pipe);
	int folder = folder_after_actions(start->spawn);
	bool dealt = (folder >= 0 || folder == AT_FDCWD) && look_and_deal(start, folder, pipe);

	if (folder >= 0)
		sys_close(folder);
	return dealt;
}

/* An fd that is closed by the exec can't be handed on: then it is noted at most. */
void exec_ahead_of_fd(int fd, char *const *argv, char *const *envp)
{
	char name[sizeof "/proc/self/fd/" + DECIMAL_MOST] = "/proc/self/fd/";
	long flags = may_look() ? sys3(SYS_fcntl, fd, F_GETFD, 0) : -1;

	if (flags < 0)
		return;
	*decimal_put(name + strlen(name), (uint64_t)fd) = '\0';
	exec_ahead(&(struct start){.folder = AT_FDCWD,
				   .file = name,
				   .argv = argv,
				   .envp = envp,
				   .nameless = true,
				   .passing = flags & FD_CLOEXEC});
}

/* Nor can a folder be handed on. A path that can't be read is the kernel's to refuse. */
void exec_ahead_at(int folder, const char *path, char *const *argv, char *const *envp, int flags)
{
	struct start start = {.folder = folder, .file = path, .argv = argv, .envp = envp};
	bool bare = folder == AT_FDCWD && !flags;

	if (!may_look() || flags & ~AT_EMPTY_PATH || (!bare && !readable(path, 1)))
		return;
	start.passing = !bare && *path != '/' && folder != AT_FDCWD;
	if (bare || *path)
		exec_ahead(&start);
	else if (flags)
		exec_ahead_of_fd(folder, argv, envp);
}
