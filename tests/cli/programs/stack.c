/* stack: how deep a signal handler's stack gets that writes, in bytes beyond one that does nothing.
 * A painted alternate stack shows it. "WAY BYTES" a line on fd 4. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { STACK = 64 * 1024, PAINT = 0xa5, LONG = 100000, REPORT = 4 };

static unsigned char stack[STACK];
static char bytes[LONG];

static void nothing(void)
{
}

static void line(void)
{
	if (write(1, "a line\n", 7) != 7)
		_exit(3);
}

static void endless(void)
{
	if (write(1, bytes, LONG) != LONG)
		_exit(3);
}

static void endless_vector(void)
{
	if (writev(1, &(struct iovec){bytes, LONG}, 1) != LONG)
		_exit(3);
}

static void endless_syscall(void)
{
	if (syscall(SYS_write, 1, bytes, LONG) != LONG)
		_exit(3);
}

static void (*volatile body)(void);

static void handler(int number)
{
	(void)number;
	body();
}

static size_t depth_of(void (*what)(void))
{
	size_t untouched = 0;

	body = what;
	memset(stack, PAINT, STACK);
	raise(SIGUSR1);
	while (untouched < STACK && stack[untouched] == PAINT)
		untouched++;
	return STACK - untouched;
}

int main(void)
{
	static const struct {
		const char *name;
		void (*body)(void);
	} ways[] = {{"first", line},
		    {"line", line},
		    {"write", endless},
		    {"writev", endless_vector},
		    {"syscall", endless_syscall}};

	memset(bytes, 's', LONG);
	if (sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = STACK}, NULL) ||
	    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_ONSTACK},
		      NULL))
		return 2;
	size_t base = depth_of(nothing);

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		dprintf(REPORT, "%s %zu\n", ways[i].name, depth_of(ways[i].body) - base);
	return 0;
}
