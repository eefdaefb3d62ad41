/* Program files. It makes raw system calls only, and trusts no number in a file.
 *
 * Facts: elf(5); execve(2); Linux fs/binfmt_script.c (256 bytes of the first line are looked at,
 * the path ends at a space, tab, newline or NUL), fs/exec.c (five interpreters in a row, no more),
 * bprm_fill_uid and security/commoncap.c (what makes an exec secure); Go's cmd/link (the note's
 * name, the section .go.buildinfo). */
#include "elf.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statfs.h>

#include "sys.h"

#if defined __x86_64__
#define MACHINE EM_X86_64
#elif defined __aarch64__
#define MACHINE EM_AARCH64
#endif

enum {
	WINDOW = 1280, /* the headers of nearly all programs, and their notes */
	NOTES_MOST = 4,
	NAME_SIZE = 8,	      /* bytes of a note's name that are compared */
	SUPPRESSES_SETUID = 2 /* ST_NOSUID of statvfs(3) */
};

/* The part of a file that was read last. */
struct window {
	int fd;
	uint64_t start;
	size_t length;
	_Alignas(ElfW(Ehdr)) char bytes[WINDOW];
};

static long read_at(int fd, void *to, size_t n, uint64_t offset)
{
	return sys_call(SYS_pread64, fd, (long)to, (long)n, (long)offset, 0, 0);
}

/* The n bytes from there on, or NULL: the file hasn't that many. */
static const char *bytes_at(struct window *window, uint64_t offset, size_t n)
{
	if (offset > INT64_MAX || n > WINDOW)
		return NULL;
	if (offset < window->start || offset - window->start > window->length ||
	    n > window->length - (offset - window->start)) {
		long length = read_at(window->fd, window->bytes, WINDOW, offset);

		window->start = offset;
		window->length = length < 0 ? 0 : (size_t)length;
	}
	return n > window->length - (offset - window->start)
		       ? NULL
		       : window->bytes + (offset - window->start);
}

/* The interpreter of a script that begins with these n bytes; false if it has none. */
static bool interpreter_of(const char *start, size_t n, char path[ELF_INTERPRETER])
{
	size_t from = 2;

	if (n > ELF_INTERPRETER)
		n = ELF_INTERPRETER;
	while (from < n && (start[from] == ' ' || start[from] == '\t'))
		from++;
	size_t end = from;

	while (end < n && start[end] && !strchr(" \t\n", start[end]))
		end++;
	if (end == from || end == ELF_INTERPRETER)
		return false;
	memcpy(path, start + from, end - from);
	path[end - from] = '\0';
	return true;
}

/* What matters of a program's segments. */
struct segments {
	bool complete; /* all headers were there to be read */
	bool has_loader;
	unsigned notes;
	struct {
		uint64_t start, size;
	} note[NOTES_MOST];
};

static struct segments segments_of(struct window *window, const ElfW(Ehdr) * header)
{
	struct segments segments = {.complete = true};
	unsigned count = header->e_phnum;
	uint64_t start = header->e_phoff;

	for (unsigned i = 0; i < count; i++) {
		const char *bytes =
			bytes_at(window, start + i * sizeof(ElfW(Phdr)), sizeof(ElfW(Phdr)));
		ElfW(Phdr) segment;

		if (!bytes) {
			segments.complete = false;
			break;
		}
		memcpy(&segment, bytes, sizeof segment);
		segments.has_loader = segments.has_loader || segment.p_type == PT_INTERP;
		if (segment.p_type == PT_NOTE && segments.notes < NOTES_MOST) {
			segments.note[segments.notes].start = segment.p_offset;
			segments.note[segments.notes++].size = segment.p_filesz;
		}
	}
	return segments;
}

/* Does one of the notes bear that name? Looked at is what the window holds of them. */
static bool has_note(struct window *window, const struct segments *segments, const char *name)
{
	size_t length = strlen(name) + 1, padded = (length + 3) / 4 * 4;

	for (unsigned i = 0; i < segments->notes; i++) {
		uint64_t at = segments->note[i].start, left = segments->note[i].size;

		if (left > WINDOW)
			left = WINDOW;
		while (left >= sizeof(ElfW(Nhdr)) + padded) {
			const char *bytes = bytes_at(window, at, sizeof(ElfW(Nhdr)) + padded);
			ElfW(Nhdr) note;

			if (!bytes)
				break;
			memcpy(&note, bytes, sizeof note);
			if ((note.n_namesz + UINT64_C(3)) / 4 * 4 == padded &&
			    !memcmp(bytes + sizeof note, name, length))
				return true;
			uint64_t size = sizeof note + (note.n_namesz + UINT64_C(3)) / 4 * 4 +
					(note.n_descsz + UINT64_C(3)) / 4 * 4;

			if (size > left)
				break;
			at += size;
			left -= size;
		}
	}
	return false;
}

static bool takes_rights(int fd)
{
	struct statfs filesystem = {.f_flags = 0};

	return !sys3(SYS_fstatfs, fd, &filesystem, 0) && !(filesystem.f_flags & SUPPRESSES_SETUID);
}

static bool changes_ids(int fd, const struct stat *st)
{
	mode_t setgid = S_ISGID | S_IXGRP; /* without the x it once meant mandatory locking */
	bool changes = (st->st_mode & S_ISUID && st->st_uid != (uid_t)sys3(SYS_getuid, 0, 0, 0)) ||
		       ((st->st_mode & setgid) == setgid &&
			st->st_gid != (gid_t)sys3(SYS_getgid, 0, 0, 0));

	return changes && takes_rights(fd) && sys3(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0) != 1;
}

static bool gives_capabilities(int fd)
{
	return sys_call(SYS_fgetxattr, fd, (long)"security.capability", 0, 0, 0, 0) > 0 &&
	       sys3(SYS_getuid, 0, 0, 0) && takes_rights(fd);
}

/* Does exec change whose rights the process has? */
static bool gains_rights(int fd)
{
	struct stat st = {.st_mode = 0};

	return !sys3(SYS_fstat, fd, &st, 0) && (changes_ids(fd, &st) || gives_capabilities(fd));
}

static bool is_foreign(const ElfW(Ehdr) * header)
{
	static const unsigned char own[] = {ELFMAG0, ELFMAG1,	 ELFMAG2,
					    ELFMAG3, ELFCLASS64, ELFDATA2LSB};

	return memcmp(header->e_ident, own, sizeof own) != 0 || header->e_machine != MACHINE;
}

static enum elf_kind kind_of(struct window *window)
{
	ElfW(Ehdr) header = {.e_phnum = 0};

	memcpy(&header, window->bytes,
	       window->length < sizeof header ? window->length : sizeof header);
	if (is_foreign(&header))
		return ELF_FOREIGN;
	struct segments segments = segments_of(window, &header);

	if (!segments.complete)
		return ELF_UNKNOWN;
	if (has_note(window, &segments, "linecap"))
		return ELF_LINECAP;
	if (has_note(window, &segments, "Go"))
		return ELF_GO;
	if (!segments.has_loader)
		return ELF_STATIC;
	return gains_rights(window->fd) ? ELF_PRIVILEGED : ELF_REACHED;
}

static int open_file(int folder, const char *path)
{
	return (int)sys_call(SYS_openat, folder, (long)path,
			     O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0, 0, 0);
}

struct elf elf_look(int folder, const char *path, char interpreter[ELF_INTERPRETER])
{
	struct window window = {.fd = open_file(folder, path)};
	struct elf elf = {.kind = ELF_UNKNOWN};
	long n = window.fd;

	if (window.fd >= 0)
		n = read_at(window.fd, window.bytes, WINDOW, 0);
	if (n < 0) {
		elf = (struct elf){ELF_UNREADABLE, (int)-n};
	} else {
		window.length = (size_t)n;
		if (n >= 2 && !memcmp(window.bytes, "#!", 2))
			elf.kind = interpreter_of(window.bytes, (size_t)n, interpreter)
					   ? ELF_SCRIPT
					   : ELF_UNKNOWN;
		else if (n >= SELFMAG && !memcmp(window.bytes, ELFMAG, SELFMAG))
			elf.kind = kind_of(&window);
	}
	if (window.fd >= 0)
		sys3(SYS_close, window.fd, 0, 0);
	return elf;
}

static bool read_whole(int fd, void *to, size_t n, uint64_t offset)
{
	return offset <= INT64_MAX && read_at(fd, to, n, offset) == (long)n;
}

static bool search_sections(int fd)
{
	static const char wanted[] = ".go.buildinfo";
	ElfW(Ehdr) header = {.e_shnum = 0};
	ElfW(Shdr) section = {.sh_name = 0}, names = {.sh_offset = 0};
	char name[sizeof wanted];

	if (!read_whole(fd, &header, sizeof header, 0) ||
	    !read_whole(fd, &names, sizeof names,
			header.e_shoff + (uint64_t)header.e_shstrndx * sizeof names))
		return false;
	for (unsigned i = 0; i < header.e_shnum; i++) {
		if (!read_whole(fd, &section, sizeof section, header.e_shoff + i * sizeof section))
			return false;
		if (read_whole(fd, name, sizeof name, names.sh_offset + section.sh_name) &&
		    !memcmp(name, wanted, sizeof wanted))
			return true;
	}
	return false;
}

bool elf_has_go_section(const char *path)
{
	int fd = open_file(AT_FDCWD, path);
	bool found = fd >= 0 && search_sections(fd);

	if (fd >= 0)
		sys3(SYS_close, fd, 0, 0);
	return found;
}
