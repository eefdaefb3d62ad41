/* The start: runs once, as the library's constructor, and makes the process's state. Everything
 * that may allocate, open or complain happens here and never in a hook. It keeps errno. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "environment.h"
#include "exec.h"
#include "hooks.h"
#include "message.h"
#include "segment.h"
#include "sys.h"

enum { WIPE_ON_FORK = 18 }; /* MADV_WIPEONFORK, which older headers lack */

/* gcc calls this where it finds a frame overrun. libc's own has the version GLIBC_2.4 on x86-64,
 * newer than all else that the library needs. */
_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
	__builtin_trap();
}

/* Contract 7. */
static void complain(const struct complaint *complaint)
{
	char line[MESSAGE_MOST];
	struct message message = {line, line + MESSAGE_MOST - 1};
	char text[SETTINGS_MESSAGE];

	settings_message(complaint, text);
	message_add(&message, "linecap: ");
	message_add(&message, text);
	*message.at++ = '\n';
	sys3(SYS_write, 2, line, message.at - line);
}

/* What the kernel says at the start (getauxval(3)), if libc can tell. */
static unsigned long auxiliary(unsigned long type, unsigned long otherwise)
{
	return next.getauxval ? next.getauxval(type) : otherwise;
}

/* Secure-execution mode. A libc that can't tell is taken to be in it. */
static bool is_secure(void)
{
	return auxiliary(AT_SECURE, true);
}

/* The answers, for the programs that this one will start: they need neither decide nor complain
 * again. */
static void export_settings(const struct settings *settings)
{
	enum { MOST = SETTINGS + 1 };
	struct environment copy = {.entries = NULL};
	char entry[SETTINGS_ENTRY];

	for (unsigned at = 0; settings_export(settings, &at, entry);) {
		if (!copy.entries && !environment_copy(&copy, MOST, MOST * sizeof entry))
			return;
		environment_put(&copy, entry);
	}
	if (copy.entries)
		environment_use(&copy);
}

static void forked(void)
{
	atomic_store_explicit(&process_own.own.pid, sys_getpid(), memory_order_relaxed);
	atomic_store_explicit(&process_own.own.broken, 0, memory_order_relaxed);
}

/* A page that is zeros in each child that has a memory of its own, by whatever call it was made
 * (madvise(2), since Linux 4.14), and so tells it from one that shares its parent's. */
static void own_page(void)
{
	uintptr_t page = segment_page();

	if (page <= PROCESS_PAGE)
		process.wiped = !sys3(SYS_madvise, (long)&process_own, page, WIPE_ON_FORK);
	if (!process.wiped)
		forked();
}

/* For fork(2) in libc's own functions too (daemon, forkpty), so no hook of fork would do. musl's
 * takes the program's heap, which may not be ready (contract 7): there a child asks for itself. */
static void watch_forks(void)
{
	if (next.__register_atfork)
		next.__register_atfork(NULL, NULL, forked, NULL);
	else if (next.pthread_atfork && !process.wiped)
		next.pthread_atfork(NULL, NULL, forked);
}

static void activate(const struct settings *settings)
{
	strcpy(process.stats, settings->stats);
	process.limits = settings_limits(settings);
	process.sample = settings->sample;
	strncpy(process.program, program_invocation_short_name, LEDGER_PROGRAM - 1);
	process.uid = (uid_t)auxiliary(AT_EUID, LEDGER_UNKNOWN);
	process.pipes_end = FD_GUARDED + settings->target.count;
	for (unsigned i = 0; i < settings->target.count; i++) {
		struct guarded *pipe = &process.pipes[FD_GUARDED + i];

		pipe->id = settings->target.pipes[i];
		process.accounts[FD_GUARDED + i] = &pipe->own;
	}
	exec_prepare(settings);
	own_page();
	watch_forks();
	if (!stdio_glibc_hook())
		stdio_musl_hook();
	atomic_store_explicit(&process.active, true, memory_order_release);
}

/* One process, one linecap, however many copies of the library there are in it. The loader gives
 * all of them the first one's variable, whatever paths they came by. The others' hooks pass all on.
 */
extern _Atomic(const void *) linecap_in_charge;
_Atomic(const void *) linecap_in_charge
	__attribute__((visibility("default"), section(".data.linecap_in_charge")));

__attribute__((constructor)) static void start(void)
{
	struct settings settings;
	int error = errno;
	bool secure;

	next_resolve();
	if (atomic_exchange(&linecap_in_charge, &process))
		return;
	secure = is_secure();
	settings_load(&settings, secure, SETTINGS_CONF, complain);
	enum target_reason reason = target_resolve(&settings.target);

	if (!secure)
		export_settings(&settings);
	if (settings.max && settings.target.count) {
		if (reason != TARGET_GIVEN) /* the first of its tree */
			ledger_sweep(&settings.target);
		activate(&settings);
	}
	errno = error;
}
