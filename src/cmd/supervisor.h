/* The supervisor: stands between a program and the runtime's pipes, for programs that the library
 * can't get into. Each guarded stream goes through a pipe of its own and a filter; nothing else of
 * the program's world changes: stdin, terminal, session, process group, and streams that are not
 * guarded are what they were. Fit to be PID 1.
 *
 * - Every signal that can be caught is forwarded to the program, and to it alone (as tini does
 *   without -g). Not so those that the terminal sent to the whole process group: the program has
 *   them already. SIGKILL can't be caught: the program gets it when the supervisor dies of one.
 * - A program stopped by job control stops the supervisor, so that the shell sees its job stopped;
 *   SIGCONT wakes both.
 * - All children that end are reaped. The supervisor is no subreaper: who adopts orphans without it
 *   does so with it.
 * - Its exit status is the program's. If the program died of a signal, it dies of the same, without
 *   a second core dump; where that is impossible (PID 1), it exits with 128 + signal.
 * - The program's end is the end: what it wrote is passed on first. Processes that it leaves behind
 *   with a guarded stream: if the supervisor is PID 1 the kernel kills them now; else a copy of the
 *   supervisor stays and passes on what they write until they end, while the caller goes on, just
 * as without it.
 * - A reader that goes is gone for the program as well (EPIPE, SIGPIPE), a slow one slows it, on
 * its stream only. Held in memory: 64 KiB a stream.
 * - A signal that ends programs (SIGTERM, SIGINT, SIGHUP, SIGQUIT), if it comes when the program
 * has ended and its last bytes wait for a slow reader, ends the wait, and the bytes are lost. */
#ifndef LINECAP_SUPERVISOR_H
#define LINECAP_SUPERVISOR_H

#include "limiter.h"
#include "target.h"

/* Returns in the process that shall become the program: 0, with the target's streams redirected, or
 * as they were if none of fd 1 and 2 is in the target; or -1 and errno: no pipe, thread or process
 * was to be had, and the streams are as they were. Either way the caller has to exec: threads and
 * fds of the attempt end with that. The supervisor itself never returns. */
int supervise(const struct limits *limits, const struct target *target);

#endif
