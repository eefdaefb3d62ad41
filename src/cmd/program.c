/* The program that a command stands for. Reads files, writes none, runs none.
 *
 * Facts: execve(2) and execvp(3) on PATH and `#!`; Linux fs/binfmt_script.c (256 bytes of the first
 * line are looked at, the path ends at a space, tab, newline or NUL), fs/exec.c (five interpreters
 * in a row, no more), bprm_fill_uid and security/commoncap.c (what makes an exec secure); elf(5);
 * Go's cmd/link (the note's name, the section .go.buildinfo). */
#include "program.h"

#include <bsd/string.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
	SCRIPTS_MOST = 5,
	FIRST_LINE = 256,
	NOTES_MOST = 4096, /* bytes of a note segment that are looked at */
};

/* This program's own ELF header, by the linker. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* 0, or why path can't be run. */
static int run_error(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) ? errno : 0;
}

static bool search_goes_on(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ENAMETOOLONG;
}

/* As execvp(3): a file that may not be run is remembered, and the search goes on. */
static int search_path(const char *command, char path[PATH_MAX])
{
	const char *directory = getenv("PATH"), *end;
	int error = ENOENT;

	if (!directory)
		directory = "/bin:/usr/bin";
	for (;; directory = end + 1) {
		end = strchrnul(directory, ':');
		int length = snprintf(path, PATH_MAX, "%.*s%s%s", (int)(end - directory), directory,
				      end > directory ? "/" : "", command);
		int here = length < PATH_MAX ? run_error(path) : ENAMETOOLONG;

		if (!here || !search_goes_on(here))
			return here;
		if (here == EACCES)
			error = EACCES;
		if (!*end)
			break;
	}
	strlcpy(path, command, PATH_MAX);
	return error;
}

static int find(const char *command, char path[PATH_MAX])
{
	if (*command && !strchr(command, '/'))
		return search_path(command, path);
	if (strlcpy(path, command, PATH_MAX) >= PATH_MAX)
		return ENAMETOOLONG;
	return run_error(path);
}

/* The interpreter of a script that begins with these n bytes; false if it has none. */
static bool interpreter_of(const char *start, size_t n, char path[PATH_MAX])
{
	size_t from = 2;

	while (from < n && (start[from] == ' ' || start[from] == '\t'))
		from++;
	size_t end = from;

	while (end < n && start[end] && !strchr(" \t\n", start[end]))
		end++;
	if (end == from || end == FIRST_LINE)
		return false;
	memcpy(path, start + from, end - from);
	path[end - from] = '\0';
	return true;
}

static bool read_at(int fd, void *to, size_t n, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, to, n, (off_t)offset) == (ssize_t)n;
}

/* Does exec change whose rights the process has? */
static bool gains_rights(int fd)
{
	struct statvfs filesystem;
	struct stat st;

	if (fstat(fd, &st) || fstatvfs(fd, &filesystem) || filesystem.f_flag & ST_NOSUID)
		return false;
	bool keeps_ids = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	uid_t uid = st.st_mode & S_ISUID && !keeps_ids ? st.st_uid : geteuid();
	mode_t setgid = S_ISGID | S_IXGRP; /* without the x it once meant mandatory locking */
	gid_t gid = (st.st_mode & setgid) == setgid && !keeps_ids ? st.st_gid : getegid();

	if (uid != getuid() || gid != getgid())
		return true;
	return getuid() && fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

static bool has_go_note(int fd, const ElfW(Phdr) * segment)
{
	_Alignas(ElfW(Nhdr)) char notes[NOTES_MOST];
	size_t size = segment->p_filesz < sizeof notes ? segment->p_filesz : sizeof notes;
	size_t at = 0;

	if (!read_at(fd, notes, size, segment->p_offset))
		return false;
	while (size - at >= sizeof(ElfW(Nhdr)) + 4) {
		ElfW(Nhdr) note;

		memcpy(&note, notes + at, sizeof note);
		at += sizeof note;
		if (note.n_namesz == 4 && !memcmp(notes + at, "Go\0", 4))
			return true;
		uint64_t rest = (note.n_namesz + UINT64_C(3)) / 4 * 4 +
				(note.n_descsz + UINT64_C(3)) / 4 * 4;

		if (rest > size - at)
			break;
		at += rest;
	}
	return false;
}

static bool has_go_section(int fd, const ElfW(Ehdr) * header)
{
	static const char wanted[] = ".go.buildinfo";
	ElfW(Shdr) section, names;
	char name[sizeof wanted];

	if (!read_at(fd, &names, sizeof names,
		     header->e_shoff + (uint64_t)header->e_shstrndx * sizeof names))
		return false;
	for (unsigned i = 0; i < header->e_shnum; i++) {
		if (!read_at(fd, &section, sizeof section, header->e_shoff + i * sizeof section))
			return false;
		if (read_at(fd, name, sizeof name, names.sh_offset + section.sh_name) &&
		    !memcmp(name, wanted, sizeof wanted))
			return true;
	}
	return false;
}

static enum program_verdict judge_elf(int fd, const ElfW(Ehdr) * header)
{
	bool has_loader = false, go = false;

	if (memcmp(header->e_ident, __ehdr_start.e_ident, EI_DATA + 1) != 0 ||
	    header->e_machine != __ehdr_start.e_machine)
		return PROGRAM_FOREIGN;
	for (unsigned i = 0; i < header->e_phnum; i++) {
		ElfW(Phdr) segment;

		if (!read_at(fd, &segment, sizeof segment, header->e_phoff + i * sizeof segment))
			return PROGRAM_UNKNOWN;
		has_loader = has_loader || segment.p_type == PT_INTERP;
		go = go || (segment.p_type == PT_NOTE && has_go_note(fd, &segment));
	}
	if (go || has_go_section(fd, header))
		return PROGRAM_GO;
	if (!has_loader)
		return PROGRAM_STATIC;
	return gains_rights(fd) ? PROGRAM_PRIVILEGED : PROGRAM_REACHED;
}

/* What the file at program->path is, or true: a script, whose interpreter is there now. */
static bool look(struct program *program)
{
	union {
		char bytes[FIRST_LINE];
		ElfW(Ehdr) header;
	} start = {{0}};
	int fd = open(program->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, &start, sizeof start);
	bool script = false;

	program->verdict = PROGRAM_UNKNOWN;
	if (n < 0) {
		program->verdict = PROGRAM_UNREADABLE;
		program->error = errno;
	} else if (!memcmp(start.bytes, "#!", 2)) {
		script = interpreter_of(start.bytes, (size_t)n, program->path);
	} else if (!memcmp(start.bytes, ELFMAG, SELFMAG)) {
		program->verdict = judge_elf(fd, &start.header);
	}
	if (fd >= 0)
		close(fd);
	return script;
}

struct program program_of(const char *command)
{
	struct program program = {.error = find(command, program.path)};

	for (int scripts = 0; !program.error && look(&program); scripts++)
		program.error = scripts == SCRIPTS_MOST ? ELOOP : run_error(program.path);
	if (program.error && program.verdict != PROGRAM_UNREADABLE)
		program.verdict = PROGRAM_ABSENT;
	return program;
}

const char *program_reason(const struct program *program)
{
	static const char *const reasons[] = {
		[PROGRAM_REACHED] = "is dynamically linked, so the library is loaded into it",
		[PROGRAM_ABSENT] = "can't be run",
		[PROGRAM_UNREADABLE] = "can't be read, so nobody knows what it is",
		[PROGRAM_UNKNOWN] = "is neither an ELF file nor a script",
		[PROGRAM_FOREIGN] = "is made for another machine than linecap",
		[PROGRAM_STATIC] = "is statically linked, so no library can be loaded into it",
		[PROGRAM_GO] = "is a Go program, which makes its system calls without libc",
		[PROGRAM_PRIVILEGED] =
			"gains rights when it is run, so its loader ignores LD_PRELOAD",
	};

	return reasons[program->verdict];
}

/* Seen from this program: in its folder, as built; or in the lib of its bin, as installed, also
 * under a PREFIX that it wasn't built for. */
static bool beside_this_program(char path[PATH_MAX])
{
	static const char *const places[] = {"/liblinecap.so", "/../lib/liblinecap.so"};
	char folder[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - 1);

	if (n < 0)
		return false;
	folder[n] = '\0';
	*strrchr(folder, '/') = '\0';
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (strlcpy(path, folder, PATH_MAX) < PATH_MAX &&
		    strlcat(path, places[i], PATH_MAX) < PATH_MAX && !access(path, R_OK))
			return true;
	return false;
}

struct library library_find(void)
{
	struct library library = {.trouble = NULL};

	if (!beside_this_program(library.path)) {
		strlcpy(library.path, LIBDIR "/liblinecap.so", PATH_MAX);
		if (access(library.path, R_OK))
			library.trouble =
				"there is no liblinecap.so beside linecap, nor in " LIBDIR;
	}
	if (!library.trouble && strpbrk(library.path, " :"))
		library.trouble = "the path of liblinecap.so holds a space or a colon, which "
				  "LD_PRELOAD takes for a separator";
	return library;
}
