/* What names stand for in the objects behind this library, in the order in which the loader looks:
 * dlsym(3) with RTLD_NEXT, without the heap, and without libdl.so.2, which not every program before
 * glibc 2.34 has loaded. */
#ifndef LINECAP_SYMBOLS_H
#define LINECAP_SYMBOLS_H

#include <link.h>

enum { SYMBOLS_LIBCS = '!' };

/* dl_iterate_phdr(3). */
typedef int symbols_objects(int (*look)(struct dl_phdr_info *info, size_t size, void *data),
			    void *data);

/* names: `count` of them, each with its NUL, one behind the other; one that begins with
 * SYMBOLS_LIBCS (no part of the name) is looked for in libc only. found: NULL, or left as it is,
 * where nobody has the name.
 *
 * objects: libc's own dl_iterate_phdr, which takes the loader's lock (it is recursive), or NULL
 * where that is still to be found. Then the loader's own list is read, without a function that a
 * program may have defined, and without the lock: at a start nobody takes an object out. */
void symbols_find(const char *names, void **found, unsigned count, symbols_objects *objects);

#endif
