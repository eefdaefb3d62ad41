/* LINECAP_STATS. Async-signal-safe: a program may close its stderr anywhere. */
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "decimal.h"
#include "hooks.h"
#include "message.h"
#include "sys.h"

static bool is_for_stderr(void)
{
	return !strcmp(process.stats, "stderr");
}

static void add_number(struct message *message, uint64_t n)
{
	char number[DECIMAL_MOST + 1];

	*decimal_put(number, n) = '\0';
	message_add(message, number);
}

/* What was said isn't said again. */
static void report(int fd)
{
	char line[MESSAGE_MOST];
	struct message message = {line, line + MESSAGE_MOST - 1};
	uint64_t broken =
		atomic_exchange_explicit(&process_own.own.broken, 0, memory_order_relaxed);

	if (!broken)
		return;
	message_add(&message, "linecap: pid ");
	add_number(&message, (uint64_t)sys_getpid());
	message_add(&message, " (");
	message_add(&message, process.program);
	message_add(&message, "): lines broken: ");
	add_number(&message, broken);
	*message.at++ = '\n';
	hook_write(fd, line, (size_t)(message.at - line));
}

/* Of a child of vfork(2) nothing is said: what it shares is its parent's. */
void stats_lose_stderr(void)
{
	int error = errno;

	if (!atomic_load_explicit(&process_own.own.broken, memory_order_relaxed) ||
	    !is_for_stderr())
		return;
	if (sys_getpid() == atomic_load_explicit(&process_own.own.pid, memory_order_relaxed))
		report(2);
	errno = error;
}

__attribute__((destructor)) static void finish(void)
{
	enum { HOW = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC };

	if (!*process.stats || !atomic_load_explicit(&process_own.own.broken, memory_order_relaxed))
		return;
	if (is_for_stderr()) {
		report(2);
		return;
	}
	int fd = sys_open(process.stats, HOW, 0644);

	if (fd < 0)
		return;
	report(fd);
	sys_close(fd);
}
