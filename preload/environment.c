/* The environment. It may call nothing but the raw system call. */
#include "environment.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys.h"

bool environment_copy(struct environment *copy, size_t more, size_t size)
{
	size_t count = 0;

	while (environ && environ[count])
		count++;
	size_t array = (count + more + 1) * sizeof *environ;
	long at = sys_call(SYS_mmap, 0, (long)(array + size), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if ((unsigned long)at > -4096UL)
		return false;
	char *text = (char *)at + array;

	*copy = (struct environment){(char **)at, count, count + more, text, text + size};
	if (count)
		memcpy(copy->entries, environ, count * sizeof *environ);
	return true;
}

/* Where its name has its place, or gets it. */
static char **place_of(const struct environment *copy, const char *entry)
{
	size_t length = (size_t)(strchr(entry, '=') + 1 - entry);
	char **place = copy->entries;

	while (*place && strncmp(*place, entry, length) != 0)
		place++;
	return place;
}

void environment_put(struct environment *copy, const char *entry)
{
	size_t size = strlen(entry) + 1;
	char **place = place_of(copy, entry);

	if (size > (size_t)(copy->end - copy->text) || (!*place && copy->count == copy->most))
		return;
	copy->count += !*place;
	*place = memcpy(copy->text, entry, size);
	copy->text += size;
}

void environment_use(const struct environment *copy)
{
	environ = copy->entries;
}
