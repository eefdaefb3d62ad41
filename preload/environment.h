/* The environment, put together anew: setenv(3) may be the program's own function, and takes the
 * heap, which may be the program's own too, before its constructors ran. Here an array of the
 * library's replaces `environ`; setenv(3) and putenv(3) of glibc and musl copy an array that they
 * have not made themselves before they change it. For the constructor: no thread but this one may
 * look at the environment meanwhile, as with setenv(3). */
#ifndef LINECAP_ENVIRONMENT_H
#define LINECAP_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

struct environment {
	char **entries;
	size_t count, most;
	char *text, *end; /* the room that is left for new entries */
};

/* A copy of the entries, with room for `more` of them, of `size` bytes in all, NULs included.
 * False: there is no memory, and nothing has changed. */
bool environment_copy(struct environment *copy, size_t more, size_t size);

/* Puts "NAME=value" into the copy, in the place of another value; not where there is no room. */
void environment_put(struct environment *copy, const char *entry);

/* From here on the process has the copy. */
void environment_use(const struct environment *copy);

#endif
