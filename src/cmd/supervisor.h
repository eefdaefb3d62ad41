/* The supervisor: stands between a program and the runtime's pipes, for programs that the library
 * can't get into. Each guarded stream goes through a pipe of its own and a filter; nothing else of
 * the program's world changes: stdin, terminal, session, process group, and streams that are not
 * guarded are what they were. Fit to be PID 1.
 *
 * - Every signal that can be caught is forwarded to the program, and to it alone (as tini does
 *   without -g). Not so what was sent to the process group that it shares with us, since it has had
 *   that: by the terminal, a shell, or itself; a companion in the group tells (companion.h). A
 *   program of PID 1 leads a session of its own (as dumb-init does), unless there is a terminal to
 *   be lost.
 * - SIGKILL can't be caught: the program gets it when the supervisor dies of one, by PDEATHSIG, and
 *   by the companion. Not a program that has become another user's meanwhile, unless we are root;
 *   nor one that has gained rights on Linux before 5.3, or where the companion was killed as well.
 *   It finds its streams' readers gone. SIGSTOP for the supervisor alone stops nobody else.
 * - An alarm (setitimer(2)) that was set before becomes the program's, as by exec.
 * - Where a shell does job control with it, a stopped program stops the supervisor, so that the
 *   shell sees its job stopped; SIGCONT wakes both. Else it stays at work.
 * - All children that end are reaped. The supervisor is no subreaper: who adopts orphans without it
 *   does so with it.
 * - Its exit status is the program's. If the program died of a signal, it dies of the same, without
 *   a second core dump; where that is impossible (PID 1), it exits with 128 + signal.
 * - The program's end is the end: what it wrote is passed on first. Processes that it leaves behind
 *   with a guarded stream: if the supervisor is PID 1 the kernel kills them now; else a copy of the
 *   supervisor stays and passes on what they write until they end, while the caller goes on, just
 *   as without it. Told to end (SIGTERM, SIGINT, SIGHUP, SIGQUIT), it passes on what is there.
 * - Who opens its stdout by way of /proc (as jobs do with /proc/1/fd/1) gets the pipe that leads to
 *   the filter. It holds no other fd of the program's.
 * - Lines of up to PIPE_BUF bytes, newline included, reach the runtime's pipe whole, however many
 *   write to it, and aren't broken for what others write (contract 2).
 * - Broken lines are counted in the pipe's ledger and for LINECAP_STATS in the program's name.
 * - A reader that goes is gone for the program as well (EPIPE, SIGPIPE), a slow one slows it, on
 *   its stream only. Held in memory: 64 KiB a stream.
 * - A signal that ends programs (SIGTERM, SIGINT, SIGHUP, SIGQUIT), if it comes when the program
 *   has ended and its last bytes wait for a slow reader, ends the wait, and the bytes are lost. */
#ifndef LINECAP_SUPERVISOR_H
#define LINECAP_SUPERVISOR_H

#include "settings.h"

/* settings: resolved, and not off; command: the program's first word, where argv holds it.
 *
 * Returns in the process that shall become the program: 0, with the target's streams redirected, or
 * as they were if none of fd 1 and 2 is in the target; or -1 and errno: no pipe, thread or process
 * was to be had, and the streams are as they were. Either way the caller has to exec: threads and
 * fds of the attempt end with that. The supervisor itself never returns. */
int supervise(const struct settings *settings, char *command);

#endif
