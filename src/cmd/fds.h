/* A process's fds, all at once. */
#ifndef LINECAP_FDS_H
#define LINECAP_FDS_H

#include <stddef.h>

/* Closes all but these `count`, which it sorts. Those below 0 are none. */
void fds_keep(int *kept, size_t count);

#endif
