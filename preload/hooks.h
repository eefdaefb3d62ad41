/* What all hooks share. A hook is a line of policy: it may ask fdmap what an fd is, hand a write to
 * the passage, and call the next definition; nothing else. Names and parameters are those of the
 * man pages. */
#ifndef LINECAP_HOOKS_H
#define LINECAP_HOOKS_H

#include "next.h"
#include "passage.h"

/* The library's exported names: tests/cli/elf.bats has the list. */
#define EXPORT __attribute__((visibility("default")))

#endif
