/* environment: changes its environment in each way, and looks whether all of it is as it should be.
 * Its heap is its own, and not to be called before its constructor ran: status 3. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ASLEEP = 3, MANY = 300 };

static int awake;

__attribute__((constructor)) static void wake(void)
{
	awake = 1;
}

#define ARENA_CALLED() (awake ? (void)0 : _exit(ASLEEP))
#include "arena.h"

static int is(const char *name, const char *value)
{
	const char *now = getenv(name);

	return value ? now && !strcmp(now, value) : !now;
}

int main(void)
{
	static char put[] = "PUT=1", name[] = "MANY_000";

	if (!is("GIVEN", "yes") || !is("LINECAP_SETTLED", "1"))
		return 1;
	if (setenv("SET", "1", 1) || putenv(put) || unsetenv("LINECAP_SETTLED") ||
	    setenv("GIVEN", "no", 1))
		return 1;
	for (int i = 0; i < MANY; i++) {
		name[5] = (char)('0' + i / 100);
		name[6] = (char)('0' + i / 10 % 10);
		name[7] = (char)('0' + i % 10);
		if (setenv(name, "x", 1))
			return 1;
	}
	return !is("SET", "1") || !is("PUT", "1") || !is("GIVEN", "no") || !is("MANY_299", "x") ||
	       !is("LINECAP_SETTLED", NULL) || clearenv() || !is("SET", NULL) ||
	       setenv("SET", "2", 1) || !is("SET", "2");
}
