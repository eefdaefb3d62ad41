/* The start: runs once, as the library's constructor, and makes the process's state. Everything
 * that may allocate, open or complain happens here and never in a hook. It keeps errno. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "decimal.h"
#include "next.h"
#include "process.h"
#include "raw.h"

/* gcc calls this where it finds a frame overrun. libc's own has the version GLIBC_2.4 on x86-64,
 * newer than all else that the library needs. */
_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
	__builtin_trap();
}

/* One line on stderr, in one write; bytes that a terminal would obey become '?'. */
struct message {
	char text[512];
	size_t length;
};

static void say(struct message *message, const char *words)
{
	for (; *words && message->length < sizeof message->text - 1; words++)
		message->text[message->length++] =
			(char)(*words >= ' ' && *words <= '~' ? *words : '?');
}

static void say_value(struct message *message, const char *value)
{
	enum { SHOWN = 64 };
	char start[SHOWN + 1];

	strncpy(start, value, SHOWN);
	start[SHOWN] = '\0';
	say(message, start);
	if (strlen(value) > SHOWN)
		say(message, "...");
}

/* Contract 7: what was wrong, the value, what happens now. */
static void complain(const struct complaint *complaint)
{
	struct message message = {.length = 0};
	struct settings defaults;
	char text[SETTINGS_TEXT];

	say(&message, "linecap: ");
	if (complaint->origin == ORIGIN_CONF)
		say(&message, SETTINGS_CONF ": ");
	say_value(&message, complaint->name);
	if (complaint->setting == SETTINGS) {
		say(&message, ": not a setting; the line is ignored");
	} else {
		settings_default(&defaults);
		settings_format(&defaults, complaint->setting, text);
		say(&message, "=");
		say_value(&message, complaint->value);
		say(&message, ": not ");
		say(&message, settings_expects(complaint->setting));
		say(&message, "; the default is used: ");
		say(&message, *text ? text : "none");
	}
	message.text[message.length++] = '\n';
	raw3(SYS_write, 2, message.text, message.length);
}

/* Secure-execution mode is what the kernel says it is (getauxval(3)); a libc that can't tell is
 * taken to be in it. */
static bool is_secure(void)
{
	typedef unsigned long auxv_function(unsigned long);
	auxv_function *auxv = (auxv_function *)next_function_anywhere("getauxval");

	return !auxv || auxv(AT_SECURE);
}

/* The answers, for the programs that this one will start: they need neither decide nor complain
 * again. */
static void export_settings(const struct settings *settings)
{
	char text[SETTINGS_TEXT];

	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++) {
		const char *now = settings_environment(setting);

		settings_format(settings, setting, text);
		if (!now || strcmp(now, text) != 0)
			next.setenv(settings_name(setting), text, 1);
	}
}

static void forked(void)
{
	atomic_store_explicit(&process.pid, (pid_t)raw3(SYS_getpid, 0, 0, 0), memory_order_relaxed);
}

/* For fork(2) in libc's own functions too (daemon, forkpty), so no hook of fork would do. glibc
 * has pthread_atfork in its static part only, from where it calls __register_atfork. */
static void watch_forks(void)
{
	typedef void handler(void);
	typedef int glibc_function(handler *, handler *, handler *, void *);
	typedef int musl_function(handler *, handler *, handler *);
	glibc_function *glibc = (glibc_function *)next_function_anywhere("__register_atfork");

	if (glibc) {
		glibc(NULL, NULL, forked, NULL);
		return;
	}
	musl_function *musl = (musl_function *)next_function_anywhere("pthread_atfork");

	if (musl)
		musl(NULL, NULL, forked);
}

/* LINECAP_STATS: one line at exit, where lines were broken. */
__attribute__((destructor)) static void finish(void)
{
	struct message message = {.length = 0};
	uint64_t broken = atomic_load_explicit(&process.broken, memory_order_relaxed);
	bool to_stderr = !strcmp(process.stats, "stderr");
	char number[DECIMAL_MOST + 1];

	if (!broken || !*process.stats)
		return;
	say(&message, "linecap: pid ");
	*decimal_put(number, (uint64_t)raw3(SYS_getpid, 0, 0, 0)) = '\0';
	say(&message, number);
	say(&message, " (");
	say_value(&message, program_invocation_short_name);
	say(&message, "): lines broken: ");
	*decimal_put(number, broken) = '\0';
	say(&message, number);
	message.text[message.length++] = '\n';
	int fd = to_stderr ? 2
			   : open(process.stats, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	write(fd, message.text, message.length);
	if (!to_stderr)
		close(fd);
}

static void activate(const struct settings *settings)
{
	strcpy(process.stats, settings->stats);
	process.limits = settings_limits(settings);
	process.pipes_end = FD_GUARDED + settings->target.count;
	for (unsigned i = 0; i < settings->target.count; i++) {
		struct guarded *pipe = &process.pipes[FD_GUARDED + i];

		pipe->id = settings->target.pipes[i];
		process.accounts[FD_GUARDED + i] = &pipe->own;
	}
	forked();
	watch_forks();
	if (!stdio_glibc_hook())
		stdio_musl_hook();
	atomic_store_explicit(&process.active, true, memory_order_release);
}

__attribute__((constructor)) static void start(void)
{
	struct settings settings;
	int error = errno;
	bool secure;

	next_resolve();
	secure = is_secure();
	settings_load(&settings, secure, SETTINGS_CONF, complain);
	enum target_reason reason = target_resolve(&settings.target);

	if (!secure && next.setenv)
		export_settings(&settings);
	if (settings.max && settings.target.count) {
		if (reason != TARGET_GIVEN) /* the first of its tree */
			ledger_sweep(&settings.target);
		activate(&settings);
	}
	errno = error;
}
