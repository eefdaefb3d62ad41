/* Segments. It may only look at what the loader tells. */
#include "segment.h"

#include <link.h>
#include <sys/auxv.h>

#include "next.h"

struct question {
	uintptr_t address;
	struct segment segment;
};

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
	struct question *question = data;
	struct segment segment = {0};
	uintptr_t page = segment_page();
	bool found = false;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + header->p_vaddr, end = start + header->p_memsz;

		if (header->p_type == PT_GNU_RELRO) {
			segment.sealed_from = start & ~(page - 1);
			segment.sealed_to = end & ~(page - 1);
		}
		if (header->p_type == PT_LOAD && question->address >= start &&
		    question->address < end) {
			found = true;
			segment.writable = header->p_flags & PF_W;
			segment.executable = header->p_flags & PF_X;
		}
	}
	if (!found)
		return 0;
	segment.object = info->dlpi_addr;
	question->segment = segment;
	return 1;
}

uintptr_t segment_page(void)
{
	return next.getauxval ? next.getauxval(AT_PAGESZ) : 4096;
}

struct segment segment_of(uintptr_t address)
{
	struct question question = {.address = address};

	if (next.dl_iterate_phdr)
		next.dl_iterate_phdr(look, &question);
	return question.segment;
}
