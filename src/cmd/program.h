/* The program: what execvp(3) would run for a command, and whether a preloaded library gets in
 * there and sees what it writes; also where that library is.
 *
 * Nothing here prints, or runs anything. What can be known is how a program starts, not what it
 * does: a script of /bin/sh is reached, the static program that it runs is not. */
#ifndef LINECAP_PROGRAM_H
#define LINECAP_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

enum program_verdict {
	PROGRAM_REACHED,    /* dynamically linked, by the machine's own loader */
	PROGRAM_ABSENT,	    /* nothing to run: error says why, as execvp(3) would */
	PROGRAM_UNREADABLE, /* may be run, but not be looked at: error says why */
	PROGRAM_UNKNOWN,    /* neither an ELF file nor a script (sh, or binfmt_misc, may know) */
	PROGRAM_FOREIGN,    /* an ELF file of another class, byte order or machine than linecap */
	PROGRAM_STATIC,	    /* no interpreter in the ELF file, so nobody who would preload */
	PROGRAM_GO,	    /* Go, even if dynamically linked: its system calls are its own */
	PROGRAM_PRIVILEGED, /* gains rights by exec (setuid, setgid, capabilities): the loader
			       takes no LD_PRELOAD then (ld.so(8), secure-execution mode) */
};

struct program {
	enum program_verdict verdict;
	int error;	     /* errno, or 0 */
	char path[PATH_MAX]; /* the file that the verdict is about: found in PATH, `#!` followed */
};

struct program program_of(const char *command);

/* The verdict as the end of a sentence about path: "is statically linked, …". Where there is an
 * error, strerror(3) of it belongs behind. */
const char *program_reason(const struct program *program);

/* The path of a file that belongs to this program, if it can be read: in its folder, as built; or
 * in the lib of its bin, as installed, also under a PREFIX that it wasn't built for. */
bool program_beside(const char *name, char path[PATH_MAX]);

/* liblinecap.so, beside this program or in LIBDIR. */
struct library {
	const char *trouble; /* why it can't be preloaded, a whole clause; NULL: it can */
	char path[PATH_MAX]; /* valid where trouble is NULL */
};

struct library library_find(void);

#endif
