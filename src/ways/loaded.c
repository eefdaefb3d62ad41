/* libways.so: its constructor takes one way out of the program that it was loaded into, and ends
 * it. In the program that the tests build of these files it finds nothing to do.
 *
 * Nothing here calls getenv(3) or setenv(3), which may be the program's own (bash has such).
 *
 * Facts: LD_PRELOAD and its order, ld.so(8); of two preloaded libraries glibc starts the last one
 * first (elf/dl-init.c), musl the first one since 1.1.22 (ldso/dynlink.c, queue_ctors). So no one
 * order is right, and where linecap's constructor has yet to run, WAYS_EARLY says so. */
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

/* liblinecap.so's, where it is loaded: NULL until its constructor ran. */
extern _Atomic(const void *) linecap_in_charge __attribute__((weak));

static const char *variable(const char *name)
{
	size_t length = strlen(name);

	for (char **entry = environ; *entry; entry++)
		if (!strncmp(*entry, name, length) && (*entry)[length] == '=')
			return *entry + length + 1;
	return NULL;
}

/* The version in linecap's note (preload/version.c), if the segment holds it: one note, whose name
 * and text are NUL-terminated. */
static const char *version_in(const struct dl_phdr_info *object, const ElfW(Phdr) * segment)
{
	static const char name[] = "linecap", before[] = "linecap ";
	const char *at = (const char *)(object->dlpi_addr + segment->p_vaddr);
	const char *end = at + segment->p_memsz;

	while ((size_t)(end - at) > sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)at;
		const char *its_name = at + sizeof *note;
		const char *its_text = its_name + ((size_t)note->n_namesz + 3) / 4 * 4;

		if (note->n_namesz == sizeof name && !memcmp(its_name, name, sizeof name))
			return its_text + strlen(before);
		at = its_text + ((size_t)note->n_descsz + 3) / 4 * 4;
	}
	return NULL;
}

static int tell_copy(struct dl_phdr_info *object, size_t size, void *libc)
{
	(void)size;
	if (strstr(object->dlpi_name, "ld-musl") || strstr(object->dlpi_name, "libc.musl"))
		*(const char **)libc = "musl";
	for (unsigned i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		const char *version =
			segment->p_type == PT_NOTE ? version_in(object, segment) : NULL;

		if (version)
			printf("copy %s %s\n", version, object->dlpi_name);
	}
	return 0;
}

static void tell_facts(void)
{
	const char *libc = "unknown";

	dl_iterate_phdr(tell_copy, &libc);
	if (gnu_get_libc_version)
		printf("libc glibc %s\n", gnu_get_libc_version());
	else
		printf("libc %s\n", libc);
	printf("charge %s\n", &linecap_in_charge ? "taken" : "none");
	for (const struct way *way = NULL; (way = ways_next(way));)
		printf("way %s %s %s\n", ways_streams(way), ways_output(way), way->name);
}

__attribute__((constructor)) static void start(void)
{
	const char *name = variable(WAYS_WAY), *fd = variable(WAYS_FD);
	struct ways_program program = {.path = variable(WAYS_PROGRAM), .loaded = true};

	if (!name || !fd || !program.path)
		return;
	bool again = !strcmp(name, WAYS_AGAIN);

	if (&linecap_in_charge && !linecap_in_charge) {
		if (again) /* another libc's shell, which then starts the program */
			return;
		_exit(WAYS_EARLY);
	}
	if (!strcmp(name, WAYS_FACTS)) {
		tell_facts();
		exit(0);
	}
	exit(ways_take(program, again ? "write" : name, atoi(fd)));
}
