/* Which mapped ELF segment an address lies in, and how it is protected. Facts: dl_iterate_phdr(3),
 * elf(5); the loader seals the whole pages of PT_GNU_RELRO (glibc elf/dl-reloc.c, musl
 * ldso/dynlink.c). Not async-signal-safe: for the constructor. */
#ifndef LINECAP_SEGMENT_H
#define LINECAP_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

struct segment {
	uintptr_t object; /* the load address of its object; 0: none holds the address */
	bool writable, executable;
	uintptr_t sealed_from,
		sealed_to; /* the object's pages that are read-only since relocation */
};

struct segment segment_of(uintptr_t address);

/* Bytes of a page. */
uintptr_t segment_page(void);

#endif
