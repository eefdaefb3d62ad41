/* What a program file is, by its first bytes and its rights: whether a preloaded library gets into
 * it and sees what it writes.
 *
 * No stdio, no heap, no libc but for memcmp(3) and its like: this runs between vfork(2) and exec in
 * other people's processes (contract 5). It needs 1.5 KiB of stack, leaves errno alone, and changes
 * nothing. What can be known is how a program starts, not what it does. */
#ifndef LINECAP_ELF_H
#define LINECAP_ELF_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

enum elf_kind {
	ELF_REACHED,	/* dynamically linked, by the machine's own loader */
	ELF_UNREADABLE, /* can't be looked at: error says why */
	ELF_UNKNOWN,	/* neither an ELF file nor a script */
	ELF_SCRIPT,	/* its interpreter is what counts */
	ELF_FOREIGN,	/* of another class, byte order or machine than this one */
	ELF_STATIC,	/* it asks for no loader, so there is nobody who would preload */
	ELF_GO,		/* Go, even if dynamically linked: its system calls are its own */
	ELF_PRIVILEGED, /* gains rights by exec, so its loader ignores LD_PRELOAD (ld.so(8)) */
	ELF_LINECAP,	/* a linecap(1), however it is linked */
};

enum {
	ELF_SCRIPTS_MOST = 5, /* so many interpreters in a row, no more */
	ELF_INTERPRETER =
		256 /* bytes of a script's first line, and of what it names with its NUL */
};

struct elf {
	enum elf_kind kind;
	int error; /* errno, where unreadable */
};

/* The file that openat(2) finds there; of a script, the interpreter too. path may lie in
 * `interpreter`.
 *
 * Five system calls at most for a program: open, read, fstat, fgetxattr, close. Three for a script,
 * whose interpreter is the next to be looked at. One more is made where the program headers are not
 * within the first bytes, one where a note isn't, and up to three where it has a right to give. */
struct elf elf_look(int folder, const char *path, char interpreter[ELF_INTERPRETER]);

/* Has it a section that only Go makes? Where elf_look found no note of Go's (-ldflags=-buildid=),
 * this still tells; it costs two system calls for each of its sections. */
bool elf_has_go_section(const char *path);

#endif
