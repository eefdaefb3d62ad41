/* Symbols. It may only read what the loader has mapped. Facts: dl_iterate_phdr(3), elf(5); the
 * System V gABI, "Hash Table", and the GNU one as binutils' bfd/elflink.c writes it; versions: the
 * LSB, "Symbol Versioning", and glibc elf/dl-lookup.c, which for dlsym(3) takes the default
 * version. glibc and musl list the objects in the order in which they look names up, with those of
 * LD_PRELOAD behind the program. The list that they keep for debuggers: link.h, "r_debug", which
 * musl fills in just so (ldso/dynlink.c). */
#include "symbols.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	NAMES_MOST = 80,
	VERSION_LOCAL = 0,
	VERSION_HIDDEN = 0x8000, /* not the default one of its name */
};

/* What an object defines. */
struct table {
	uintptr_t base;
	const Elf64_Sym *symbols;
	const char *strings;
	const uint16_t *versions; /* NULL: it has none */
	const uint32_t *gnu_hash, *hash;
};

struct name {
	const char *text;
	uint32_t hash;
	bool libcs;
};

struct question {
	struct name names[NAMES_MOST];
	void **found;
	unsigned count, left;
	struct name libc_mark;
	bool behind; /* this library has been passed */
};

/* A symbol that is defined, and of the kind that dlsym(3) finds. What is chosen at run time (IFUNC)
 * is none: no libc has one under these names. */
static bool is_definition(const struct table *table, uint32_t index, const char *name)
{
	const Elf64_Sym *symbol = &table->symbols[index];
	unsigned type = ELF64_ST_TYPE(symbol->st_info), bind = ELF64_ST_BIND(symbol->st_info);
	unsigned version = table->versions ? table->versions[index] : VERSION_LOCAL + 1;

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value && bind != STB_LOCAL &&
	       (type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE) &&
	       version != VERSION_LOCAL && !(version & VERSION_HIDDEN) &&
	       !strcmp(table->strings + symbol->st_name, name);
}

static void *by_gnu_hash(const struct table *table, const struct name *name)
{
	enum { WORD = sizeof(Elf64_Addr) * 8 };
	const uint32_t *header = table->gnu_hash;
	uint32_t buckets = header[0], first = header[1], words = header[2], shift = header[3];
	const Elf64_Addr *bloom = (const Elf64_Addr *)(header + 4);
	const uint32_t *bucket = (const uint32_t *)(bloom + words), *chain = bucket + buckets;
	Elf64_Addr word = bloom[name->hash / WORD % words];

	if (!buckets || !(word >> name->hash % WORD & word >> (name->hash >> shift) % WORD & 1))
		return NULL;
	for (uint32_t i = bucket[name->hash % buckets]; i >= first && i; i++) {
		uint32_t link = chain[i - first];

		if ((link | 1) == (name->hash | 1) && is_definition(table, i, name->text))
			return (void *)(table->base + table->symbols[i].st_value);
		if (link & 1)
			break;
	}
	return NULL;
}

static uint32_t hash_of(const char *text)
{
	uint32_t hash = 0;

	for (; *text; text++) {
		hash = (hash << 4) + (unsigned char)*text;
		hash ^= hash >> 24 & 0xf0;
	}
	return hash & 0x0fffffff;
}

static void *by_hash(const struct table *table, const struct name *name)
{
	uint32_t buckets = table->hash[0];
	const uint32_t *bucket = table->hash + 2, *chain = bucket + buckets;

	if (!buckets)
		return NULL;
	for (uint32_t i = bucket[hash_of(name->text) % buckets]; i; i = chain[i])
		if (is_definition(table, i, name->text))
			return (void *)(table->base + table->symbols[i].st_value);
	return NULL;
}

static void *definition(const struct table *table, const struct name *name)
{
	return table->gnu_hash ? by_gnu_hash(table, name) : by_hash(table, name);
}

/* glibc has relocated the pointers of the dynamic section in place, musl has not. */
static const void *loaded(uintptr_t base, Elf64_Addr pointer)
{
	return (const void *)(pointer < base ? base + pointer : pointer);
}

static struct table table_of(uintptr_t base, const Elf64_Dyn *dynamic)
{
	struct table table = {.base = base};

	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		const void *pointer = loaded(base, dynamic->d_un.d_ptr);

		if (dynamic->d_tag == DT_SYMTAB)
			table.symbols = pointer;
		else if (dynamic->d_tag == DT_STRTAB)
			table.strings = pointer;
		else if (dynamic->d_tag == DT_VERSYM)
			table.versions = pointer;
		else if (dynamic->d_tag == DT_GNU_HASH)
			table.gnu_hash = pointer;
		else if (dynamic->d_tag == DT_HASH)
			table.hash = pointer;
	}
	return table;
}

extern Elf64_Dyn _DYNAMIC[] __attribute__((visibility("hidden"))); /* this library's */

/* Goes through one object. True: nothing is left to be found. */
static bool ask(struct question *question, uintptr_t base, const Elf64_Dyn *dynamic)
{
	if (dynamic == _DYNAMIC)
		question->behind = true;
	if (!dynamic || dynamic == _DYNAMIC)
		return false;
	struct table table = table_of(base, dynamic);

	if (!table.symbols || !table.strings || (!table.gnu_hash && !table.hash))
		return false;
	bool is_libc = definition(&table, &question->libc_mark);

	for (unsigned i = 0; i < question->count; i++) {
		const struct name *name = &question->names[i];

		/* libc may be ahead of a library that was not preloaded but linked. */
		if (question->found[i] || !(is_libc || (question->behind && !name->libcs)))
			continue;
		question->found[i] = definition(&table, name);
		question->left -= question->found[i] != NULL;
	}
	return !question->left;
}

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
	const Elf64_Dyn *dynamic = NULL;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			dynamic = (const Elf64_Dyn *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	return ask(data, info->dlpi_addr, dynamic);
}

/* The list of objects is data, glibc's in the first of these and musl's behind the second. */
extern struct r_debug _r_debug __attribute__((weak));
extern const struct r_debug *_dl_debug_addr __attribute__((weak));

/* NULL: it is a variable of the program's, of the same name but not of the loader's making. */
static const struct link_map *list_of(const struct r_debug *debug)
{
	enum { VERSIONS_MOST = 255, LEAST_PAGE = 4096 };
	bool sound = !((uintptr_t)debug % _Alignof(struct r_debug)) && debug->r_version > 0 &&
		     debug->r_version <= VERSIONS_MOST && (unsigned)debug->r_state <= RT_DELETE &&
		     debug->r_brk && debug->r_ldbase && !(debug->r_ldbase % LEAST_PAGE) &&
		     !((uintptr_t)debug->r_map % _Alignof(struct link_map));

	return sound ? debug->r_map : NULL;
}

/* NULL: there is none, or it is another namespace's than this library's (dlmopen(3)). */
static const struct link_map *list(void)
{
	const struct link_map *first = &_r_debug ? list_of(&_r_debug) : NULL;

	if (!first && &_dl_debug_addr && _dl_debug_addr)
		first = list_of(_dl_debug_addr);
	for (const struct link_map *map = first; map; map = map->l_next)
		if (map->l_ld == _DYNAMIC)
			return first;
	return NULL;
}

/* Answers what stands behind it. */
static const char *take_name(struct name *name, const char *text)
{
	name->libcs = *text == SYMBOLS_LIBCS;
	text += name->libcs;
	name->text = text;
	name->hash = 5381;
	for (; *text; text++)
		name->hash = name->hash * 33 + (unsigned char)*text;
	return text + 1;
}

void symbols_find(const char *names, void **found, unsigned count, symbols_objects *objects)
{
	const struct link_map *map = objects ? NULL : list();
	struct question question;

	question.found = found;
	question.count = question.left = count;
	take_name(&question.libc_mark, "__libc_start_main");
	question.behind = false;
	for (unsigned i = 0; i < count; i++)
		names = take_name(&question.names[i], names);
	if (objects)
		objects(look, &question);
	else if (!map) /* another loader's, or namespace's: whoever has the name */
		dl_iterate_phdr(look, &question);
	for (; map && !ask(&question, map->l_addr, map->l_ld); map = map->l_next)
		;
}
