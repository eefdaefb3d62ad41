/* A place for a test's files: below TMPDIR, so that what a killed test leaves goes with the run
 * (tests/guest). */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A template for mkstemp(3) or mkdtemp(3); the next call writes over it. */
static inline char *scratch_template(void)
{
	static char template[PATH_MAX];
	const char *folder = getenv("TMPDIR");

	snprintf(template, sizeof template, "%s/linecap-XXXXXX", folder ? folder : "/tmp");
	return template;
}

#endif
