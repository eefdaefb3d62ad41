/* The program that a command stands for. Reads files, writes none, runs none. Facts: execvp(3) on
 * PATH; what a file is, src/elf.c knows. */
#include "program.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf.h"

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

static bool runs_here(enum elf_kind kind)
{
	return kind == ELF_REACHED || kind == ELF_STATIC || kind == ELF_PRIVILEGED;
}

/* What the file at program->path is, or true: a script, whose interpreter is there now. */
static bool look(struct program *program)
{
	static const enum program_verdict verdicts[] = {
		[ELF_REACHED] = PROGRAM_REACHED, [ELF_UNREADABLE] = PROGRAM_UNREADABLE,
		[ELF_UNKNOWN] = PROGRAM_UNKNOWN, [ELF_SCRIPT] = PROGRAM_UNKNOWN,
		[ELF_FOREIGN] = PROGRAM_FOREIGN, [ELF_STATIC] = PROGRAM_STATIC,
		[ELF_GO] = PROGRAM_GO,		 [ELF_PRIVILEGED] = PROGRAM_PRIVILEGED,
		[ELF_LINECAP] = PROGRAM_REACHED,
	};
	struct elf elf = elf_look(AT_FDCWD, program->path, program->path);

	program->verdict = verdicts[elf.kind];
	if (program->verdict == PROGRAM_UNREADABLE)
		program->error = elf.error;
	else if (runs_here(elf.kind) && elf_has_go_section(program->path))
		program->verdict = PROGRAM_GO;
	return elf.kind == ELF_SCRIPT;
}

struct program program_of(const char *command)
{
	struct program program = {.error = find(command, program.path)};

	for (int scripts = 0; !program.error && look(&program); scripts++)
		program.error = scripts == ELF_SCRIPTS_MOST ? ELOOP : run_error(program.path);
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

/* 0, or why it can't be read. What is there but can't be is more telling than what isn't there. */
static int find_beside(const char *name, char path[PATH_MAX])
{
	static const char *const places[] = {"/", "/../lib/"};
	char folder[PATH_MAX];
	int error = ENOENT;

	if (!realpath("/proc/self/exe", folder) &&
	    !realpath((const char *)getauxval(AT_EXECFN), folder)) /* without a /proc */
		return errno;
	*strrchr(folder, '/') = '\0';
	for (size_t i = 0; error == ENOENT && i < sizeof places / sizeof places[0]; i++) {
		if (strlcpy(path, folder, PATH_MAX) >= PATH_MAX ||
		    strlcat(path, places[i], PATH_MAX) >= PATH_MAX ||
		    strlcat(path, name, PATH_MAX) >= PATH_MAX)
			error = ENAMETOOLONG;
		else
			error = access(path, R_OK) ? errno : 0;
	}
	return error;
}

bool program_beside(const char *name, char path[PATH_MAX])
{
	return !find_beside(name, path);
}

static const char *unreadable(const char *path, int error)
{
	static char trouble[PATH_MAX + 64];

	if (error == ENOENT)
		return "there is no liblinecap.so beside linecap, nor in " LIBDIR;
	snprintf(trouble, sizeof trouble, "%s can't be read: %s", path, strerror(error));
	return trouble;
}

struct library library_find(void)
{
	struct library library = {.trouble = NULL};
	int error = find_beside("liblinecap.so", library.path);

	if (error == ENOENT) {
		strlcpy(library.path, LIBDIR "/liblinecap.so", PATH_MAX);
		error = access(library.path, R_OK) ? errno : 0;
	}
	if (error)
		library.trouble = unreadable(library.path, error);
	else if (strpbrk(library.path, " :"))
		library.trouble = "the path of liblinecap.so holds a space or a colon, which "
				  "LD_PRELOAD takes for a separator";
	return library;
}
