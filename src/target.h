/* The target: which pipes are the runtime's (DESIGN §3).
 *
 * A pipe is known by its identity (st_dev, st_ino), never by an fd number: nginx logs through
 * /dev/stdout, a job through /proc/1/fd/1. Nothing here writes, allocates or prints. */
#ifndef LINECAP_TARGET_H
#define LINECAP_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

enum target_kind { TARGET_AUTO, TARGET_STDIO, TARGET_NONE, TARGET_LIST };

enum {
	TARGET_PIPES = 8,
	TARGET_TEXT =
		TARGET_PIPES * 42 + 1, /* bytes for target_format: two 64-bit numbers a pipe */
};

struct pipe_id {
	dev_t dev;
	ino_t ino;
};

struct target {
	enum target_kind kind;
	unsigned count; /* of pipes; only TARGET_LIST has any */
	struct pipe_id pipes[TARGET_PIPES];
};

/* Reads `auto`, `stdio`, `none` or `DEV:INO,…` (decimal, at most TARGET_PIPES). False: it is none
 * of these, and target is as it was. */
bool target_parse(struct target *target, const char *text);

/* The same word or list back, NUL-terminated. */
void target_format(const struct target *target, char text[TARGET_TEXT]);

/* Is the file of this stat(2) one of the target's pipes? A FIFO, or a stream socket where it was
 * named. */
bool target_holds(const struct target *target, const struct stat *st);

enum target_reason {
	TARGET_GIVEN,	  /* a list or none, as the setting says */
	TARGET_OWN_STDIO, /* the setting says stdio: own fd 1 and 2 */
	TARGET_OF_FIRST,  /* rule 1: stdout or stderr of the container's first process is a FIFO */
	TARGET_EXEC,	  /* rule 2: an exec session; none */
	TARGET_OWN_DEFAULT, /* rule 3: own fd 1 and 2, where they are FIFOs */
};

/* Makes TARGET_LIST or TARGET_NONE of auto and stdio, and says by which rule. Opens and reads
 * files of /proc; leaves errno as it likes. */
enum target_reason target_resolve(struct target *target);

#endif
